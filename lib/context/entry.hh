// The child's side of entering a running VPS: from clone to the launcher. It runs as root in the
// VPS's cgroup, first in the host's namespaces, then in the VPS's, and never returns: no step
// allocates or throws, and each failure is told through the channel (enter.cc).
#pragma once

#include "context/capabilities.hh"
#include "context/command.hh"
#include "context/syscall_filter.hh"
#include "limits/init_limits.hh"
#include "sys/child_report.hh"

namespace vps {

// The messages that go up the channel until the launcher is executed.
enum class News : int {
    Streams,     // our ends of its streams come along
    NotEntered,  // failure: of kEntrySteps
};

struct Report {
    News news;
    ChildReport failure;
};

extern const StepNames kEntrySteps;

// Everything that the way needs, prepared before the clone.
struct Entry {
    int namespaces;
    FilteredVps filtered;        // as the VPS's init
    CapabilitySet capabilities;  // as the VPS's init
    InitLimits limits;
    int named_group;  // of a VPS that has one (named_hierarchy.hh), or -1
    int init, channel, text;
    int launcher, launch_report;
    const ContextCommand* command;
    char* const* words;  // of the launcher
    char* const* envp;
};

// Tells that the first process was not born in a cgroup of the VPS.
void tell_unborn(int channel, int error) noexcept;

// Enters and executes the launcher: the process inside is a child of the caller's parent
// (context_child.hh).
[[noreturn]] void enter_context(const Entry& entry) noexcept;

// Takes the ids of root in the user namespace that the process is in. Returns 0 or an errno.
int become_root_inside() noexcept;

}  // namespace vps
