// Exit codes of every program here: vzctl's numbers, so that scripts written for it keep working.
// The one table; the manual's list and the tests are checked against it.
#pragma once

#include <array>
#include <string_view>

namespace vps {

enum class ExitCode : int {
    Ok = 0,
    System = 3,
    Locked = 9,
    NoVzConf = 10,
    NoVpsConf = 14,
    Usage = 20,
    BadValue = 21,
    NoVeRoot = 22,
    NoVePrivate = 23,
    NotRunning = 31,
    Running = 32,
    CannotStop = 33,
    CannotAddIp = 34,
    NotMounted = 40,
    Mounted = 41,
    NoPrivateArea = 43,
    NoInit = 47,
    CannotMount = 50,
    CannotDismount = 51,
    NoDiskQuota = 60,
    BadIp = 71,
    IpInUse = 78,
    ScriptFailed = 79,
    Ploop = 99,
    NetdevFailed = 104,
    Disabled = 105,
    VethFailed = 130,
    Reboot = 133,
};

struct ExitCodeRow {
    ExitCode code;
    std::string_view meaning;
};

inline constexpr std::array kExitCodes{
    ExitCodeRow{ExitCode::Ok, "done, or nothing to do"},
    ExitCodeRow{ExitCode::System, "other system error"},
    ExitCodeRow{ExitCode::Locked, "another operation on this VPS is under way"},
    ExitCodeRow{ExitCode::NoVzConf, "no vz.conf"},
    ExitCodeRow{ExitCode::NoVpsConf, "no configuration file of that VPS"},
    ExitCodeRow{ExitCode::Usage, "wrong usage, or VEID out of range"},
    ExitCodeRow{ExitCode::BadValue, "a setting that guards the VPS is unusable"},
    ExitCodeRow{ExitCode::NoVeRoot, "VE_ROOT is not set"},
    ExitCodeRow{ExitCode::NoVePrivate, "VE_PRIVATE is not set"},
    ExitCodeRow{ExitCode::NotRunning, "the VPS is not running"},
    ExitCodeRow{ExitCode::Running, "the VPS is running, here or on another host"},
    ExitCodeRow{ExitCode::CannotStop, "the VPS cannot be stopped"},
    ExitCodeRow{ExitCode::CannotAddIp, "an address of the VPS cannot be set up"},
    ExitCodeRow{ExitCode::NotMounted, "the private area is not mounted"},
    ExitCodeRow{ExitCode::Mounted, "something is mounted already"},
    ExitCodeRow{ExitCode::NoPrivateArea, "the private area does not exist"},
    ExitCodeRow{ExitCode::NoInit, "there is no init in the VPS"},
    ExitCodeRow{ExitCode::CannotMount, "cannot mount"},
    ExitCodeRow{ExitCode::CannotDismount, "cannot dismount"},
    ExitCodeRow{ExitCode::NoDiskQuota, "the disk quota cannot be applied"},
    ExitCodeRow{ExitCode::BadIp, "an IP address is unusable"},
    ExitCodeRow{ExitCode::IpInUse, "an IP address of the VPS is in use already"},
    ExitCodeRow{ExitCode::ScriptFailed, "an action script failed"},
    ExitCodeRow{ExitCode::Ploop, "the private area is a ploop image"},
    ExitCodeRow{ExitCode::NetdevFailed, "a network device of the host cannot be moved"},
    ExitCodeRow{ExitCode::Disabled, "the VPS is disabled"},
    ExitCodeRow{ExitCode::VethFailed, "a device of NETIF cannot be set up"},
    ExitCodeRow{ExitCode::Reboot,
                "the VPS rebooted from inside (between the unit and its supervisor)"},
};

}  // namespace vps
