#include "life/boot_watch.hh"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include "context/capabilities.hh"
#include "life/power_off.hh"
#include "sys/error.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"
#include "sys/unix_address.hh"

namespace vps {

namespace {

constexpr int kMessages = 32;               // at a time
constexpr std::size_t kMessageSize = 4096;  // systemd's own limit
constexpr std::size_t kUtmpSize = 1 << 20;
constexpr int kPause = 200;  // milliseconds between two looks at utmp

// The start of a process for is_at_runlevel(): utmp knows seconds only.
std::int64_t start_second_of(pid_t pid) {
    const auto ticks = static_cast<std::int64_t>(find_start_time(pid).value_or(0));
    timespec now{}, up{};
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    return now.tv_sec - up.tv_sec + ticks / sysconf(_SC_CLK_TCK) - 1;
}

// Runs in the child that reads utmp.
std::string read_utmp(FdRef root) {
    for (const char* path : {"/run/utmp", "/var/run/utmp"})
        try {
            if (const Fd file = find_guest_file(root, path))
                return sys::read_all(file, path, kUtmpSize);
        } catch (const Error&) {
            // The file cannot be read now, which is the VPS's own affair.
        }
    return {};
}

[[noreturn]] void wait_for_runlevel(FdRef root, std::int64_t since) {
    try {
        give_up_capabilities();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // utmp has to say so twice: there may be a moment between the notes of a runlevel and of
        // its script.
        for (int seen = 0; seen < 2;) {
            (void)poll(nullptr, 0, kPause);
            seen = is_at_runlevel(read_utmp(root), since) ? seen + 1 : 0;
        }
    } catch (...) {
        _exit(1);
    }
    _exit(0);
}

}  // namespace

BootSocket::BootSocket(FdRef dev, uid_t owner, gid_t group)
    : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const std::string name = std::string(kBootSocket).substr(sizeof "/dev/" - 1);
    const std::string path = "/proc/self/fd/" + std::to_string(dev.get()) + "/" + name;
    const sockaddr_un address = sys::unix_address(path);
    const int on = 1;
    if (!socket_ || setsockopt(socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
        bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        fchmodat(dev.get(), name.c_str(), 0600, 0) < 0 ||
        fchownat(dev.get(), name.c_str(), owner, group, AT_SYMLINK_NOFOLLOW) < 0)
        throw SysError(errno, "make", kBootSocket);
}

bool BootSocket::hear_ready(pid_t init) const {
    for (int i = 0; i < kMessages; ++i) {
        std::array<char, kMessageSize> text;
        iovec part{text.data(), text.size()};
        // There is no room for descriptors: the kernel closes any that come along.
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t length = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
        if (length < 0)
            return false;
        const cmsghdr* header = CMSG_FIRSTHDR(&message);
        ucred sender{};
        if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
            continue;
        std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
        if (sender.pid == init && says_ready({text.data(), static_cast<std::size_t>(length)}))
            return true;
    }
    return false;
}

bool says_ready(std::string_view message) {
    constexpr std::string_view kReady = "READY=1";
    while (!message.empty()) {
        const std::size_t end = std::min(message.find('\n'), message.size());
        if (message.substr(0, end) == kReady)
            return true;
        message.remove_prefix(std::min(end + 1, message.size()));
    }
    return false;
}

bool is_at_runlevel(std::string_view utmp_text, std::int64_t since) {
    char level = 0;
    bool script_runs = false;
    // The order of the records means nothing.
    for (const bool second_time : {false, true})
        for (std::size_t at = 0; at + sizeof(utmp) <= utmp_text.size(); at += sizeof(utmp)) {
            utmp record;
            std::memcpy(&record, utmp_text.data() + at, sizeof record);
            if (record.ut_tv.tv_sec < since)
                continue;  // a record of an earlier boot, or written before the clock was set
            const char wanted = static_cast<char>(record.ut_pid & 0xff);
            if (!second_time && record.ut_type == RUN_LVL && wanted >= '2' && wanted <= '5')
                level = wanted;
            // inittab(5): the entry "l2" is the script of runlevel 2.
            if (second_time && record.ut_type == INIT_PROCESS && record.ut_id[0] == 'l' &&
                record.ut_id[1] == level && record.ut_id[2] == '\0')
                script_runs = true;
        }
    return level != 0 && !script_runs;
}

std::optional<BootWatch> BootWatch::begin(BootSocket socket, pid_t init) {
    BootWatch watch;
    watch.init_ = init;
    const std::string kind = identify_init(init).executable;
    if (kind == "systemd") {
        watch.socket_ = std::move(socket);
        return watch;
    }
    if (kind != "init")
        return std::nullopt;
    const Fd root = sys::open("/proc/" + std::to_string(init) + "/root", O_PATH | O_DIRECTORY);
    const std::int64_t since = start_second_of(init);
    watch.reader_ = clone_process();
    if (watch.reader_.pid() == 0) {
        // The child keeps no other descriptor: it would hold the VPS's lock.
        const int kept = fcntl(root.get(), F_DUPFD_CLOEXEC, 3);
        if (kept < 0 || dup2(kept, 3) < 0 || close_range(4, ~0U, 0) < 0)
            _exit(1);
        wait_for_runlevel(FdRef(3), since);
    }
    return watch;
}

BootWatch::BootWatch(pid_t init, Fd fd, pid_t reader) : init_(init) {
    if (reader == 0)
        socket_.emplace(std::move(fd));
    else
        reader_ = Child(reader, std::move(fd));
}

bool BootWatch::has_booted() {
    if (socket_) {
        if (!socket_->hear_ready(init_))
            return false;
        socket_.reset();
        return true;
    }
    // There is nothing more to wait for, however the reader ended.
    (void)reader_.wait();
    reader_ = Child();
    return true;
}

}  // namespace vps
