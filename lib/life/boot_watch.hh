// START_WAIT: how a VPS's init says that it has booted. systemd says so by sd_notify(3), to a
// socket in the VPS's /dev; sysvinit and upstart note their runlevel in utmp(5); others have no
// word for it. All of that is from the VPS: it is read in small amounts, and does nothing but end
// the wait.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

// What NOTIFY_SOCKET is for the init of a VPS.
inline constexpr const char* kBootSocket = "/dev/.boot-notify";

// Made on the host, in the new /dev of a VPS, where its root alone may send to it.
class BootSocket {
  public:
    // Throws SysError.
    BootSocket(FdRef dev, uid_t owner, gid_t group);

    [[nodiscard]] FdRef fd() const { return socket_; }

    // Takes some of what has come; true when init, by its pid on the host, has said READY=1.
    bool hear_ready(pid_t init) const;

  private:
    Fd socket_;
};

// True when the text has a line "READY=1".
bool says_ready(std::string_view message);

// True when records of utmp(5) say that a runlevel from 2 to 5 was entered at `since` (seconds of
// the epoch) or later, and that the script of sysvinit's for it, if there is one, has ended.
bool is_at_runlevel(std::string_view utmp, std::int64_t since);

// Waits for one of the two, from the exec of init on.
class BootWatch {
  public:
    // Nothing if init is of a kind that does not say. Takes the capabilities that it needs to look
    // into the VPS's root. Throws SysError.
    static std::optional<BootWatch> begin(BootSocket socket, pid_t init);

    // Can be read when there is something new.
    [[nodiscard]] FdRef fd() const { return socket_ ? socket_->fd() : FdRef(reader_.pidfd()); }

    // Takes it; true when init has booted. From then on fd() is closed.
    bool has_booted();

  private:
    BootWatch() = default;

    pid_t init_ = -1;
    std::optional<BootSocket> socket_;
    Child reader_;  // of utmp: reading a file of the VPS can take as long as the VPS likes
};

}  // namespace vps
