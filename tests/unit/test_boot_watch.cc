#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cstring>
#include <string>

#include "life/boot_watch.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

constexpr std::int64_t kStart = 1'700'000'000;

std::string record(short type, int pid, const char* id, std::int64_t time) {
    utmp entry{};
    entry.ut_type = type;
    entry.ut_pid = pid;
    std::memcpy(entry.ut_id, id, std::min(std::strlen(id), sizeof entry.ut_id));
    entry.ut_tv.tv_sec = static_cast<decltype(entry.ut_tv.tv_sec)>(time);
    return {reinterpret_cast<const char*>(&entry), sizeof entry};
}

std::string runlevel(char level, std::int64_t time = kStart + 5) {
    return record(RUN_LVL, level + 256 * 'N', "~~", time);
}

class BootSocketTest : public testing::Test {
  protected:
    [[nodiscard]] BootSocket make() const {
        return {sys::open(dev_.path(), O_PATH | O_DIRECTORY), getuid(), getgid()};
    }
    void send(std::string_view text) const {
        const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(sendto(fd.get(), text.data(), text.size(), MSG_DONTWAIT,
                         reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  static_cast<ssize_t>(text.size()));
    }

    const TemporaryDirectory dev_;
    const std::string path_ = dev_.path() + std::string(kBootSocket).substr(4);
};

}  // namespace

TEST(BootWatch, KnowsTheWordOfReadiness) {
    for (const char* text : {"READY=1", "READY=1\n", "STATUS=up\nREADY=1\nMAINPID=1", "\nREADY=1"})
        EXPECT_TRUE(says_ready(text)) << text;
    for (const char* text : {"", "\n", "READY=0", "READY=12", "XREADY=1", "STATUS=READY=1",
                             "READY=", "ready=1", "READY=1 "})
        EXPECT_FALSE(says_ready(text)) << text;
    EXPECT_FALSE(says_ready(std::string_view("READY=1\0", 8)));
}

TEST(BootWatch, KnowsARunlevelThatIsReached) {
    const std::string boot = record(BOOT_TIME, 0, "~~", kStart + 1);
    const auto script = [](short type, std::int64_t time = kStart + 5) {
        return record(type, 77, "l2", time);
    };
    const struct {
        std::string utmp;
        bool reached;
    } cases[] = {
        {"", false},
        {boot, false},
        {boot + runlevel('S'), false},
        {boot + runlevel('0'), false},
        {boot + runlevel('6'), false},
        {boot + runlevel('1'), false},
        {runlevel('3', kStart - 1), false},  // of the run before
        {boot + runlevel('2'), true},
        {boot + runlevel('5'), true},
        {runlevel('3', kStart), true},
        {boot + runlevel('2') + script(INIT_PROCESS), false},
        {script(INIT_PROCESS) + runlevel('2'), false},
        {boot + runlevel('2') + script(DEAD_PROCESS), true},
        {boot + runlevel('2') + script(INIT_PROCESS, kStart - 9), true},  // of the run before
        {boot + runlevel('3') + script(INIT_PROCESS), true},              // of another level
        {boot + runlevel('2') + record(INIT_PROCESS, 78, "l20", kStart + 5), true},
        {boot + runlevel('2') + record(INIT_PROCESS, 78, "1", kStart + 5), true},  // a getty's
        {runlevel('2').substr(1), false},                                          // cut off
        {std::string(1000, '\xff'), false},
    };
    for (std::size_t i = 0; i < std::size(cases); ++i)
        EXPECT_EQ(is_at_runlevel(cases[i].utmp, kStart), cases[i].reached) << "case " << i;
}

TEST_F(BootSocketTest, BelievesInitAlone) {
    const BootSocket boot = make();
    EXPECT_FALSE(boot.hear_ready(getpid()));
    send("READY=1");
    EXPECT_FALSE(boot.hear_ready(getpid() + 1));  // another pid's message is heard, and dropped
    EXPECT_FALSE(boot.hear_ready(getpid()));
    send("STATUS=Starting");
    send("READY=1\nSTATUS=Startup finished");
    EXPECT_TRUE(boot.hear_ready(getpid()));
}

TEST_F(BootSocketTest, IsForItsOwnerOnly) {
    const BootSocket boot = make();
    struct stat status {};
    ASSERT_EQ(lstat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode, S_IFSOCK | 0600U);
    EXPECT_EQ(status.st_uid, getuid());
    EXPECT_THROW((void)make(), SysError);  // the socket's name is taken
}

TEST_F(BootSocketTest, TakesNoDescriptorsAndNoEndOfMessages) {
    const BootSocket boot = make();
    const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    std::string text(9000, 'x');  // longer than one message that is read
    text += "\nREADY=1";
    iovec part{text.data(), text.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    std::memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    ASSERT_EQ(sendmsg(fd.get(), &message, MSG_DONTWAIT), static_cast<ssize_t>(text.size()));
    EXPECT_FALSE(boot.hear_ready(getpid()));
    // Nobody else holds the pipe any more, so that it is at its end.
    write_end.reset();
    char byte = 0;
    EXPECT_EQ(read(read_end.get(), &byte, 1), 0);
}

}  // namespace vps
