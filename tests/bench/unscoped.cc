// Stands in the place of lib/context/vps_scope.cc: no scope. The VPS's processes are in
// vps@N.service, where nothing keeps systemd from killing them; the measure for what the scope
// costs.

#include "context/vps_scope.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/unit_name.hh"

namespace vps {

Scope start_vps_scope(Veid veid, const std::vector<Device>&, const SystemdPlaces&) {
    const std::string dir = "/sys/fs/cgroup" + cgroup_of();
    return {service_unit(veid), dir, Child(), sys::open(dir, O_RDONLY | O_DIRECTORY)};
}

void end_vps_scope(Veid) {}

}  // namespace vps
