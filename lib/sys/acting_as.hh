// The host's root acts with the id of a VPS's root: the kernel asks for the owner of a user
// namespace, or charges it.
#pragma once

#include <sys/types.h>

namespace vps {

// The host's id of root in the user namespace of a process; 0 in the host's own. Throws SysError.
uid_t find_root_id(pid_t pid);

// While it exists, the calling process's effective user id is `id`; it keeps its capabilities, and
// opens files as root. Its real and saved id stay root's, so that no process of that id can signal
// or trace it. Throws SysError.
class ActingAs {
  public:
    explicit ActingAs(uid_t id);
    ActingAs(const ActingAs&) = delete;
    ActingAs& operator=(const ActingAs&) = delete;
    ~ActingAs();

  private:
    int secure_;
};

}  // namespace vps
