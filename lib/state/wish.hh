// What an administrator asks of one start or one stop beyond the configuration: a start of a
// disabled VPS, one that waits for the boot, a stop that asks nobody, or takes no refusal. systemd
// passes no arguments to the programs of a unit, so who waits for the unit's job leaves the wish in
// /run/vps/wishes/N meanwhile: vzctl, vps-stop --force, or the agent of a cluster (cluster/VPS). A
// wish holds while the process lives that has left it.
#pragma once

#include <string>

#include "config/config.hh"
#include "config/veid.hh"
#include "state/state.hh"

namespace vps {

struct Wish {
    bool starts_disabled = false;  // DISABLED=yes does not count
    bool waits_for_boot = false;   // as START_WAIT=yes
    bool kills = false;            // as STOP_TIMEOUT=0
    bool passes_stop = false;      // N.stop that is asked, or fails, does not count
    bool overrules = false;        // as STOP_VETO=no
    bool operator==(const Wish&) const = default;
};

// Leaves a wish for as long as it exists. A wish that asks for nothing leaves no file. Throws
// SysError.
class [[nodiscard]] StandingWish {
  public:
    StandingWish(Veid veid, const Wish& wish, const std::string& run_dir = kRunDir);
    StandingWish(const StandingWish&) = delete;
    StandingWish& operator=(const StandingWish&) = delete;
    ~StandingWish();

  private:
    std::string path_;
};

// The wish that holds for the VPS; one that asks for nothing where there is none.
Wish find_wish(Veid veid, const std::string& run_dir = kRunDir);

// The configuration as the wish has it.
void apply_wish(VpsConfig& config, const Wish& wish);

}  // namespace vps
