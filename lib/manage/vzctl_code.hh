// Exit codes that vzctl alone has: no program of a unit ends with one of these. The codes that they
// share are in sys/exit_code.hh. vzctl(8) lists both.
#pragma once

#include <array>
#include <string_view>

#include "sys/exit_code.hh"

namespace vps::vzctl_code {

inline constexpr ExitCode kUnsupported{5};
inline constexpr ExitCode kCommandFailed{8};
inline constexpr ExitCode kNoScript{11};
inline constexpr ExitCode kNoCheckpoint{16};
inline constexpr ExitCode kNoRestore{17};
inline constexpr ExitCode kNoTemplateDir{24};
inline constexpr ExitCode kNoTemplateGiven{29};
inline constexpr ExitCode kAreaExists{44};
inline constexpr ExitCode kNoArea{48};
inline constexpr ExitCode kCannotRemove{52};
inline constexpr ExitCode kQuotaOff{66};
inline constexpr ExitCode kBadPassword{74};
inline constexpr ExitCode kNoConfig{82};
inline constexpr ExitCode kNoTemplate{91};
inline constexpr ExitCode kNoSample{109};
inline constexpr ExitCode kReinstall{128};
inline constexpr ExitCode kBadName{131};
inline constexpr ExitCode kCannotSave{139};
inline constexpr ExitCode kRegister{140};
inline constexpr ExitCode kUnregister{142};
inline constexpr ExitCode kNoSnapshot{156};
inline constexpr ExitCode kSnapshotDelete{158};
inline constexpr ExitCode kSnapshotSwitch{159};
inline constexpr ExitCode kSnapshotMount{160};
inline constexpr ExitCode kSnapshotUmount{161};
inline constexpr ExitCode kSnapshotList{167};

struct Row {
    ExitCode code;
    std::string_view meaning;
};

inline constexpr std::array kRows{
    Row{kUnsupported, "not supported on a stock kernel"},
    Row{kCommandFailed, "the command of exec failed, or could not be run"},
    Row{kNoScript, "no such script on the host"},
    Row{kNoCheckpoint, "the state of a VPS cannot be dumped"},
    Row{kNoRestore, "the state of a VPS cannot be restored"},
    Row{kNoTemplateDir, "TEMPLATE is not set"},
    Row{kNoTemplateGiven, "no template is named"},
    Row{kAreaExists, "there is a private area already"},
    Row{kNoArea, "the private area cannot be made"},
    Row{kCannotRemove, "the private area cannot be removed"},
    Row{kQuotaOff, "the disk quota cannot be turned off"},
    Row{kBadPassword, "the password cannot be changed"},
    Row{kNoConfig, "no sample to begin with, or a configuration is there already"},
    Row{kNoTemplate, "no such template"},
    Row{kNoSample, "no such sample of a configuration"},
    Row{kReinstall, "the VPS cannot be reinstalled"},
    Row{kBadName, "the name cannot be given to the VPS"},
    Row{kCannotSave, "the configuration cannot be saved"},
    Row{kRegister, "the private area cannot be registered"},
    Row{kUnregister, "the VPS cannot be unregistered"},
    Row{kNoSnapshot, "the snapshot cannot be made"},
    Row{kSnapshotDelete, "the snapshot cannot be deleted"},
    Row{kSnapshotSwitch, "the VPS cannot be switched to the snapshot"},
    Row{kSnapshotMount, "the snapshot cannot be mounted"},
    Row{kSnapshotUmount, "the snapshot cannot be dismounted"},
    Row{kSnapshotList, "the snapshots cannot be listed"},
};

}  // namespace vps::vzctl_code
