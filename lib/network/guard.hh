// vps-network-guard's work: to learn which networks of VPSes are whole and what they have on the
// host, to hear what changes there, and to make again what is missing. Callers are root with
// CAP_NET_ADMIN (and CAP_NET_RAW, for the announcements of lan_device.hh) in the host's network
// namespace.
#pragma once

namespace vps {

// Keeps the networks until a signal ends us. Throws SysError where listening is not possible.
[[noreturn]] void guard_networks();

}  // namespace vps
