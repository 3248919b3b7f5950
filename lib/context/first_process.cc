#include "context/first_process.hh"

#include <linux/sched.h>
#include <sys/resource.h>

#include "sys/acting_as.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_INTO_CGROUP;

// A user namespace that somebody but root makes is bound to its maker's limit of processes for
// ever. NUMPROC limits a VPS's processes. A host's root that lacks CAP_SYS_RESOURCE (in a
// container) gives what it may.
class WithoutProcessLimit {
  public:
    WithoutProcessLimit() {
        constexpr rlimit kNone{RLIM_INFINITY, RLIM_INFINITY};
        if (prlimit(0, RLIMIT_NPROC, nullptr, &before_) < 0)
            throw SysError(errno, "read the limit of processes");
        const rlimit most{before_.rlim_max, before_.rlim_max};
        if (prlimit(0, RLIMIT_NPROC, &kNone, nullptr) < 0 &&
            prlimit(0, RLIMIT_NPROC, &most, nullptr) < 0)
            throw SysError(errno, "lift the limit of processes");
    }
    WithoutProcessLimit(const WithoutProcessLimit&) = delete;
    WithoutProcessLimit& operator=(const WithoutProcessLimit&) = delete;
    ~WithoutProcessLimit() { (void)prlimit(0, RLIMIT_NPROC, &before_, nullptr); }

  private:
    rlimit before_{};
};

}  // namespace

Child clone_first_process(const std::optional<UserIds>& ids, FdRef cgroup) {
    if (!ids)
        return clone_process(kNamespaces, cgroup);
    const WithoutProcessLimit unlimited;  // its end gives the child the limit, too
    const ActingAs owner(ids->first_uid);
    return clone_process(kNamespaces | CLONE_NEWUSER, cgroup);
}

}  // namespace vps
