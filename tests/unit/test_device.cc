#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "context/device.hh"
#include "context/vps_root.hh"
#include "leave_out.hh"
#include "other_settings.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

// The devices that the settings ask for; faults are added to `problems`.
std::vector<Device> devices_of(std::initializer_list<std::pair<const char*, const char*>> settings,
                               std::vector<std::string>& problems,
                               const std::string& dev = "/dev") {
    const VpsConfig config = config_of(settings);
    for (const std::string& finding : findings_of(config))
        problems.push_back(finding);
    std::vector<ConfigProblem> absent;
    const std::vector<Device> devices = find_devices(config, absent, dev);
    for (const ConfigProblem& problem : absent)
        problems.push_back(config.tell(problem));
    return devices;
}

TEST(Devices, AreThoseOfBothKeys) {
    std::vector<std::string> problems;
    const std::vector<Device> found = devices_of(
        {{"DEVICES", "c:10:200:rw b:8:all:r"}, {"DEVNODES", "null:rw full:rq"}}, problems);
    const std::vector<Device> expected{{false, 1, 3, "rw", "null"},
                                       {false, 1, 7, "r", "full"},
                                       {false, 10, 200, "rw", ""},
                                       {true, 8, std::nullopt, "r", ""}};
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(problems.empty());
}

TEST(Devices, KeepTheModeThatTheHostGivesThem) {
    const TemporaryDirectory dev;
    if (mknod((dev.path() + "/disk").c_str(), S_IFBLK, makedev(7, 250)) < 0)
        LEAVE_OUT("needs the right to make device nodes");
    ASSERT_EQ(chmod((dev.path() + "/disk").c_str(), 01640), 0);
    std::vector<std::string> problems;
    const std::vector<Device> found = devices_of({{"DEVNODES", "disk:r"}}, problems, dev.path());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0], (Device{true, 7, 250, "r", "disk", 0640}));

    const Fd made = make_dev(std::nullopt, found);
    struct stat disk {
    }, null{};
    ASSERT_EQ(fstatat(made.get(), "disk", &disk, 0), 0);
    EXPECT_EQ(disk.st_mode, static_cast<mode_t>(S_IFBLK | 0640));
    EXPECT_EQ(disk.st_rdev, makedev(7, 250));
    EXPECT_EQ(disk.st_gid, 0U);
    ASSERT_EQ(fstatat(made.get(), "null", &null, 0), 0);
    EXPECT_EQ(null.st_mode, static_cast<mode_t>(S_IFCHR | 0666));
}

TEST(Devices, AreLeftOutWhereTheyMakeNoSense) {
    for (const char* word : {"../etc/passwd:rw", "/dev/null:rw", "null", "null:", "null:x", ":rw",
                             "fd:rw", "nothing-of-the-kind:rw"}) {
        std::vector<std::string> problems;
        EXPECT_TRUE(devices_of({{"DEVNODES", word}}, problems).empty()) << word;
        ASSERT_EQ(problems.size(), 1U) << word;
        EXPECT_NE(problems[0].find(word), std::string::npos);
    }
    for (const char* word : {"c:10:200", "x:10:200:rw", "c:ten:200:rw", "c:10::rw",
                             "c:10:200:", "c:-1:2:rw", "c:99999999999:2:rw", "c:10:200:rwx"}) {
        std::vector<std::string> problems;
        EXPECT_TRUE(devices_of({{"DEVICES", word}}, problems).empty()) << word;
        EXPECT_EQ(problems.size(), 1U) << word;
    }
}

TEST(Devices, OfFeaturesAreThoseThatTheHostHas) {
    for (const char* feature : {"ppp", "tun", "fuse"}) {
        std::vector<std::string> problems;
        const auto found = devices_of({{"FEATURES", (std::string(feature) + ":on").c_str()}},
                                      problems, "/proc/self/nothing");
        EXPECT_TRUE(found.empty());
        ASSERT_EQ(problems.size(), 1U) << feature;
        EXPECT_NE(problems[0].find(feature), std::string::npos) << problems[0];
    }
}

TEST(Devices, OfNoneAndOfOtherFeaturesAreNone) {
    std::vector<std::string> problems;
    EXPECT_TRUE(
        devices_of({{"DEVNODES", "null:none "}, {"FEATURES", "nfs:on ppp:on ppp:off"}}, problems)
            .empty());
    EXPECT_TRUE(problems.empty());
    for (const char* word : {"tun", "tun:", "tun:yes", "teleport:on", ":on"}) {
        problems.clear();
        EXPECT_TRUE(devices_of({{"FEATURES", word}}, problems).empty()) << word;
        EXPECT_EQ(problems.size(), 1U) << word;
    }
}

}  // namespace
