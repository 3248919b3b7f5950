#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "sys/error.hh"
#include "sys/process.hh"
#include "systemd/libsystemd.hh"

namespace {

using namespace vps;

TEST(Libsystemd, IsLoadedByTheFirstCall) {
    char* path = nullptr;
    ASSERT_GE(vps::sd_bus_path_encode("/vps", "101", &path), 0);
    EXPECT_STREQ(path, "/vps/_3101");
    std::free(path);
}

TEST(Libsystemd, SaysWhichFunctionItLacks) {
    try {
        (void)find_in_libsystemd("sd_of_tomorrow");
        FAIL() << "found";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::System);
        EXPECT_NE(std::string(error.what()).find("sd_of_tomorrow"), std::string::npos)
            << error.what();
    }
}

// Each test runs in a process that has not loaded libsystemd.
TEST(LibsystemdDeathTest, IsNotLoadedInAVps) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto call = [] {
        try {
            char* path = nullptr;
            (void)vps::sd_bus_path_encode("/vps", "101", &path);
            std::free(path);
        } catch (const Error& error) {
            fputs(error.what(), stderr);
            _exit(static_cast<int>(error.code()));
        }
        _exit(0);
    };
    EXPECT_EXIT(
        {
            Child child = clone_process();
            if (child.pid() == 0)
                call();
            end_as(child.wait().value());
        },
        testing::ExitedWithCode(static_cast<int>(ExitCode::System)), "must not be loaded");
    EXPECT_EXIT(call(), testing::ExitedWithCode(0), "^$");
}

}  // namespace
