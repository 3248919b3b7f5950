#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

#include "sys/error.hh"
#include "sys/fd.hh"
#include "sys/process.hh"
#include "systemd/libsystemd.hh"

namespace {

using namespace vps;

TEST(Libsystemd, IsLoadedByTheFirstCall) {
    // The kernel chooses an abstract address.
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t length = sizeof address.sun_family;
    ASSERT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    length = sizeof address;
    ASSERT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::string name(address.sun_path + 1, length - offsetof(sockaddr_un, sun_path) - 1);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    EXPECT_EQ(vps::sd_notify(0, "STATUS=by libsystemd"), 1);
    unsetenv("NOTIFY_SOCKET");
    char said[64] = "";
    ASSERT_GT(recv(socket.get(), said, sizeof said - 1, MSG_DONTWAIT), 0);
    EXPECT_STREQ(said, "STATUS=by libsystemd");
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
    const auto notify = [] {
        try {
            (void)vps::sd_notify(0, "STATUS=");
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
                notify();
            end_as(child.wait().value());
        },
        testing::ExitedWithCode(static_cast<int>(ExitCode::System)), "must not be loaded");
    EXPECT_EXIT(notify(), testing::ExitedWithCode(0), "^$");
}

}  // namespace
