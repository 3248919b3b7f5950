// START_WAIT: how a VPS's init says that it has booted. systemd says so by sd_notify(3), to a
// socket in the VPS's /dev; sysvinit and upstart note their runlevel in utmp(5); other inits have
// no word for it. Socket and utmp are the VPS's: they are read in small amounts, and do nothing but
// end the wait.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

// The value of NOTIFY_SOCKET for the init of a VPS.
inline constexpr const char* kBootSocket = "/dev/.boot-notify";

// A socket, made on the host in the new /dev of a VPS, to which only the VPS's root may send.
class BootSocket {
  public:
    // Throws SysError.
    BootSocket(FdRef dev, uid_t owner, gid_t group);
    explicit BootSocket(Fd socket) : socket_(std::move(socket)) {}

    [[nodiscard]] FdRef fd() const { return socket_; }

    // Takes some of the messages that have come; true when init, by its pid on the host, has said
    // READY=1.
    bool hear_ready(pid_t init) const;

  private:
    Fd socket_;
};

// True when the text has a line "READY=1".
bool says_ready(std::string_view message);

// True when records of utmp(5) say that a runlevel from 2 to 5 was entered at `since` (seconds of
// the epoch) or later, and that the script of sysvinit's for it, if there is one, has ended.
bool is_at_runlevel(std::string_view utmp, std::int64_t since);

// Waits for the socket or for utmp, from the exec of init on.
class BootWatch {
  public:
    // Returns nothing if init is of a kind that never says so. Takes the capabilities that it needs
    // to look into the VPS's root. Throws SysError.
    static std::optional<BootWatch> begin(BootSocket socket, pid_t init);

    // One that has begun in another program of this process: its fd() and its reader().
    BootWatch(pid_t init, Fd fd, pid_t reader);

    // The descriptor that can be read when there is news.
    [[nodiscard]] FdRef fd() const { return socket_ ? socket_->fd() : FdRef(reader_.pidfd()); }
    // The child that reads utmp; 0 where init speaks to the socket.
    [[nodiscard]] pid_t reader() const { return socket_ ? 0 : reader_.pid(); }

    // Takes the news; true when init has booted. From then on fd() is closed.
    bool has_booted();

  private:
    BootWatch() = default;

    pid_t init_ = -1;
    std::optional<BootSocket> socket_;
    Child reader_;  // reads utmp: a file of the VPS can take as long to read as the VPS likes
};

}  // namespace vps
