#include "context/first_process.hh"

#include <linux/sched.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_INTO_CGROUP;

constexpr auto kUnchanged = static_cast<uid_t>(-1);

// While it exists, the calling process's effective user id is `id`; it keeps its capabilities, and
// opens files as root. Its real and saved id stay root's, so that no process of that id can signal
// or trace it.
class ActingAs {
  public:
    explicit ActingAs(uid_t id) : secure_(prctl(PR_GET_SECUREBITS)) {
        if (secure_ < 0 || prctl(PR_SET_SECUREBITS, secure_ | SECBIT_NO_SETUID_FIXUP) < 0)
            throw SysError(errno, "keep capabilities");
        if (setresuid(kUnchanged, id, kUnchanged) < 0) {
            const int error = errno;
            (void)prctl(PR_SET_SECUREBITS, secure_);
            throw SysError(error, "become the VPS's root");
        }
        (void)setfsuid(0);
    }
    ActingAs(const ActingAs&) = delete;
    ActingAs& operator=(const ActingAs&) = delete;
    ~ActingAs() {
        // In the child these calls fail: its user namespace has no ids yet. Nor can it be traced.
        if (is_clone())
            return;
        (void)setresuid(kUnchanged, 0, kUnchanged);
        (void)prctl(PR_SET_SECUREBITS, secure_);
        (void)prctl(PR_SET_DUMPABLE, 1);  // a change of ids takes it away
    }

  private:
    int secure_;
};

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
