// Makes the VPS context and becomes its init. Runs in the first process of the VPS, forked by
// vps-run as root in the VPS's scope and in new user, pid, mount, uts, ipc and network namespaces.
// A failure leaves nothing behind: the namespaces go with the process.
#pragma once

#include <string>
#include <vector>

#include "context/capabilities.hh"
#include "context/init_program.hh"
#include "context/syscall_filter.hh"
#include "sys/child_report.hh"
#include "sys/fd.hh"

namespace vps {

// Everything that the steps need, prepared before the clone: no step allocates.
struct ContextSetup {
    std::string mount_point;     // VE_ROOT in the host's tree, where the root is attached
    FilteredVps filtered;        // whether it is in a user namespace of its own, and more
    CapabilitySet capabilities;  // its bounding set
    std::string hostname;        // for uts_namespaces(7)
    std::string groups;          // the first and the last that it has, "0 65535"
    // the mount options of its devpts
    std::string terminal_options = "newinstance,ptmxmode=0666,mode=0620,gid=5";
    std::vector<std::string> environment;
    int channel = -1;   // the VPS's end of the socket pair to the supervisor
    int launcher = -1;  // the program that executes init; the supervisor sends it
    std::vector<std::string> launch_words;
    std::vector<char*> words, envp;
    bool named_hierarchy = false;  // its cgroups are those of version 1 (named_hierarchy.hh)
    int proc = -1, sys = -1;       // of the VPS, mounts that are not attached yet
    int root = -1;           // the copy of VE_ROOT, a detached mount that the supervisor sends
    std::size_t mounts = 0;  // mounts below the root, yet to be received
    std::size_t views = 0;   // mounts over files of /proc and /sys
};

// The supervisor says: here is the root; N.start is done, execute init by the launcher
// (SCM_RIGHTS).
enum class SetupSignal : char { Root = 'r', Go = 'g' };

// The supervisor sends the root (SCM_RIGHTS) when the ids are mapped. `mounts` messages follow,
// each the path below the root of a mount to be attached there, and the mount; then `views` of the
// same kind with the paths of files of /proc and /sys, and one with kDev and a /dev with its nodes.
inline constexpr char kDev[] = "/dev";
struct SetupRoot {
    SetupSignal signal;
    std::size_t mounts, views;
};

// Fills in the words and environment with which init is executed. `setup.environment` must be
// complete, and `setup` must not be moved any more.
void prepare_launch(ContextSetup& setup);

// The steps of the first process, which tells the supervisor by a ChildReport which one failed or,
// with error 0 and the master of its console attached (SCM_RIGHTS), that the context is up.
extern const StepNames kSetupSteps;

[[noreturn]] void become_init(ContextSetup& setup) noexcept;

}  // namespace vps
