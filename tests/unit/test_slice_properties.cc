// The limits of a slice in messages of sd-bus: filled, sealed and read as systemd would.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "limits/slice_properties.hh"
#include "systemd/system_bus.hh"

namespace {

using namespace vps;

constexpr const LimitSetting& kMemoryMax = setting_of("MemoryMax");
constexpr const LimitSetting& kCpuQuota = setting_of("CPUQuota");
constexpr const LimitSetting& kCpus = setting_of("AllowedCPUs");
constexpr const LimitSetting& kReads = setting_of("IOReadBandwidthMax");

using Bitmap = std::vector<std::uint8_t>;

template <typename Function>
Function* libsystemds(const char* name) {
    return reinterpret_cast<Function*>(find_in_libsystemd(name));
}

// The tests make messages on a bus that nobody is on: sd-bus makes none without a bus.
class SliceMessageTest : public testing::Test {
  protected:
    void SetUp() override {
        sd_bus* bus = nullptr;
        ASSERT_GE(vps::sd_bus_new(&bus), 0);
        bus_.reset(bus);
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        other_end_ = Fd(ends[1]);
        ASSERT_GE(libsystemds<decltype(::sd_bus_set_fd)>("sd_bus_set_fd")(bus, ends[0], ends[0]),
                  0);
        ASSERT_GE(vps::sd_bus_start(bus), 0);
        message_ = new_call(bus_, "SetUnitProperties");
    }
    // The message, sealed and to be read from its start.
    sd_bus_message* sealed() {
        sd_bus_message* m = message_.get();
        EXPECT_GE(libsystemds<decltype(::sd_bus_message_seal)>("sd_bus_message_seal")(m, 1, 0), 0);
        return m;
    }
    sd_bus_message* m() { return message_.get(); }

    // A property that the slice has, in an open "a{sv}".
    template <typename... Values>
    void add(const char* name, const char* type, Values... values) {
        ASSERT_GE(vps::sd_bus_message_open_container(m(), 'e', "sv"), 0);
        ASSERT_GE(vps::sd_bus_message_append(m(), "s", name), 0);
        ASSERT_GE(vps::sd_bus_message_open_container(m(), 'v', type), 0);
        ASSERT_GE(vps::sd_bus_message_append(m(), type, values...), 0);
        ASSERT_GE(vps::sd_bus_message_close_container(m()), 0);
        ASSERT_GE(vps::sd_bus_message_close_container(m()), 0);
    }

    Bus bus_;
    Fd other_end_;
    Message message_;
};

// The limits that a change sets, read back.
std::vector<std::pair<std::string, LimitValue>> read_changes(sd_bus_message* m) {
    std::vector<std::pair<std::string, LimitValue>> changes;
    EXPECT_GT(vps::sd_bus_message_enter_container(m, 'a', "(sv)"), 0);
    while (vps::sd_bus_message_enter_container(m, 'r', "sv") > 0) {
        const char* name = nullptr;
        EXPECT_GT(vps::sd_bus_message_read(m, "s", &name), 0);
        for (const LimitSetting& setting : kLimitSettings)
            if (name == std::string_view(setting.property)) {
                EXPECT_GT(vps::sd_bus_message_enter_container(m, 'v', type_of(setting.kind)), 0);
                changes.emplace_back(name, read_limit(m, setting));
                EXPECT_GE(vps::sd_bus_message_exit_container(m), 0);
            }
        EXPECT_GE(vps::sd_bus_message_exit_container(m), 0);
    }
    return changes;
}

TEST_F(SliceMessageTest, ChangesAreReadAsTheyWereWritten) {
    const LimitValue cpus = bitmap_of("0,2-3,8"), disk = ByPath{{"/vz/private/101", 1 << 20}};
    append_changes(m(), {{&kMemoryMax, std::uint64_t{1} << 40},
                         {&kCpus, cpus},
                         {&kReads, disk},
                         {&kReads, none_of(kReads)}});
    const std::vector<std::pair<std::string, LimitValue>> expected{
        {"MemoryMax", std::uint64_t{1} << 40}, {"AllowedCPUs", cpus},
        {"IOReadBandwidthMax", ByPath()},  // a list adds to what there is
        {"IOReadBandwidthMax", disk},          {"IOReadBandwidthMax", ByPath()},
    };
    EXPECT_EQ(read_changes(sealed()), expected);
}

TEST_F(SliceMessageTest, SliceIsReadFromAllItsProperties) {
    ASSERT_GE(vps::sd_bus_message_open_container(m(), 'a', "{sv}"), 0);
    add("Id", "s", "vps-101.slice");
    add("FragmentPath", "s", "/run/systemd/generator/vps-101.slice");
    add("DropInPaths", "as", 2, "/run/a.conf", "/etc/b.conf");
    add("MemoryMax", "t", std::uint64_t{4096});
    add("AllowedCPUs", "ay", 3, 5, 0, 0);
    add("IOReadBandwidthMax", "a(st)", 1, "/vz", std::uint64_t{7});
    add("Conditions", "a(sbbsi)", 0);
    ASSERT_GE(vps::sd_bus_message_close_container(m()), 0);

    const LoadedSlice slice = read_loaded_slice(sealed());
    EXPECT_EQ(slice.fragment, "/run/systemd/generator/vps-101.slice");
    EXPECT_EQ(slice.drop_ins, (std::vector<std::string>{"/run/a.conf", "/etc/b.conf"}));
    EXPECT_EQ(slice.limits, (std::map<const LimitSetting*, LimitValue>{
                                {&kMemoryMax, std::uint64_t{4096}},
                                {&kCpus, Bitmap{5}},  // without the zeros at its end
                                {&kReads, ByPath{{"/vz", 7}}}}));
}

TEST(SliceProperties, ValuesAreSystemds) {
    EXPECT_EQ(value_of({&kMemoryMax, 4096, {}}), LimitValue(std::uint64_t{4096}));
    EXPECT_EQ(value_of({&kCpuQuota, 150, {}}), LimitValue(std::uint64_t{1'500'000}));
    EXPECT_EQ(value_of({&kCpus, 0, "0,2-3,8"}), LimitValue(Bitmap{0x0d, 0x01}));
    EXPECT_EQ(value_of({&kReads, 7, "/vz"}), LimitValue(ByPath{{"/vz", 7}}));
    EXPECT_EQ(none_of(kMemoryMax), LimitValue(UINT64_MAX));
    EXPECT_EQ(none_of(setting_of("MemoryLow")), LimitValue(std::uint64_t{0}));
    EXPECT_EQ(none_of(kCpus), LimitValue(Bitmap()));
}

TEST(SliceProperties, SettingsAreFoundInUnitFiles) {
    const std::set<std::string> names =
        settings_in("[Slice]\n \tMemoryMax = 1G\nCPUQuota=\n# IOWeight=1\n#MemoryLow=1\n\n");
    for (const char* name : {"MemoryMax", "CPUQuota"})
        EXPECT_TRUE(names.contains(name)) << name;
    for (const char* name : {"IOWeight", "MemoryLow"})
        EXPECT_FALSE(names.contains(name)) << name;
    EXPECT_TRUE(is_generated("/run/systemd/generator/vps-101.slice.d/50-vps.conf"));
    EXPECT_FALSE(is_generated("/etc/systemd/system/vps-101.slice.d/50-mine.conf"));
    EXPECT_FALSE(is_generated("/run/systemd/generator.late/vps-101.slice"));
}

class PlanSliceTest : public testing::Test {
  protected:
    PlanSliceTest() {
        for (const LimitSetting& setting : kLimitSettings)
            loaded_.limits[&setting] = none_of(setting);
    }
    [[nodiscard]] SlicePlan plan(const std::vector<SliceLimit>& wanted,
                                 const std::set<std::string>& admins = {}) const {
        return plan_slice(loaded_, admins, wanted, [](const LimitSetting& setting) {
            return setting.name.text() == "AllowedCPUs" ? LimitValue(Bitmap{0xff})
                                                        : none_of(setting);
        });
    }
    LoadedSlice loaded_;
};

TEST_F(PlanSliceTest, SendsWhatDiffers) {
    loaded_.limits[&kCpus] = Bitmap{0xff};
    EXPECT_TRUE(plan({}).changes.empty());

    loaded_.limits[&kMemoryMax] = std::uint64_t{4096};
    EXPECT_TRUE(plan({{&kMemoryMax, 4096, {}}}).changes.empty());

    const SlicePlan other = plan({{&kMemoryMax, 8192, {}}, {&kCpus, 0, "1"}});
    ASSERT_EQ(other.changes.size(), 2U);
    EXPECT_EQ(other.changes[0].setting, &kMemoryMax);
    EXPECT_EQ(other.changes[0].value, LimitValue(std::uint64_t{8192}));
    EXPECT_EQ(other.changes[1].value, LimitValue(Bitmap{2}));
    EXPECT_EQ(other.ours.size(), 2U);

    const SlicePlan none = plan({});
    ASSERT_EQ(none.changes.size(), 1U);
    EXPECT_EQ(none.changes[0].value, LimitValue(UINT64_MAX));
    EXPECT_TRUE(none.ours.empty());
}

TEST_F(PlanSliceTest, SetThatIsNotWantedIsAllThereAre) {
    loaded_.limits[&kCpus] = Bitmap{1};
    const SlicePlan all = plan({});
    ASSERT_EQ(all.changes.size(), 1U);
    EXPECT_EQ(all.changes[0].value, LimitValue(Bitmap{0xff}));
}

TEST_F(PlanSliceTest, LeavesTheAdminsAlone) {
    const SlicePlan rest =
        plan({{&kMemoryMax, 8192, {}}, {&kCpuQuota, 50, {}}}, {"MemoryMax", "AllowedCPUs"});
    ASSERT_EQ(rest.changes.size(), 1U);
    EXPECT_EQ(rest.changes[0].setting, &kCpuQuota);
    ASSERT_EQ(rest.ours.size(), 1U);
    EXPECT_EQ(rest.ours[0].setting, &kCpuQuota);
}

}  // namespace
