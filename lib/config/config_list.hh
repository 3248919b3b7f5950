// Values of configuration keys that are lists: text in, plain data out. Pure; used by the table of
// keys. A word that makes no sense is left out and told by itself; the value is Bad where no word
// is left. "#" before a word makes a comment of it and the rest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"
#include "config/config_value.hh"

namespace vps {

// A word that is left out; `why` completes "'…': ".
struct LeftOut {
    std::string_view word;
    std::string why;
    // Without the word, a VPS would start with less than it is to have, and be open for more.
    enum class Refuses { No, Yes } refuses = Refuses::No;
};

// The circumstances of reading a list, beside the value.
struct Reading {
    // The field's content: words of other lines of this file, or a value whose place is taken.
    enum class Field { ToReplace, ToExtend } field = Field::ToReplace;
    std::vector<LeftOut> left_out{};
};

// IP addresses and "inherit". Odd where resolvers do not ask all of them.
Verdict read_name_servers(std::vector<std::string>& out, std::string_view text, Reading& reading);

// Domain names, "." and "inherit".
Verdict read_search_domains(std::vector<std::string>& out, std::string_view text, Reading& reading);

// Addresses with or without a mask. 0.0.0.0, :: and ::0 are passed over, as vzctl does it. More
// than kMostAddresses refuse the start.
Verdict read_addresses(std::vector<IpAddress>& out, std::string_view text, Reading& reading);

// Devices of NETIF, separated by semicolons. One that cannot be read refuses the start, because its
// words guard (ip_filter, mac_filter) or say which network it is on.
Verdict read_netifs(std::vector<NetifSpec>& out, std::string_view text, Reading& reading);

// Names of devices of the host, but not "lo".
Verdict read_netdevs(std::vector<std::string>& out, std::string_view text, Reading& reading);

// "detect", "all" or "list:" and names. Odd for any other text, which vzctl takes for "all".
Verdict read_neighbour_devices(NeighbourDevices& out, std::string_view text, Reading& reading);

// "c:10:200:rw b:8:all:r"; vzctl knows q, too, for quota, and none, which is passed over.
Verdict read_device_rules(std::vector<DeviceRule>& out, std::string_view text, Reading& reading);

// "net/tun:rw", with the same letters.
Verdict read_device_nodes(std::vector<DeviceNode>& out, std::string_view text, Reading& reading);

// "ppp:on nfs:off"; features that are no devices are known and passed over.
Verdict read_features(DeviceFeatures& out, std::string_view text, Reading& reading);

// "SYS_PTRACE:off CHOWN:on". Bad with a word that makes no sense and does not end in ":on".
Verdict read_capabilities(CapabilityChanges& out, std::string_view text, Reading& reading);

// Names of families of sockets, as the kernel has them without AF_, in lower case: "vsock alg".
Verdict read_socket_families(std::uint64_t& out, std::string_view text, Reading& reading);

// Options of a mount of ext4, "noatime" or "commit=30", with commas or blanks between them.
Verdict read_mount_options(std::vector<std::string>& out, std::string_view text, Reading& reading);

// Names of modules of the kernel: letters, digits, "_" and "-".
Verdict read_modules(std::vector<std::string>& out, std::string_view text, Reading& reading);

// An IPv4 or IPv6 address as inet_pton(3) takes it.
bool is_ip_address(std::string_view text);

}  // namespace vps
