// Reboots from inside are not starts that systemd counts: vps@.service has no start limit, because
// a refused stop must never run into one. A VPS that does nothing but reboot is limited here, at
// systemd's own default rate (systemd.unit(5), StartLimitBurst=).
#pragma once

#include <string>

#include "config/veid.hh"

namespace vps {

inline constexpr unsigned kRebootBurst = 5, kRebootInterval = 10;  // times, seconds

enum class RebootRate { Usual, Storm };

// Notes in /run/vps/N/reboots that the VPS reboots now, and says if it has rebooted too often. The
// file stays between a reboot and the start that follows; forget_reboots() ends it.
RebootRate note_reboot(Veid veid, const std::string& run_dir = "/run/vps");
void forget_reboots(Veid veid, const std::string& run_dir = "/run/vps");

}  // namespace vps
