// Limits of the VPS's processes, and disks below a directory.
#include <gtest/gtest.h>

#include <climits>
#include <filesystem>
#include <fstream>

#include "limits/block_device.hh"
#include "limits/cpus_and_nodes.hh"
#include "limits/in_force.hh"
#include "limits/init_limits.hh"
#include "temporary_directory.hh"

namespace vps {
namespace {

namespace fs = std::filesystem;

constexpr InitLimits kOurs{rlimit{1024, 524288}, rlimit{7, 7}, rlimit{8, 9}};

TEST(InitLimits, AreOursWhereNothingIsAsked) {
    const VpsConfig config;
    EXPECT_EQ(plan_init_limits(config, kOurs, 1000)[0].rlim_max, 524288u);
    EXPECT_EQ(most_terminals(config), 0u);
}

TEST(InitLimits, AreBarrierAndLimit) {
    struct Case {
        BarrierLimit pair;
        rlim_t soft, hard;
    };
    const Case cases[] = {
        {{100, 200}, 100, 200},
        {{300, 200}, 200, 200},
        {{kUnlimited, 200}, 200, 200},
        {{100, kUnlimited}, 1024, 524288},
        {{INT_MAX, INT_MAX}, 1024, 524288},
        {{5000, 6000}, 1000, 1000},  // fs.nr_open
    };
    for (const Case& c : cases) {
        VpsConfig config;
        config.numfile = c.pair;
        const rlimit limit = plan_init_limits(config, kOurs, 1000)[0];
        EXPECT_EQ(limit.rlim_cur, c.soft);
        EXPECT_EQ(limit.rlim_max, c.hard);
    }
}

TEST(InitLimits, CountLockedMemoryInPages) {
    VpsConfig config;
    config.lockedpages = BarrierLimit{2, 3};
    config.numsiginfo = BarrierLimit{0, 0};
    const InitLimits limits = plan_init_limits(config, kOurs, 1000);
    EXPECT_EQ(limits[1].rlim_max, 0u);
    EXPECT_EQ(limits[2].rlim_cur, 8192u);
    EXPECT_EQ(limits[2].rlim_max, 12288u);
}

TEST(InitLimits, OfAVisitorHaveRoomForAShell) {
    struct Case {
        rlimit init, visitor;
    };
    const Case cases[] = {
        {{12, 12}, {64, 64}},
        {{12, 4096}, {64, 4096}},
        {{100, 150}, {100, 150}},
        {{RLIM_INFINITY, RLIM_INFINITY}, {RLIM_INFINITY, RLIM_INFINITY}},
    };
    for (const Case& c : cases) {
        const InitLimits limits = limits_of_visitor({c.init, rlimit{1, 2}, rlimit{3, 4}});
        EXPECT_EQ(limits[0].rlim_cur, c.visitor.rlim_cur);
        EXPECT_EQ(limits[0].rlim_max, c.visitor.rlim_max);
        EXPECT_EQ(limits[1].rlim_cur, 1u);
        EXPECT_EQ(limits[2].rlim_max, 4u);
    }
}

TEST(InitLimits, LeaveTheConsoleItsTerminal) {
    VpsConfig config;
    config.numpty = BarrierLimit{0, 0};
    EXPECT_EQ(most_terminals(config), 1u);
    config.numpty = BarrierLimit{16, 16};
    EXPECT_EQ(most_terminals(config), 17u);
    config.numpty = BarrierLimit{kUnlimited, kUnlimited};
    EXPECT_EQ(most_terminals(config), 0u);
}

TEST(CpusAndNodes, AreThoseOfTheHost) {
    const TemporaryDirectory dir;
    fs::create_directories(dir.path() + "/sys/devices/system/cpu");
    std::ofstream(dir.path() + "/sys/devices/system/cpu/online") << "0-3,8\n";
    const auto absent = [&](const char* cpus, const char* nodes) {
        VpsConfig config;
        config.cpumask = CpuMask{CpuMask::Kind::List, cpus};
        config.nodemask = CpuMask{CpuMask::Kind::List, nodes};
        std::string text;
        for (const AbsentFromHost& one : find_absent_cpus_and_nodes(config, dir.path()))
            text += one.text + ";";
        return text;
    };
    EXPECT_EQ(absent("1-3,8", "0"), "");  // a kernel without memory nodes
    EXPECT_EQ(absent("2-4", "1"),
              "CPUMASK: bad value '2-4': this host has no CPU 4, but 0-3,8;"
              "NODEMASK: bad value '1': this host has no node 1, but 0;");
}

class Disks : public testing::Test {
  protected:
    void make(const std::string& dir, const std::string& numbers) {
        fs::create_directories(root_ + "/sys/devices/" + dir + "/slaves");
        std::ofstream(root_ + "/sys/devices/" + dir + "/dev") << numbers << "\n";
        fs::create_directories(root_ + "/sys/dev/block");
        fs::create_directory_symlink("../../devices/" + dir, root_ + "/sys/dev/block/" + numbers);
    }
    void made_of(const std::string& dir, const std::string& below) {
        fs::create_directory_symlink("../../" + below, root_ + "/sys/devices/" + dir + "/slaves/" +
                                                           fs::path(below).filename().string());
    }
    TemporaryDirectory dir_;
    std::string root_ = dir_.path();
};

TEST_F(Disks, AreWhole) {
    make("sda", "8:0");
    make("sda/sda1", "8:1");
    std::ofstream(root_ + "/sys/devices/sda/sda1/partition") << "1\n";
    EXPECT_EQ(disks_of("8:0", root_), (std::vector<std::string>{"8:0"}));
    EXPECT_EQ(disks_of("8:1", root_), (std::vector<std::string>{"8:0"}));
    EXPECT_TRUE(disks_of("9:9", root_).empty());
}

TEST_F(Disks, AreFollowedThroughOneDeviceAndNotSeveral) {
    make("sda", "8:0");
    make("sda/sda1", "8:1");
    std::ofstream(root_ + "/sys/devices/sda/sda1/partition") << "1\n";
    make("dm-0", "253:0");
    made_of("dm-0", "sda/sda1");
    make("md0", "9:0");
    made_of("md0", "sda/sda1");
    made_of("md0", "dm-0");
    EXPECT_EQ(disks_of("253:0", root_), (std::vector<std::string>{"253:0", "8:0"}));
    EXPECT_EQ(disks_of("9:0", root_), (std::vector<std::string>{"9:0"}));
}

TEST_F(Disks, AreNoneBelowAFileSystemOfItsOwn) {
    EXPECT_TRUE(find_disks("/proc").empty());
}

// The directory of a cgroup as systemd and the kernel leave it: without the files of a controller
// that nobody asked for.
TEST(CgroupLimits, AreThoseOfTheConfigurationAndNoOthers) {
    const TemporaryDirectory cgroup;
    (void)cgroup.write("memory.high", "max\n");
    (void)cgroup.write("memory.max", "268435456\n");
    (void)cgroup.write("memory.low", "0\n");
    (void)cgroup.write("memory.min", "0\n");
    (void)cgroup.write("pids.max", "400\n");
    (void)cgroup.write("cpu.weight", "100\n");
    (void)cgroup.write("cpu.max", "50000 100000\n");
    (void)cgroup.write("cpuset.cpus", "0-2\n");
    (void)cgroup.write("io.weight", "default 20\n8:16 300\n");
    (void)cgroup.write("io.max", "");
    const std::vector<SliceLimit> limits{
        {&setting_of("MemoryMax"), 268435456, {}}, {&setting_of("TasksMax"), 400, {}},
        {&setting_of("CPUQuota"), 50, {}},         {&setting_of("AllowedCPUs"), 0, "0,1,2"},
        {&setting_of("IOWeight"), 20, {}},
    };
    EXPECT_TRUE(are_in_force(cgroup.path(), limits));
    EXPECT_TRUE(is_quota_in_force(cgroup.path(), 50));
    for (std::size_t i = 0; i < limits.size(); ++i) {
        auto changed = limits;
        changed.erase(changed.begin() + static_cast<long>(i));
        EXPECT_FALSE(are_in_force(cgroup.path(), changed)) << limits[i].setting->property;
        changed = limits;
        changed[i].number += 10;
        changed[i].text += ",5";
        EXPECT_FALSE(are_in_force(cgroup.path(), changed)) << limits[i].setting->property;
    }
    auto more = limits;
    more.push_back({&setting_of("MemorySwapMax"), 0, {}});  // the cgroup has no file for it
    EXPECT_FALSE(are_in_force(cgroup.path(), more));
    (void)cgroup.write("io.max", "8:16 rbps=1048576 wbps=max riops=max wiops=max\n");
    EXPECT_FALSE(are_in_force(cgroup.path(), limits));
}

TEST(CgroupLimits, AreLeftOutWithoutTheControllerOfTheHost) {
    const TemporaryDirectory top;
    const std::string slice = top.path() + "/vps.slice/vps-101.slice";
    fs::create_directories(slice);
    const std::vector<SliceLimit> limits{{&setting_of("MemoryMax"), 268435456, {}},
                                         {&setting_of("TasksMax"), 400, {}},
                                         {&setting_of("IOReadIOPSMax"), 100, "/"}};
    (void)top.write("vps.slice/vps-101.slice/memory.max", "268435456\n");
    EXPECT_FALSE(are_in_force(slice, limits));
    for (const auto& [controllers, expected] : {std::pair("cpuset memory pids\n", false),
                                                {"cpuset io memory\n", false},
                                                {"cpuset memory pidsx\n", true},
                                                {"memory\n", true}}) {
        (void)top.write("cgroup.controllers", controllers);
        EXPECT_EQ(are_in_force(slice, limits), expected) << controllers;
    }
    (void)top.write("vps.slice/vps-101.slice/memory.max", "1048576\n");
    EXPECT_FALSE(are_in_force(slice, limits));
}

TEST(CgroupLimits, AreNoneInAnEmptyCgroup) {
    const TemporaryDirectory cgroup;
    EXPECT_TRUE(are_in_force(cgroup.path(), {}));
    EXPECT_TRUE(is_quota_in_force(cgroup.path(), 0));
    EXPECT_FALSE(is_quota_in_force(cgroup.path(), 50));
    EXPECT_EQ(memory_low_of(cgroup.path()), 0u);
    (void)cgroup.write("memory.low", "max\n");
    EXPECT_EQ(memory_low_of(cgroup.path()), UINT64_MAX);
}

}  // namespace
}  // namespace vps
