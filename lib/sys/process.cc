#include "sys/process.hh"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/single_threaded.h>
extern "C" {  // glibc 2.36 forgets it
#include <sys/pidfd.h>
}
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

static bool cloned = false;

bool is_clone() noexcept {
    return cloned;
}

std::string ExitStatus::to_string() const {
    if (signal == 0)
        return "exit code " + std::to_string(code);
    const char* name = sigabbrev_np(signal);
    return "signal " + (name ? "SIG" + std::string(name) : std::to_string(signal));
}

Deadline deadline_after(std::optional<unsigned> seconds) {
    if (!seconds)
        return std::nullopt;
    return std::chrono::steady_clock::now() + std::chrono::seconds(*seconds);
}

int milliseconds_until(const Deadline& deadline) {
    if (!deadline)
        return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now())
            .count();
    if (left <= 0)
        return 0;
    return left > 1'000'000'000 ? 1'000'000'000 : static_cast<int>(left);
}

TerminationRequest::TerminationRequest() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    for (const int signal : {SIGINT, SIGHUP, SIGQUIT}) {
        struct sigaction action {};
        if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&wanted, signal);
    }
    sigprocmask(SIG_BLOCK, &wanted, &before_);
    signals_ = Fd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) {
        const int error = errno;
        sigprocmask(SIG_SETMASK, &before_, nullptr);
        throw SysError(error, "catch SIGTERM");
    }
}

TerminationRequest::~TerminationRequest() {
    sigprocmask(SIG_SETMASK, &before_, nullptr);
}

bool TerminationRequest::came() const {
    pollfd waiting{signals_.get(), POLLIN, 0};
    return poll(&waiting, 1, 0) > 0;
}

bool TerminationRequest::heed() noexcept {
    bool came = false;
    signalfd_siginfo info;
    while (read(signals_.get(), &info, sizeof info) == sizeof info)
        came = true;
    return came;
}

bool wait_for_end(FdRef pidfd, const Deadline& deadline, FdRef request) {
    for (;;) {
        pollfd waiting[]{{pidfd.get(), POLLIN, 0}, {request.get(), POLLIN, 0}};
        const int timeout = milliseconds_until(deadline);
        const int ready = poll(waiting, 2, timeout);
        if (ready > 0)
            return waiting[0].revents != 0;
        if (ready < 0 && errno != EINTR)
            throw SysError(errno, "wait for a process");
        if (ready == 0 && timeout == 0)
            return false;
    }
}

static ExitStatus reap(int pidfd, pid_t pid) {
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) < 0)
        if (errno != EINTR)
            throw SysError(errno, "wait for process", std::to_string(pid));
    ExitStatus status;
    (info.si_code == CLD_EXITED ? status.code : status.signal) = info.si_status;
    return status;
}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        if (!released_)
            kill_and_wait();
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
        released_ = other.released_;
    }
    return *this;
}

Child::~Child() {
    if (!released_)
        kill_and_wait();
}

std::optional<ExitStatus> Child::wait(const Deadline& deadline, FdRef request) {
    if (!wait_for_end(pidfd_, deadline, request))
        return std::nullopt;
    const ExitStatus status = reap(pidfd_.get(), pid_);
    pid_ = -1;
    return status;
}

void Child::kill_and_wait() noexcept {
    if (pid_ <= 0)
        return;
    // The child may have ended by itself. Until it is waited for, its PID is nobody else's.
    if (::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0) < 0 && errno != ESRCH)
        (void)::kill(pid_, SIGKILL);
    siginfo_t info;
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

Child clone_process(std::uint64_t flags, FdRef cgroup) {
    if (!__libc_single_threaded)
        throw std::logic_error("internal error: a process with threads cannot be cloned");
    int pidfd = -1;
    clone_args args{};
    args.flags = flags | CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    args.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD;
    if (flags & CLONE_INTO_CGROUP)
        args.cgroup = static_cast<std::uint64_t>(cgroup.get());
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        throw SysError(errno, "create process");
    if (pid == 0)
        cloned = true;
    Child child(static_cast<pid_t>(pid), pid == 0 ? Fd() : Fd(pidfd));
    if (flags & CLONE_PARENT)
        child.release();
    return child;
}

std::optional<pid_t> parse_pid(std::string_view text) {
    pid_t pid = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, pid);
    if (error != std::errc{} || at != end || pid <= 0 || text.front() == '0')
        return std::nullopt;
    return pid;
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

int close_all_but(std::initializer_list<int> kept) noexcept {
    unsigned from = 3;
    for (const int one : kept) {
        const auto fd = static_cast<unsigned>(one);
        if (fd > from && close_range(from, fd - 1, 0) < 0)
            return errno;
        from = std::max(from, fd + 1);
    }
    return close_range(from, ~0U, 0) < 0 ? errno : 0;
}

void reset_signals() noexcept {
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

void end_as(const ExitStatus& status) noexcept {
    if (status.signal != 0) {
        reset_signals();
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)kill(getpid(), status.signal);
    }
    _exit(status.code);
}

void set_oom_score(const char* adjustment) noexcept {
    const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    (void)!write(file, adjustment, strlen(adjustment));
    close(file);
}

void adopt_orphans(bool adopt) {
    if (prctl(PR_SET_CHILD_SUBREAPER, adopt ? 1 : 0) < 0)
        throw SysError(errno, "adopt orphans");
}

std::vector<pid_t> find_children() {
    const std::string text =
        sys::read_file("/proc/self/task/" + std::to_string(getpid()) + "/children");
    std::vector<pid_t> children;
    for (const char* at = text.c_str(); *at;) {
        char* end = nullptr;
        const auto pid = static_cast<pid_t>(std::strtol(at, &end, 10));
        if (end == at)
            break;
        children.push_back(pid);
        at = *end == ' ' ? end + 1 : end;
    }
    return children;
}

void kill_descendants() {
    // One process may only be gone once another is reaped: the init of a pid namespace waits for
    // processes that were put there. Children of a killed process become this process's, and the
    // next round finds them.
    for (std::vector<pid_t> children; !(children = find_children()).empty();) {
        for (const pid_t child : children)
            (void)kill(child, SIGKILL);
        (void)waitpid(-1, nullptr, 0);
    }
}

// The fields of a line of proc_pid_stat(5) from the third on, the state, up to the line's end. The
// command's name is in parentheses and may hold anything: they are counted after the last one.
static std::string_view fields_of(std::string_view stat) {
    const std::size_t end = stat.rfind(')');
    return end == std::string_view::npos || end + 2 >= stat.size() ? std::string_view()
                                                                   : stat.substr(end + 2);
}

// The field of that number in proc_pid_stat(5), and all behind it.
static std::string_view field_of(std::string_view fields, int number) {
    for (int field = 3; field < number; ++field) {
        const std::size_t space = fields.find(' ');
        if (space == std::string_view::npos)
            return {};
        fields.remove_prefix(space + 1);
    }
    return fields;
}

static unsigned long number_in(std::string_view fields, int number) {
    return std::strtoul(std::string(field_of(fields, number)).c_str(), nullptr, 10);
}

// Nothing if there is no such process or thread.
static std::optional<std::string> read_stat(const std::string& dir) {
    try {
        return std::string(fields_of(sys::read_file(dir + "/stat")));
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT || error.errnum() == ESRCH)
            return std::nullopt;
        throw;
    }
}

static bool is_zombie(std::string_view fields) {
    return fields.empty() || fields[0] == 'Z' || fields[0] == 'X';
}

// Nothing if there is no such process, or only a zombie. A process whose main thread has ended
// looks like one, and runs for as long as it has another.
static std::optional<std::string> read_live_stat(pid_t pid) {
    constexpr int kThreads = 20;
    std::optional<std::string> fields = read_stat("/proc/" + std::to_string(pid));
    if (fields && is_zombie(*fields) && number_in(*fields, kThreads) <= 1)
        return std::nullopt;
    return fields;
}

std::optional<std::uint64_t> find_start_time(pid_t pid) {
    const std::optional<std::string> fields = read_live_stat(pid);
    return fields ? std::optional<std::uint64_t>(number_in(*fields, 22)) : std::nullopt;
}

bool has_lost_main_thread(pid_t pid) {
    const std::optional<std::string> fields = read_live_stat(pid);
    return fields && is_zombie(*fields);
}

bool is_ending(pid_t pid) {
    constexpr unsigned long kExiting = 0x4;  // PF_EXITING of linux/sched.h
    constexpr int kFlags = 9;
    const std::optional<std::string> fields = read_live_stat(pid);
    if (!fields || !is_zombie(*fields))
        return !fields || (number_in(*fields, kFlags) & kExiting) != 0;
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    std::error_code none;  // a process that goes has no thread that does not
    for (const auto& task : std::filesystem::directory_iterator(tasks, none)) {
        const std::optional<std::string> thread = read_stat(task.path().string());
        if (thread && !is_zombie(*thread) && (number_in(*thread, kFlags) & kExiting) == 0)
            return false;
    }
    return true;
}

}  // namespace vps
