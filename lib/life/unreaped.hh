// What keeps a VPS whose init has been killed from being gone.
#pragma once

#include <sys/types.h>

#include <string>

namespace vps {

// Why init "does not die", as words for an error message. The kernel ends a pid namespace once each
// process of it has been reaped (pid_namespaces(7)): names a process that has ended and that its
// parent on the host, nsenter(1) say, has not waited for. Else init hangs in the kernel.
std::string describe_unending(pid_t init);

}  // namespace vps
