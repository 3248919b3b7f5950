// Child processes as pid and pidfd together, how they ended, and a process's identity over time.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sys/fd.hh"

namespace vps {

// How a process ended, as waitid(2) tells: by its exit code or by a signal.
struct ExitStatus {
    int code = 0;    // exit code, if signal is 0
    int signal = 0;  // the signal that killed it, else 0
    [[nodiscard]] bool success() const { return code == 0 && signal == 0; }
    // "exit code 3" or "signal SIGKILL"
    [[nodiscard]] std::string to_string() const;
};

using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // none: wait for ever
Deadline deadline_after(std::optional<unsigned> seconds);
// Milliseconds until then for poll(2), rounded up; -1 for none, 0 when it has passed.
int milliseconds_until(const Deadline& deadline);

// A child process, which is killed and reaped with its owner unless it was released or waited for.
class [[nodiscard]] Child {
  public:
    Child() = default;
    Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    Child(Child&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)),
          pidfd_(std::move(other.pidfd_)),
          released_(other.released_) {}
    Child& operator=(Child&& other) noexcept;
    ~Child();

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const Fd& pidfd() const { return pidfd_; }

    // The child outlives its owner, who can still wait for it.
    void release() noexcept { released_ = true; }

    // Reaps the child and returns how it ended; nothing when the deadline passed first, or
    // `request` could be read.
    [[nodiscard]] std::optional<ExitStatus> wait(const Deadline& deadline = {},
                                                 FdRef request = FdRef(-1));
    void kill_and_wait() noexcept;

  private:
    pid_t pid_ = -1;
    Fd pidfd_;
    bool released_ = false;
};

// clone3(2) with `flags` (CLONE_NEW*, CLONE_INTO_CGROUP with `cgroup`) and CLONE_PIDFD, as fork(2):
// the child has pid() == 0. The child goes on with a copy of this thread only, and whatever another
// one was about to do, a lock of malloc's for instance, would stay so for ever: throws
// std::logic_error in a process that has had a second thread. With CLONE_PARENT our parent reaps
// it, so it is released. Throws SysError in the parent.
Child clone_process(std::uint64_t flags = 0, FdRef cgroup = FdRef(-1));

// True in a process that clone_process() has made: such a process may enter a VPS.
bool is_clone() noexcept;

// The pid that `text` spells in plain decimal, as the names in /proc do; nothing for other text.
std::optional<pid_t> parse_pid(std::string_view text);

// The form in which execve(2) takes these words: a pointer to each, and null. The words must
// outlive it.
std::vector<char*> pointers_to(const std::vector<std::string>& words);

// Closes all descriptors from 3 on but the kept ones, which are in ascending order. Returns 0 or an
// errno. Safe after clone.
int close_all_but(std::initializer_list<int> kept) noexcept;

// Sets every signal to its default and blocks none; for a child, before exec. Safe after clone.
void reset_signals() noexcept;

// Ends the calling process as another has ended: with its exit code, or by its signal and without a
// core dump.
[[noreturn]] void end_as(const ExitStatus& status) noexcept;

// Sets how much sooner (up to 1000) or later (down to -1000) than others of its size the calling
// process is killed for want of memory (proc_pid_oom_score_adj(5)). Leaves the score as it is where
// that is not allowed. Safe after clone.
void set_oom_score(const char* adjustment) noexcept;

// Makes orphans among the caller's descendants its children (PR_SET_CHILD_SUBREAPER), so that
// kill_descendants() finds them; or no longer.
void adopt_orphans(bool adopt = true);

// The caller's children, those that have ended included. Their pids stay theirs until it reaps
// them.
std::vector<pid_t> find_children();

// Kills and reaps every process that descends from the caller.
void kill_descendants();

// Start time of a process in clock ticks since boot (proc_pid_stat(5), field 22); with the pid it
// names a process for the time of a boot. Nothing if there is no such process, or only a zombie.
std::optional<std::uint64_t> find_start_time(pid_t pid);

// True for a process whose main thread has ended while others run on. It ends with the last of
// them; until then nobody can enter its namespaces by its pid, look at its root or trace it.
bool has_lost_main_thread(pid_t pid);

// True when the process's exit has begun; if the process is the init of a pid namespace, the kernel
// is killing all others there. Also true when there is no such process any more.
bool is_ending(pid_t pid);

// While a TerminationRequest exists, SIGTERM does not end the program but makes fd() readable:
// systemd sends it when the time of a unit's start or stop is over, and children of the program
// have to end first.
class TerminationRequest {
  public:
    TerminationRequest();
    ~TerminationRequest();
    TerminationRequest(const TerminationRequest&) = delete;
    TerminationRequest& operator=(const TerminationRequest&) = delete;
    [[nodiscard]] FdRef fd() const { return signals_; }
    [[nodiscard]] bool came() const;
    // The request is being met: what was begun is undone. True if there was one.
    bool heed() noexcept;

  private:
    sigset_t before_;
    Fd signals_;
};

// True when pidfd's process has ended (it polls readable), waiting until the deadline at most,
// or until `request` can be read.
bool wait_for_end(FdRef pidfd, const Deadline& deadline, FdRef request = FdRef(-1));

}  // namespace vps
