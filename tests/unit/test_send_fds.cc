#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sys/fd.hh"
#include "sys/send_fds.hh"

namespace {

using namespace vps;

class SendFdsTest : public testing::Test {
  protected:
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        here_ = Fd(ends[0]);
        there_ = Fd(ends[1]);
    }

    static bool is_null(int fd) {
        struct stat sent {
        }, null{};
        return fstat(fd, &sent) == 0 && stat("/dev/null", &null) == 0 &&
               sent.st_rdev == null.st_rdev;
    }
    static std::size_t count_open() {
        std::size_t count = 0;
        for (int fd = 0; fd < 256; ++fd)
            count += fcntl(fd, F_GETFD) >= 0;
        return count;
    }

    Fd here_, there_;
    // Without close-on-exec.
    const Fd null_{open("/dev/null", O_RDWR)};  // NOLINT(android-cloexec-open)
};

TEST_F(SendFdsTest, BringsBytesAndDescriptors) {
    const std::array fds{null_.get(), null_.get(), null_.get(), null_.get()};
    static_assert(fds.size() == kMaxSentFds);
    ASSERT_EQ(send_fds(here_.get(), "abc", 3, fds.data(), fds.size()), 0);
    char data[8] = "";
    std::array<int, kMaxSentFds> got{};
    ASSERT_EQ(receive_fds(there_.get(), data, sizeof data, got.data(), got.size()), 3);
    EXPECT_STREQ(data, "abc");
    for (const int fd : got) {
        EXPECT_TRUE(is_null(fd));
        EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
    }
}

TEST_F(SendFdsTest, SaysWhichDescriptorsDidNotCome) {
    const int fd = null_.get();
    char byte = 0;
    std::array<int, 2> got{7, 7};
    ASSERT_EQ(send_fds(here_.get(), "a", 1, &fd, 1), 0);
    ASSERT_EQ(receive_fds(there_.get(), &byte, 1, got.data(), got.size()), 1);
    EXPECT_TRUE(is_null(got[0]));
    EXPECT_EQ(got[1], -1);
    close(got[0]);

    ASSERT_EQ(send_fds(here_.get(), "a", 1, nullptr, 0), 0);
    ASSERT_EQ(receive_fds(there_.get(), &byte, 1, got.data(), got.size()), 1);
    EXPECT_EQ(got, (std::array<int, 2>{-1, -1}));
}

TEST_F(SendFdsTest, KeepsNoDescriptorThatWasNotAskedFor) {
    const std::array fds{null_.get(), null_.get(), null_.get()};
    ASSERT_EQ(send_fds(here_.get(), "a", 1, fds.data(), fds.size()), 0);
    const std::size_t before = count_open();
    char byte = 0;
    int got = 0;
    ASSERT_EQ(receive_fds(there_.get(), &byte, 1, &got, 1), 1);
    EXPECT_TRUE(is_null(got));
    EXPECT_EQ(count_open(), before + 1);
    close(got);
}

TEST_F(SendFdsTest, TellsThatNotAllCouldBeReceived) {
    // The message has more descriptors than there is room for.
    constexpr std::size_t kMany = kMaxSentFds + 2;
    std::array<int, kMany> fds{};
    fds.fill(null_.get());
    char byte = 'a';
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMany)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * kMany);
    memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * kMany);
    ASSERT_EQ(sendmsg(here_.get(), &message, 0), 1);
    const std::size_t before = count_open();
    std::array<int, kMaxSentFds> got{};
    EXPECT_EQ(receive_fds(there_.get(), &byte, 1, got.data(), got.size()), -1);
    EXPECT_EQ(errno, EMFILE);
    EXPECT_EQ(got[0], -1);
    EXPECT_EQ(count_open(), before);

    // The message has more descriptors than this process may have open.
    ASSERT_EQ(send_fds(here_.get(), "a", 1, fds.data(), 2), 0);
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const int next = fcntl(null_.get(), F_DUPFD_CLOEXEC, 0);
    close(next);
    const rlimit low{static_cast<rlim_t>(next) + 1, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    const ssize_t received = receive_fds(there_.get(), &byte, 1, got.data(), got.size());
    const int error = errno;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(received, -1);
    EXPECT_EQ(error, EMFILE);
    EXPECT_EQ(count_open(), before);
}

TEST_F(SendFdsTest, TellsTheEndAndErrors) {
    char byte = 0;
    int got = 0;
    EXPECT_EQ(send_fds(null_.get(), "a", 1, nullptr, 0), ENOTSOCK);
    here_.reset();
    EXPECT_EQ(receive_fds(there_.get(), &byte, 1, &got, 1), 0);
    EXPECT_EQ(got, -1);
    EXPECT_EQ(send_fds(there_.get(), "a", 1, nullptr, 0), EPIPE);  // an error, and no SIGPIPE
    EXPECT_EQ(receive_fds(null_.get(), &byte, 1, &got, 1), -1);
    EXPECT_EQ(errno, ENOTSOCK);
}

}  // namespace
