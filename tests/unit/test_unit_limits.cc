// The limits of a VPS as requests to a process that answers as systemd.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "config/config.hh"
#include "limits/unit_limits.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd_peer.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

const Veid kVeid = *Veid::parse("101");
constexpr const char* kGenerated = "/run/systemd/generator/vps-101.slice";
constexpr const char* kGet = "socket GetAll of vps_2d101_2eslice ''";
constexpr const char* kSet = "socket SetUnitProperties vps-101.slice true";

// The limits of a 101.conf with these lines.
std::vector<SliceLimit> limits_of(const std::string& lines) {
    const TemporaryDirectory etc;
    fs::create_directories(etc.path() + "/conf");
    (void)etc.write("vz.conf", "");
    (void)etc.write("conf/101.conf", lines);
    return slice_limits(load_vps_config(kVeid, etc.path()), LimitHost());
}

// A slice as systemd has it: no limit but these.
struct FakeSlice {
    std::string fragment = kGenerated;
    std::vector<std::string> drop_ins{};
    std::vector<std::pair<std::string, std::uint64_t>> amounts{};  // by property
};

void append_entry(sd_bus_message* m, const char* name, const char* type,
                  const std::function<void()>& append) {
    ::sd_bus_message_open_container(m, 'e', "sv");
    ::sd_bus_message_append(m, "s", name);
    ::sd_bus_message_open_container(m, 'v', type);
    append();
    ::sd_bus_message_close_container(m);
    ::sd_bus_message_close_container(m);
}

void append_limits(sd_bus_message* m, const FakeSlice& slice) {
    for (const LimitSetting& setting : kLimitSettings) {
        std::uint64_t amount = setting.none;
        for (const auto& [property, other] : slice.amounts)
            if (property == setting.property)
                amount = other;
        const bool is_set = setting.kind == LimitKind::Set;
        if (is_set || setting.kind == LimitKind::PerDevice)
            append_entry(m, setting.property, is_set ? "ay" : "a(st)",
                         [&] { ::sd_bus_message_append(m, is_set ? "ay" : "a(st)", 0); });
        else
            append_entry(m, setting.property, "t",
                         [&] { ::sd_bus_message_append(m, "t", amount); });
    }
}

Reply show(const FakeSlice& slice) {
    return {.values = [=](sd_bus_message* m) {
        ::sd_bus_message_open_container(m, 'a', "{sv}");
        append_entry(m, "Id", "s", [&] { ::sd_bus_message_append(m, "s", "vps-101.slice"); });
        append_entry(m, "FragmentPath", "s",
                     [&] { ::sd_bus_message_append(m, "s", slice.fragment.c_str()); });
        append_entry(m, "DropInPaths", "as", [&] {
            ::sd_bus_message_open_container(m, 'a', "s");
            for (const std::string& path : slice.drop_ins)
                ::sd_bus_message_append(m, "s", path.c_str());
            ::sd_bus_message_close_container(m);
        });
        append_limits(m, slice);
        ::sd_bus_message_close_container(m);
    }};
}

// A systemd that has this slice, and does what it is asked.
auto having(const FakeSlice& slice) {
    return
        [=](const Request& request) { return request.method == "GetAll" ? show(slice) : Reply{}; };
}

constexpr const char* kEverything =
    "PHYSPAGES=\"0:262144\"\nSWAPPAGES=\"0:131072\"\nVMGUARPAGES=\"65536:unlimited\"\n"
    "OOMGUARPAGES=\"32768:unlimited\"\nNUMPROC=\"400:400\"\nCPUUNITS=\"1000\"\nCPULIMIT=\"150\"\n"
    "CPUMASK=\"0,2-3\"\nNODEMASK=\"0\"\nIOPRIO=\"7\"\nIOLIMIT=\"1048576\"\nIOPSLIMIT=\"100\"\n"
    "VE_PRIVATE=\"/vz/private/101\"\n";

TEST(UnitLimits, AreSentAsTheConfigurationHasThem) {
    const SystemdPeer peer(having({}));
    const std::vector<SliceLimit> wanted = limits_of(kEverything);
    EXPECT_EQ(update_slice_limits(kVeid, wanted, peer.places()).size(), wanted.size());
    EXPECT_EQ(peer.asked(), (std::vector<std::string>{kGet, kSet}));
    EXPECT_EQ(peer.settings_of("SetUnitProperties"),
              (std::vector<std::string>{
                  "MemoryMax=t 1073741824",
                  "MemorySwapMax=t 536870912",
                  "MemoryLow=t 268435456",
                  "MemoryMin=t 134217728",
                  "TasksMax=t 400",
                  "CPUWeight=t 100",
                  "CPUQuotaPerSecUSec=t 1500000",
                  "AllowedCPUs=ay [13]",
                  "AllowedMemoryNodes=ay [1]",
                  "IOWeight=t 160",
                  // A list is emptied first: a value adds to it.
                  "IOReadBandwidthMax=a(st) []",
                  "IOReadBandwidthMax=a(st) [(/vz/private/101 1048576)]",
                  "IOWriteBandwidthMax=a(st) []",
                  "IOWriteBandwidthMax=a(st) [(/vz/private/101 1048576)]",
                  "IOReadIOPSMax=a(st) []",
                  "IOReadIOPSMax=a(st) [(/vz/private/101 100)]",
                  "IOWriteIOPSMax=a(st) []",
                  "IOWriteIOPSMax=a(st) [(/vz/private/101 100)]",
              }));
}

TEST(UnitLimits, ThatSystemdHasAreNotSent) {
    const SystemdPeer peer(having({.amounts = {{"MemoryMax", 1073741824}}}));
    (void)update_slice_limits(kVeid, limits_of("PHYSPAGES=\"0:262144\"\n"), peer.places());
    EXPECT_EQ(peer.asked(), std::vector<std::string>{kGet});
}

TEST(UnitLimits, ThatAreNoLongerWantedAreTakenBack) {
    const SystemdPeer peer(having({.amounts = {{"MemoryMax", 4096}, {"MemoryLow", 4096}}}));
    EXPECT_TRUE(update_slice_limits(kVeid, {}, peer.places()).empty());
    EXPECT_EQ(peer.settings_of("SetUnitProperties"),
              (std::vector<std::string>{"MemoryMax=t 18446744073709551615", "MemoryLow=t 0"}));
}

TEST(UnitLimits, ThatTheKernelHasAreNotAskedFor) {
    const SystemdPeer peer(having({}));
    const std::string cgroup = peer.places().cgroups + "/vps-101.slice";
    fs::create_directories(cgroup);
    const std::pair<const char*, const char*> files[]{
        {"memory.max", "1073741824"}, {"memory.high", "max"},   {"memory.swap.max", "max"},
        {"memory.low", "0"},          {"memory.min", "0"},      {"pids.max", "max"},
        {"cpu.weight", "100"},        {"cpu.max", "max 100000"}};
    for (const auto& [file, line] : files)
        sys::replace_file(cgroup + "/" + file, std::string(line) + "\n");
    const std::vector<SliceLimit> wanted = limits_of("PHYSPAGES=\"0:262144\"\n");
    EXPECT_EQ(update_slice_limits(kVeid, wanted, peer.places()).size(), 1U);
    EXPECT_TRUE(peer.asked().empty());
    sys::replace_file(cgroup + "/memory.max", "4096\n");
    (void)update_slice_limits(kVeid, wanted, peer.places());
    EXPECT_EQ(peer.settings_of("SetUnitProperties"),
              std::vector<std::string>{"MemoryMax=t 1073741824"});
}

TEST(UnitLimits, ThatSystemdHasNotGivenToTheKernelAreSentAgain) {
    const SystemdPeer peer(having({.amounts = {{"MemoryMax", 4096}, {"TasksMax", 400}}}));
    const std::string cgroup = peer.places().cgroups + "/vps-101.slice";
    fs::create_directories(cgroup);
    for (const auto& [file, line] :
         {std::pair{"memory.max", "8192"}, {"memory.low", "4096"}, {"pids.max", "400"}})
        sys::replace_file(cgroup + "/" + file, std::string(line) + "\n");
    (void)update_slice_limits(kVeid, limits_of("PHYSPAGES=\"0:1\"\nNUMPROC=\"400:400\"\n"),
                              peer.places());
    EXPECT_EQ(peer.settings_of("SetUnitProperties"),
              (std::vector<std::string>{"MemoryMax=t 4096", "MemoryLow=t 0"}));
}

TEST(UnitLimits, LeaveAnAdministratorsSliceAlone) {
    const SystemdPeer peer(having({.fragment = "/etc/systemd/system/vps-101.slice"}));
    EXPECT_TRUE(update_slice_limits(kVeid, limits_of(kEverything), peer.places()).empty());
    EXPECT_EQ(peer.asked(), std::vector<std::string>{kGet});
}

TEST(UnitLimits, LeaveAnAdministratorsSettingsAlone) {
    const TemporaryDirectory etc;
    const std::string drop_in = etc.write("50-mine.conf", "[Slice]\nMemoryMax=1G\n");
    const SystemdPeer peer(having({.drop_ins = {drop_in, etc.path() + "/removed.conf"}}));
    const std::vector<SliceLimit> ours = update_slice_limits(
        kVeid, limits_of("PHYSPAGES=\"0:100\"\nNUMPROC=\"400:400\"\n"), peer.places());
    ASSERT_EQ(ours.size(), 1U);
    EXPECT_EQ(ours[0].setting, &setting_of("TasksMax"));
    EXPECT_EQ(peer.settings_of("SetUnitProperties"), std::vector<std::string>{"TasksMax=t 400"});
}

// systemd notes what it is sent in drop-ins, as it does for set-property.
TEST(UnitLimits, LeaveNoDropInOfTheirs) {
    const TemporaryDirectory control;
    const std::string dir = control.path() + "/vps-101.slice.d";
    for (const bool refused : {false, true}) {
        fs::create_directories(dir);
        sys::replace_file(dir + "/50-TasksMax.conf", "[Slice]\nTasksMax=5\n");
        const SystemdPeer peer([&](const Request& request) {
            if (request.method == "GetAll")
                return show({});
            sys::replace_file(dir + "/50-MemoryMax.conf", "[Slice]\nMemoryMax=4096\n");
            return refused ? refuse("org.freedesktop.DBus.Error.InvalidArgs", "Bad value.")
                           : Reply{};
        });
        SystemdPlaces places = peer.places();
        places.drop_ins = control.path();
        const std::string told = text_of_error([&] {
            (void)update_slice_limits(kVeid, limits_of("PHYSPAGES=\"0:1\"\nNUMPROC=\"400:400\"\n"),
                                      places);
        });
        EXPECT_EQ(told, refused ? "limit vps-101.slice: Bad value." : "no error");
        EXPECT_FALSE(fs::exists(dir + "/50-MemoryMax.conf"));
        EXPECT_TRUE(fs::exists(dir + "/50-TasksMax.conf"));  // it was there before
    }
}

TEST(UnitLimits, AreSentAgainWhenSystemdHangsUp) {
    const SystemdPeer peer([](const Request& request) {
        if (request.count == 1)
            return hang_up();
        return request.method == "GetAll" ? show({}) : Reply{};
    });
    (void)update_slice_limits(kVeid, limits_of("NUMPROC=\"400:400\"\n"), peer.places());
    EXPECT_EQ(peer.asked(), (std::vector<std::string>{kGet, kGet, kSet, kGet, kSet}));
    EXPECT_EQ(peer.settings_of("SetUnitProperties"), std::vector<std::string>{"TasksMax=t 400"});
}

TEST(UnitLimits, AreToldWhereSystemdDoesNotShowTheSlice) {
    const SystemdPeer peer(
        [](const Request&) { return refuse("org.freedesktop.DBus.Error.AccessDenied", "no"); });
    EXPECT_EQ(text_of_error([&] { (void)update_slice_limits(kVeid, {}, peer.places()); }),
              "ask systemd for the properties of "
              "'/org/freedesktop/systemd1/unit/vps_2d101_2eslice': Permission denied");
}

TEST(UnitLimits, OfADeviceAreSetAlone) {
    const SystemdPeer peer([](const Request&) { return Reply{}; });
    set_slice_limits(kVeid, {{&setting_of("IOReadBandwidthMax"), 4096, "/dev/block/8:0"}},
                     peer.places());
    EXPECT_EQ(peer.asked(), std::vector<std::string>{kSet});
    EXPECT_EQ(peer.settings_of("SetUnitProperties"),
              (std::vector<std::string>{"IOReadBandwidthMax=a(st) []",
                                        "IOReadBandwidthMax=a(st) [(/dev/block/8:0 4096)]"}));
}

class GuaranteeTest : public testing::Test {
  protected:
    // Others are guaranteed 3000 bytes, all together 4000.
    void SetUp() override {
        for (const auto& [slice, bytes] : {std::pair{"/vps-101.slice", "9999"},
                                           {"/vps-102.slice", "1000"},
                                           {"/vps-103.slice", "2000"},
                                           {"", "4000"}}) {
            fs::create_directories(dir_.path() + slice);
            sys::replace_file(dir_.path() + slice + "/memory.low", std::string(bytes) + "\n");
        }
    }
    std::vector<std::string> cover(std::uint64_t guaranteed, const FakeSlice& slice) const {
        const SystemdPeer peer(having(slice));
        SystemdPlaces places = peer.places();
        places.cgroups = dir_.path();
        cover_guarantee(kVeid, guaranteed, places);
        std::vector<std::string> all = peer.asked();
        for (const std::string& setting : peer.settings_of("SetUnitProperties"))
            all.push_back(setting);
        return all;
    }
    const TemporaryDirectory dir_;
};

TEST_F(GuaranteeTest, IsTheSumOfAllVpses) {
    EXPECT_EQ(cover(5000, {}), (std::vector<std::string>{"socket GetAll of vps_2eslice ''",
                                                         "socket SetUnitProperties vps.slice true",
                                                         "MemoryLow=t 8000"}));
}

TEST_F(GuaranteeTest, IsNotSentWhereItIsThere) {
    EXPECT_TRUE(cover(0, {}).empty());
    EXPECT_TRUE(cover(1000, {}).empty());  // the kernel has as much
    const std::vector<std::string> asked{"socket GetAll of vps_2eslice ''"};
    EXPECT_EQ(cover(5000, {.amounts = {{"MemoryLow", 8000}}}), asked);
    const std::string mine = dir_.write("mine.conf", "[Slice]\nMemoryLow=1\n");
    EXPECT_EQ(cover(5000, {.drop_ins = {mine}}), asked);
}

TEST_F(GuaranteeTest, HasNoEndWhereItWouldOverflow) {
    EXPECT_EQ(cover(UINT64_MAX - 5, {}).back(), "MemoryLow=t 18446744073709551615");
}

TEST(ScopeQuota, IsSentWhereTheKernelHasAnother) {
    const SystemdPeer peer([](const Request&) { return Reply{}; });
    const std::string scope = peer.places().cgroups + "/vps-101.slice/vps-101.scope";
    fs::create_directories(scope);
    sys::replace_file(scope + "/cpu.max", "100000 100000\n");
    update_scope_quota(kVeid, 150, peer.places());
    EXPECT_EQ(peer.asked(),
              std::vector<std::string>{"socket SetUnitProperties vps-101.scope true"});
    EXPECT_EQ(peer.settings_of("SetUnitProperties"),
              std::vector<std::string>{"CPUQuotaPerSecUSec=t 1500000"});
}

TEST(ScopeQuota, IsTakenBack) {
    const SystemdPeer peer([](const Request&) { return Reply{}; });
    const std::string scope = peer.places().cgroups + "/vps-101.slice/vps-101.scope";
    fs::create_directories(scope);
    sys::replace_file(scope + "/cpu.max", "50000 100000\n");
    update_scope_quota(kVeid, 50, peer.places());  // the kernel has it
    EXPECT_TRUE(peer.asked().empty());
    update_scope_quota(kVeid, 0, peer.places());
    EXPECT_EQ(peer.settings_of("SetUnitProperties"),
              std::vector<std::string>{"CPUQuotaPerSecUSec=t 18446744073709551615"});
}

}  // namespace

}  // namespace vps
