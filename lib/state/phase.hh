// How far a VPS got, and the one table of the steps that may follow each other. The names are those
// of /run/vps/N/state; vps@.service(5) lists the phases, DESIGN.md (state) draws them.
#pragma once

#include <array>
#include <string_view>

namespace vps {

enum class Phase {
    None,         // no state: not mounted, nothing left
    Mounting,     // premount scripts, the mount, mount scripts
    Mounted,      // vps-mount is done
    Starting,     // the VPS context is being made; N.start
    Running,      // init is (about to be) executed
    Stopping,     // N.stop has agreed; init is powering off
    Umounting,    // umount scripts
    Dismounting,  // the umount scripts agreed
    Postumount,   // nothing is mounted any more
};

// The scripts that are owed to a VPS which an operation that was cut off left in a phase.
enum class Scripts {
    None,        // dismounting only: the VPS never was in use
    Umount,      // umount scripts, dismounting, postumount scripts
    Postumount,  // umount scripts have agreed already
};

struct PhaseRow {
    Phase phase;
    std::string_view name;
    Scripts owed;
};

inline constexpr std::array kPhases{
    PhaseRow{Phase::None, "none", Scripts::None},
    PhaseRow{Phase::Mounting, "mounting", Scripts::None},
    PhaseRow{Phase::Mounted, "mounted", Scripts::Umount},
    PhaseRow{Phase::Starting, "starting", Scripts::None},
    PhaseRow{Phase::Running, "running", Scripts::Umount},
    PhaseRow{Phase::Stopping, "stopping", Scripts::Umount},
    PhaseRow{Phase::Umounting, "umounting", Scripts::Umount},
    PhaseRow{Phase::Dismounting, "dismounting", Scripts::Postumount},
    PhaseRow{Phase::Postumount, "postumount", Scripts::Postumount},
};

struct Transition {
    Phase from, to;
    std::string_view cause;
};

// The steps of a life in their order, then the steps that failures add. A failed start runs umount
// scripts only with START_FAILURE_UMOUNT_SCRIPTS=yes.
inline constexpr std::array kTransitions{
    Transition{Phase::None, Phase::Mounting, "a start, or vps-mount by hand"},
    Transition{Phase::Mounting, Phase::Mounted, "the mount scripts have succeeded"},
    Transition{Phase::Mounted, Phase::Starting, "vps-run begins"},
    Transition{Phase::Starting, Phase::Running, "N.start has succeeded"},
    Transition{Phase::Running, Phase::Stopping, "N.stop has agreed, or is overridden"},
    Transition{Phase::Running, Phase::Umounting, "halt, reboot or crash of init"},
    Transition{Phase::Stopping, Phase::Umounting, "init has powered off or was killed"},
    Transition{Phase::Umounting, Phase::Dismounting, "the umount scripts have agreed"},
    Transition{Phase::Dismounting, Phase::Postumount, "everything is dismounted"},
    Transition{Phase::Postumount, Phase::None, "the postumount scripts have run"},

    Transition{Phase::Stopping, Phase::Running, "the stop came to no end, the VPS is adopted"},
    Transition{Phase::Running, Phase::Starting, "init could not be executed"},
    Transition{Phase::Mounting, Phase::None, "a failed start"},
    Transition{Phase::Mounted, Phase::None, "a failed start"},
    Transition{Phase::Starting, Phase::None, "a failed start"},
    Transition{Phase::Mounting, Phase::Umounting, "a failed start, with its umount scripts"},
    Transition{Phase::Starting, Phase::Umounting, "a failed start, with its umount scripts"},
    Transition{Phase::Mounted, Phase::Umounting, "vps-umount by hand"},
};

constexpr const PhaseRow& row_of(Phase phase) {
    return kPhases[static_cast<std::size_t>(phase)];
}

// To stay in a phase is no transition, and always allowed: an operation is tried again.
constexpr bool may_follow(Phase from, Phase to) {
    if (from == to)
        return true;
    for (const Transition& row : kTransitions)
        if (row.from == from && row.to == to)
            return true;
    return false;
}

}  // namespace vps
