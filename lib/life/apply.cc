#include "life/apply.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "context/live_devices.hh"
#include "context/vps_root.hh"
#include "files/resolver.hh"
#include "files/write.hh"
#include "life/settings.hh"
#include "limits/init_limits.hh"
#include "limits/live_limits.hh"
#include "limits/slice_limits.hh"
#include "limits/unit_limits.hh"
#include "network/network_program.hh"
#include "quota/disk_quota.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

void apply_limits(Veid veid, const FoundVps& vps, const VpsConfig& config, const Log& log) {
    apply_slice_limits(veid, config, log);
    update_scope_quota(veid, cpu_quota_here(config));
    if (vps.state->image.empty())  // a disk image has a size of its own
        apply_disk_quota(veid, config, PrivateArea::InUse, log);
    apply_init_limits(*vps.init, vps.state->init_pid, config, log);
    limit_cgroups(sys::open(scope_cgroup(veid), O_PATH | O_DIRECTORY), config);
}

// A child does it: a process that changes its own UTS namespace does not come back.
void set_host_name(pid_t init, const std::string& name) {
    const Fd uts = sys::open(fmt::format("/proc/{}/ns/uts", init), O_RDONLY);
    Child child = clone_process();
    if (child.pid() == 0)
        _exit(setns(uts.get(), CLONE_NEWUTS) == 0 && sethostname(name.data(), name.size()) == 0
                  ? 0
                  : errno);
    const ExitStatus status = child.wait().value_or(ExitStatus{});
    if (!status.success())
        throw SysError(status.code, "set the host name", name);
}

std::optional<UserIds> ids_of(const VpsState& state, const VpsConfig& config) {
    if (state.first_id != 0)
        return UserIds{state.first_id, state.first_id, false, state.ids};
    return find_shifted_ids_of(config);
}

void apply_devices(Veid veid, const VpsState& state, const VpsConfig& config, const Log& log) {
    std::vector<ConfigProblem> problems;
    const std::vector<Device> devices = find_devices(config, problems);
    tell_ignored(config, problems, log);
    change_devices(veid, state.init_pid, devices, ids_of(state, config), log);
}

void apply_names(Veid veid, const VpsState& state, const VpsConfig& config, const Log& log) {
    if (config.hostname)
        attempt(log, [&] { set_host_name(state.init_pid, *config.hostname); });
    std::vector<ConfigProblem> problems;
    const Resolver resolver = find_resolver(config, problems);
    tell_ignored(config, problems, log);
    attempt(log, [&] {
        write_name_files(veid, state.mount_point, config, resolver,
                         owner_on_disk(find_shifted_ids_of(config)), log);
    });
}

}  // namespace

void apply_config(Veid veid, const FoundVps& vps, VpsConfig config, const LiveParts& parts,
                  const Log& log) {
    config.ve_private = vps.state->ve_private;
    if (vps.is_found_again)
        find_network_of_running(veid, vps.state->init_pid);
    if (parts.limits)
        apply_limits(veid, vps, config, log);
    if (parts.addresses)
        change_addresses(veid, vps.state->init_pid, config.addresses);
    if (parts.interfaces)
        change_interfaces(veid, vps.state->init_pid, config.netifs);
    if (parts.devices)
        apply_devices(veid, *vps.state, config, log);
    if (parts.net_devices)
        change_net_devices(veid, vps.state->init_pid, config.netdevs);
    if (parts.names)
        apply_names(veid, *vps.state, config, log);
    if (parts.whole_network)
        reload_network_on_host(veid);
    else
        renew_network_on_host(veid);
}

}  // namespace vps
