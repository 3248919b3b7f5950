// A device of the host, to ask and to tell the machines on its network who has an address, by the
// messages of lan_packet.hh. Answers may come from anybody: they are only ever compared and shown.
// Callers are root in the host context.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "network/lan_packet.hh"
#include "network/network_spec.hh"
#include "sys/fd.hh"

namespace vps {

class LanDevice {
  public:
    // Throws SysError. A device that is no Ethernet asks and tells nothing.
    explicit LanDevice(std::string name);

    [[nodiscard]] const std::string& name() const { return name_; }

    // Asks who has the address; tells that the host has it. Neither waits for an answer, and a
    // message that cannot be sent is not missed.
    void ask_for(const IpAddress& address) const;
    void announce(const IpAddress& address) const;

    // The answer of another machine about an address, perhaps an unknown one; nothing if there is
    // none to be read.
    [[nodiscard]] std::optional<LanAnswer> read_answer() const;
    [[nodiscard]] std::vector<int> sockets() const;

  private:
    void send_arp(LanMessage what, const IpAddress& address) const;
    void send_icmp6(LanMessage what, const IpAddress& address, const in6_addr& to) const;
    [[nodiscard]] std::optional<LanAnswer> read_arp() const;
    [[nodiscard]] std::optional<LanAnswer> read_icmp6() const;

    std::string name_;
    unsigned index_ = 0;
    MacAddress mac_;
    Fd arp_, icmp6_;
};

// Another machine that says that it has one of the addresses, if one does in that time.
struct AddressConflict {
    IpAddress address;
    std::string machine, device;
};
std::optional<AddressConflict> wait_for_conflict(const std::vector<LanDevice>& devices,
                                                 const std::vector<IpAddress>& addresses,
                                                 std::chrono::milliseconds time);

}  // namespace vps
