// System calls that throw SysError and open everything with O_CLOEXEC; nothing else differs from
// the call of the same name. Not for use between clone and exec (they allocate and throw).
#pragma once

#include <fcntl.h>
#include <sys/mount.h>

#include <cstdint>
#include <string>
#include <utility>

#include "sys/exit_code.hh"
#include "sys/fd.hh"

namespace vps::sys {

Fd open(const std::string& path, int flags, mode_t mode = 0);
Fd openat(FdRef dir, const std::string& path, int flags, mode_t mode = 0);
// openat2(2) with RESOLVE_IN_ROOT: `path` is looked up as a process chrooted to `root` would.
// Returns an empty Fd for ENOENT, ENOTDIR and ELOOP: the name does not exist there.
Fd find_in_root(FdRef root, const std::string& path, int flags);
std::pair<Fd, Fd> pipe();
std::pair<Fd, Fd> socketpair();  // AF_UNIX, SOCK_SEQPACKET
Fd pidfd_open(pid_t pid);
void pidfd_send_signal(FdRef pidfd, int signal);  // a process that is gone is no error
void mkdir_all(const std::string& path, mode_t mode);
// Removes a file that need not be there; true if it was.
bool unlink_if_there(const std::string& path);
// Locks a directory (flock(2)) until the descriptor is closed; waits for others, who hold the lock
// for a moment only.
Fd lock_directory(const std::string& path);
// Has the names in a directory written to disk (fsync(2)).
void sync_directory(const std::string& path);
Fd duplicate(FdRef fd);  // above the standard streams
std::string readlink(const std::string& path);
std::string realpath(const std::string& path);

// The text of a small file (proc, sys, run, a script); throws past `limit` bytes.
std::string read_file(const std::string& path, std::size_t limit = 1 << 20);
std::string read_all(FdRef fd, const std::string& path, std::size_t limit = 1 << 20);
// The text of a file of one line (of sys), without the line's end.
std::string read_line(const std::string& path);
// Writes the whole of `content`; `path` is for the error.
void write_all(FdRef file, const std::string& content, const std::string& path);
// Creates or replaces `path` atomically (a temporary name beside it, then rename). Not synced.
void replace_file(const std::string& path, const std::string& content, mode_t mode = 0644);

}  // namespace vps::sys
