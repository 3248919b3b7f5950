// vps-network, as those run it that start and end a VPS: a program of its own because it needs
// libraries that a VPS without a network is not to wait for.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/address.hh"
#include "config/veid.hh"
#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

// The byte on the standard input of vps-network up that says that the VPS can be entered.
inline constexpr char kEnterable = 'e';

// Making the network of a VPS while other things are done. Whoever is killed takes it with them.
class NetworkStart {
  public:
    // `init` is the VPS's first process, whose network namespace there must be.
    NetworkStart(Veid veid, pid_t init);

    // The VPS can be entered from now on, and its state says so: EXTERNAL_SCRIPT waits for it.
    void let_enter();

    // Throws Error with the text and exit code of what failed.
    void finish();

  private:
    Child program_;
    Fd said_;
    Fd go_;
};

// Gives the VPS that runs, whose init is `init`, these addresses and no others. Throws Error with
// the text and exit code of what failed.
void change_addresses(Veid veid, pid_t init, const std::vector<IpAddress>& addresses);

// Gives it these devices of NETIF and no others; one that it has stays as it is. Throws Error
// likewise.
void change_interfaces(Veid veid, pid_t init, const std::vector<NetifSpec>& netifs);

// Gives it the devices of the host with these names (NETDEV) and no others. Throws Error likewise.
void change_net_devices(Veid veid, pid_t init, const std::vector<std::string>& names);

// Writes the record of the network of a VPS that runs, whose init is `init`, again where it is
// lost. Throws Error.
void find_network_of_running(Veid veid, pid_t init);

// Makes again what of it is missing on the host, and logs that and what cannot be made; nothing
// happens where there is no network. Throws Error.
void renew_network_on_host(Veid veid);

// Likewise, and has EXTERNAL_SCRIPT called again for each device of NETIF. Throws Error VethFailed
// where the script fails, and Error where a part cannot be made again: its text says which and why.
void reload_network_on_host(Veid veid);

// The parts of the VPS's network that the host misses, as "no packet filter on venet101". Throws
// Error.
std::vector<std::string> find_missing_network(Veid veid);

// The chains of the host's firewall that drop what it passes on (forward_chain.hh), as seen with
// that VPS. Empty where the program is not installed. Throws Error.
std::vector<std::string> find_dropping_chains_of_host(Veid veid);

// Removes the network from the host, if there is one. A part that cannot be removed is logged.
// Throws Error where the program itself cannot do its work.
void remove_network(Veid veid);

}  // namespace vps
