#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "sys/fd.hh"
#include "sys/send_fds.hh"
#include "systemd/notify.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

// systemd's end, at an address in $NOTIFY_SOCKET.
class NotifyTest : public testing::Test {
  protected:
    void listen_at(const std::string& path) {
        address_.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(address_.sun_path), sizeof address_.sun_path);
        if (path[0] == '@')
            address_.sun_path[0] = '\0';
        ASSERT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address_),
                       static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size())),
                  0);
        setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    void TearDown() override { unsetenv("NOTIFY_SOCKET"); }

    std::string hear() {
        std::array<char, 256> text;
        int fd = -1;
        const ssize_t got = receive_fds(socket_.get(), text.data(), text.size(), &fd, 1);
        heard_ = Fd(fd);
        return {text.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
    }

    Fd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    Fd heard_;  // the descriptor that came along

  private:
    sockaddr_un address_{};
};

TEST_F(NotifyTest, ReachesAFile) {
    const TemporaryDirectory dir;
    listen_at(dir.path() + "/notify");
    EXPECT_EQ(notify("READY=1\nSTATUS=up"), 1);
    EXPECT_EQ(hear(), "READY=1\nSTATUS=up");
    EXPECT_FALSE(heard_);
}

TEST_F(NotifyTest, ReachesAnAbstractAddressWithADescriptor) {
    listen_at("@vps-test-notify-" + std::to_string(getpid()));
    EXPECT_EQ(notify("FDSTORE=1", {FdRef(STDOUT_FILENO)}), 1);
    EXPECT_EQ(hear(), "FDSTORE=1");
    EXPECT_TRUE(heard_);
}

TEST_F(NotifyTest, TellsOneLine) {
    listen_at("@vps-test-notify-" + std::to_string(getpid()));
    tell_status("two\nlines");
    const std::string heard = hear();
    EXPECT_EQ(heard.find("STATUS=two"), 0U);
    EXPECT_EQ(heard.find('\n'), heard.npos);
}

TEST_F(NotifyTest, SaysWhatFails) {
    EXPECT_EQ(notify("READY=1"), 0);
    setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    EXPECT_EQ(notify("READY=1"), -ENOENT);
    setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
    EXPECT_EQ(notify("READY=1"), -E2BIG);
}

}  // namespace
