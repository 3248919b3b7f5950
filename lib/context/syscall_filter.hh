// The system calls that a VPS must not make because they would change the host, not the VPS:
// a seccomp(2) deny list. It is compiled when the project is built (make_syscall_filter.cc, where
// the table is), so that a start only has to load it.
#pragma once

namespace vps {

// Loads the filter into the calling process, for it and all its descendants. Needs CAP_SYS_ADMIN,
// so that set-user-ID programs go on working (no_new_privs is not set). Returns 0 or an errno. Safe
// between clone and exec.
int install_syscall_filter() noexcept;

}  // namespace vps
