#include "network/forwarding.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <algorithm>

#include "network/sysctl.hh"

namespace vps {

std::vector<std::string> find_missing_forwarding(const std::vector<IpAddress>& addresses) {
    struct Policy {
        int family;
        const char* setting;
    };
    std::vector<std::string> missing;
    for (const Policy& policy :
         {Policy{AF_INET, "net/ipv4/ip_forward"}, Policy{AF_INET6, "net/ipv6/conf/all/forwarding"}})
        if (std::any_of(
                addresses.begin(), addresses.end(),
                [&](const IpAddress& address) { return address.family == policy.family; }) &&
            read_sysctl(policy.setting) == "0")
            missing.push_back(spell_sysctl(policy.setting) + "=1");
    return missing;
}

std::string explain_missing_forwarding(const std::vector<std::string>& missing) {
    return fmt::format(
        "the host does not pass on packets of VPSes: write {} into "
        "/etc/sysctl.d/90-vps.conf, then run sysctl --system",
        fmt::join(missing, " and "));
}

std::string find_ipv6_switch() {
    constexpr const char* kSwitches[] = {"net/ipv6/conf/all/disable_ipv6",
                                         "net/ipv6/conf/default/disable_ipv6"};
    if (read_sysctl(kSwitches[0]).empty())
        return "ipv6.disable=1 on the kernel's command line, or no module";
    for (const char* const name : kSwitches)
        if (read_sysctl(name) == "1")
            return spell_sysctl(name) + "=1";
    return {};
}

}  // namespace vps
