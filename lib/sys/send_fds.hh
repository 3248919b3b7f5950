// File descriptors over a unix socket (SCM_RIGHTS of unix(7)). Safe between clone and exec.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace vps {

inline constexpr std::size_t kMaxSentFds = 4;

// Sends `size` bytes, at least one, and `count` descriptors. Returns 0 or an errno.
int send_fds(int socket, const void* data, std::size_t size, const int* fds,
             std::size_t count) noexcept;

// Receives up to `size` bytes and up to `count` descriptors, close-on-exec; a descriptor that was
// not sent is -1. Returns the number of bytes, 0 at the end, -1 with errno: EMFILE, and no
// descriptor, where not all of them could be received (MSG_CTRUNC), since this process has too many
// open, or more than kMaxSentFds were sent.
ssize_t receive_fds(int socket, void* data, std::size_t size, int* fds, std::size_t count) noexcept;

}  // namespace vps
