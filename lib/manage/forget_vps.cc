#include "manage/forget_vps.hh"

#include "manage/name_link.hh"
#include "state/life_counts.hh"
#include "state/running_mark.hh"
#include "systemd/system_manager.hh"
#include "systemd/unit_name.hh"

namespace vps {

void forget_vps(Veid veid) {
    unlink_names(veid);
    forget_running(veid);
    forget_life_counts(veid);
    forget_failure(service_unit(veid));
}

}  // namespace vps
