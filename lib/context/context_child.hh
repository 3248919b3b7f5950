// The command in a VPS context, whose parent is a process of its own: the reaper of the command.
//
// The kernel ends a pid namespace once each process of it has been reaped. A caller that is its
// command's parent and has been stopped, as by Ctrl-Z on `vps-enter 101 tar c . | gzip`, would keep
// the VPS from ending. The reaper is in a session of its own, where no terminal stops it, reaps the
// command, and ends as the command has. It dies with the caller.
#pragma once

#include <functional>
#include <optional>

#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

// Kills the command with its owner unless it was released or waited for.
class [[nodiscard]] ContextChild {
  public:
    ContextChild() = default;
    // Calls `enter` in the reaper, which has no standard streams afterwards, nor any other
    // descriptor: it returns the child that makes the command's process, by clone(2) with
    // CLONE_PARENT; or it throws, and the reaper exits. Throws SysError.
    explicit ContextChild(const std::function<Child()>& enter);
    ContextChild(ContextChild&&) noexcept = default;
    ContextChild& operator=(ContextChild&& other) noexcept;
    ~ContextChild();

    // Can be read once the command has ended (pidfd_open(2)).
    [[nodiscard]] const Fd& pidfd() const { return reaper_.pidfd(); }
    // Sends the signal to the command and to what has stayed in its session.
    void signal(int signal) const noexcept;
    // What the command does when its owner has gone is its own affair.
    void release() noexcept;
    // Returns how the command ended; nothing when the deadline passed first.
    [[nodiscard]] std::optional<ExitStatus> wait(const Deadline& deadline = {});
    void kill_and_wait() noexcept;

  private:
    Child reaper_;
    Fd orders_;  // signals, as int each; closed once the command is on its own
};

}  // namespace vps
