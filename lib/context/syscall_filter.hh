// The system calls that a VPS must not make because they would change the host, not the VPS:
// seccomp(2) filters. They are compiled when the project is built (make_syscall_filter.cc, where
// the lists are), so that a start only has to load them; the one of the families of sockets gets
// its list when it is loaded.
#pragma once

#include <cstdint>

namespace vps {

// The facts that decide on the filters of a VPS.
struct FilteredVps {
    bool user_namespace;  // its own: the kernel itself then refuses to change file systems
    bool io_uring;        // it may use io_uring, whose requests no filter sees
    bool old_32_bit;      // its programs make sockets by socketcall(2), which cannot be filtered
    std::uint64_t socket_families;  // bit AF_x of each that it may have beside those of all VPSes
};

// Has uname(2) say i686 in a VPS whose init is a 32-bit program, as vzctl had it: what is built and
// installed there would be for x86_64 otherwise (personality(2), PER_LINUX32). For the calling
// process and its descendants. Returns 0 or an errno. Safe between clone and exec.
int take_personality(const FilteredVps& vps) noexcept;

// Loads the filters into the calling process, for it and all its descendants. Needs CAP_SYS_ADMIN,
// so that set-user-ID programs go on working (no_new_privs is not set). Returns 0 or an errno. Safe
// between clone and exec.
int install_syscall_filter(const FilteredVps& vps) noexcept;

}  // namespace vps
