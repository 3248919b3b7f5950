// The steps that connect a VPS's devices and addresses, at its start and while it runs.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "network/lan_device.hh"
#include "network/network_record.hh"
#include "network/network_spec.hh"
#include "script/action_script.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

// The specification without IPv6 where the host has none, which is told: a VPS that has addresses
// of IPv6, too, is not to be without network then.
NetworkSpec without_ipv6_where_it_is_off(NetworkSpec spec, const Log& log);

// The devices of the host that are to answer for the addresses. Where the specification wants that,
// they have asked for other machines that have them.
std::vector<LanDevice> ask_for_others(const NetworkSpec& spec, const NetworkRecord& record);

// Tells of an answer, or throws Error IpInUse, as the specification wants it.
void heed_others(const std::vector<LanDevice>& devices, const NetworkSpec& spec, const Log& log);

// Has the devices answer for the addresses and tells the neighbours. A device without IPv6 keeps no
// VPS from its other addresses.
void answer_for_all(const std::vector<IpAddress>& addresses, const std::vector<LanDevice>& devices,
                    const Log& log);

// Whether its packets are passed on is the host's policy, as it was with vzctl.
void warn_of_forwarding(const NetworkSpec& spec, const Log& log);

// To be done with the host's end of a new link before it is up: it takes nothing from the VPS, and
// its filter is there. Notes its index in `link`, one of the record.
void take_in_hand(const NetworkRecord& record, RecordedLink& link);

// Configures venet0 inside and the host's end of it, with routes to the addresses.
void connect_venet(const RecordedLink& link, const std::vector<IpAddress>& addresses, FdRef inside);

// Connects the devices of NETIF, whose links are the last ones of the record. `await_entry` is
// called before EXTERNAL_SCRIPT, which may enter the VPS.
void connect_veths(const NetworkSpec& spec, NetworkRecord& record,
                   const std::function<void()>& await_entry, const ScriptSettings& settings,
                   const std::optional<ActionScript>& external_script, const Log& log);

// Does a step of undoing, twice if it fails, because nobody comes back for it; then its failure is
// told.
void try_undo(const Log& log, const std::function<void()>& undo);

}  // namespace vps
