// The devices of NETIF: veth pairs whose outer ends are ports of the host's bridges, or whatever
// the host's EXTERNAL_SCRIPT (vznet.conf(5)) makes of them. Callers are root in the host context;
// everything goes away with the link.
#pragma once

#include <optional>

#include "network/network_record.hh"
#include "network/network_spec.hh"
#include "script/action_script.hh"
#include "sys/fd.hh"

namespace vps {

enum class ScriptOccasion { Start, Reload };

// The script that EXTERNAL_SCRIPT of vznet.conf names; nothing if none is named. One that does not
// exist is passed over with a notice: on a migrated host it was a part of vzctl. Throws Error
// VethFailed.
std::optional<ActionScript> find_external_script(Veid veid, ScriptOccasion occasion,
                                                 const Log& log);

// Throws Error VethFailed when the bridge of one does not exist. While the host boots, waits for it
// for half a minute.
void require_bridges(const NetworkSpec& spec);

// Makes the pair, both ends down. The inner one stays so: to configure it is the VPS's. Throws
// Error VethFailed.
void make_veth(const VethSpec& veth, FdRef network_namespace);

// The bridge of Linux that a link with this master is a port of; empty: none.
std::string find_bridge_of(unsigned master);

// Runs the script as vzctl's vznetcfg did: with "init veth DEVICE" and, where there is one, the
// bridge (as Proxmox's takes it); VEID in its environment. Throws Error VethFailed.
void run_external_script(const ActionScript& script, const VethSpec& veth,
                         const ScriptSettings& settings, const Log& log);

// Sets the outer end up, as a port of its bridge unless it is one of another already, and notes in
// `link` what it has become: a port of a bridge of Linux; one of something else, Open vSwitch's
// perhaps, which sees to its ports itself, with a warning if there is nobody; or, without bridge=,
// a link on which the host answers for all that it routes elsewhere (proxy ARP), as vzctl had it.
// `link` is one of `record`, by which its packets are filtered. Throws Error VethFailed.
void connect_veth(const VethSpec& veth, const NetworkRecord& record, RecordedLink& link,
                  const Log& log);

}  // namespace vps
