#include "context/context_child.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>

#include "sys/caught_signals.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// The caller's own would stay open for those at their other ends.
void let_go_of_streams() noexcept {
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
        (void)dup2(nothing, stream);
}

void die_with(pid_t caller) noexcept {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != caller)
        _exit(127);
}

void pass_on(int signal) {
    for (const pid_t child : find_children()) {
        (void)kill(-child, signal);
        if (signal == SIGKILL)
            (void)kill(child, signal);  // it need not have come to a session of its own
    }
}

// Reaps who has ended. Ends as the command if that was it: it may be the first to end, because
// `entering` can be frozen with the VPS.
void reap(pid_t entering) noexcept {
    siginfo_t info{};
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0) {
        if (info.si_pid != entering) {
            ExitStatus status;
            (info.si_code == CLD_EXITED ? status.code : status.signal) = info.si_status;
            end_as(status);
        }
        info.si_pid = 0;
    }
    if (errno == ECHILD)
        _exit(127);  // nobody has entered
}

// The life of the reaper. `entering` makes the command's process, a child of the reaper.
[[noreturn]] void run_reaper(FdRef orders, FdRef endings, pid_t entering) {
    for (;;) {
        errno = 0;
        reap(entering);
        pollfd events[]{{endings.get(), POLLIN, 0}, {orders.get(), POLLIN, 0}};
        if (poll(events, std::size(events), -1) < 0)
            continue;
        sys::take_signals(endings, [](int) {});
        int signal = 0;
        if (events[1].revents == 0)
            continue;
        if (read(orders.get(), &signal, sizeof signal) == sizeof signal)
            pass_on(signal);
        else
            orders = FdRef(-1);  // none will come: its owner has let go of the command
    }
}

[[noreturn]] void become_reaper(pid_t caller, Fd orders, const std::function<Child()>& enter) {
    try {
        die_with(caller);
        setsid();
        // Whoever signals the caller means the command, and the caller passes that on.
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT})
            (void)::signal(signal, SIG_IGN);
        const Fd endings = sys::catch_signals(std::array{SIGCHLD});
        Child entering = enter();
        entering.release();
        let_go_of_streams();
        const auto [low, high] = std::minmax({orders.get(), endings.get()});
        (void)close_all_but({low, high});
        run_reaper(orders, endings, entering.pid());
    } catch (const std::exception&) {
        _exit(127);
    }
}

}  // namespace

ContextChild::ContextChild(const std::function<Child()>& enter) {
    const pid_t caller = getpid();
    auto [ours, its] = sys::socketpair();
    reaper_ = clone_process();
    if (reaper_.pid() == 0)
        become_reaper(caller, std::move(its), enter);
    orders_ = std::move(ours);
}

ContextChild& ContextChild::operator=(ContextChild&& other) noexcept {
    if (this != &other) {
        kill_and_wait();
        reaper_ = std::move(other.reaper_);
        orders_ = std::move(other.orders_);
    }
    return *this;
}

ContextChild::~ContextChild() {
    kill_and_wait();
}

void ContextChild::signal(int signal) const noexcept {
    (void)!send(orders_.get(), &signal, sizeof signal, MSG_NOSIGNAL);
}

void ContextChild::release() noexcept {
    reaper_.release();
    orders_.reset();
}

std::optional<ExitStatus> ContextChild::wait(const Deadline& deadline) {
    return reaper_.wait(deadline);
}

void ContextChild::kill_and_wait() noexcept {
    if (reaper_.pid() <= 0 || !orders_)
        return;
    signal(SIGKILL);
    try {
        (void)reaper_.wait();
    } catch (const std::exception&) {
        reaper_.kill_and_wait();
    }
}

}  // namespace vps
