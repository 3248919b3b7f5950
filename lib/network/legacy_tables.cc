#include "network/legacy_tables.hh"

// The kernel's headers of addresses know the libc's only if these come first.
// clang-format off
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
// clang-format on

#include <cstddef>
#include <cstring>
#include <sstream>
#include <string_view>

#include "sys/error.hh"
#include "sys/fd.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr const char* kFilter = "filter";
constexpr int kDropped = -NF_DROP - 1;  // a verdict, as the tables have it

struct Version4 {
    using Info = ipt_getinfo;
    using Entry = ipt_entry;
    static constexpr int kFamily = AF_INET, kLevel = SOL_IP;
    static constexpr const char* kTables = "/proc/net/ip_tables_names";
    static constexpr const char* kChain = "ip iptables-legacy FORWARD";
};
struct Version6 {
    using Info = ip6t_getinfo;
    using Entry = ip6t_entry;
    static constexpr int kFamily = AF_INET6, kLevel = SOL_IPV6;
    static constexpr const char* kTables = "/proc/net/ip6_tables_names";
    static constexpr const char* kChain = "ip6 ip6tables-legacy FORWARD";
};
constexpr int kGetInfo = IPT_SO_GET_INFO, kGetEntries = IPT_SO_GET_ENTRIES;  // of both
constexpr std::size_t kNameSize = XT_TABLE_MAXNAMELEN;
// What is before the entries in the kernel's answer: the name and the size of them.
constexpr std::size_t kEntries = offsetof(ipt_get_entries, entrytable);

bool is_in_use(const char* tables) {
    try {
        std::istringstream names(sys::read_file(tables));
        for (std::string name; names >> name;)
            if (name == kFilter)
                return true;
    } catch (const SysError&) {
        // The kernel has no tables of that kind.
    }
    return false;
}

template <typename Plain>
Plain plain_at(std::string_view bytes, std::size_t at) {
    Plain plain{};
    if (at + sizeof plain <= bytes.size())
        std::memcpy(&plain, &bytes[at], sizeof plain);
    return plain;
}

// Whether the entry there drops or rejects. One that asks for something is longer before its
// target, or has other bytes than 0 there.
template <typename Entry>
bool drops(std::string_view entries, std::size_t at) {
    const std::size_t target = at + plain_at<Entry>(entries, at).target_offset;
    const auto standard = plain_at<xt_standard_target>(entries, target);
    const std::string_view name(standard.target.u.user.name);
    return name == "REJECT" || (name.empty() && standard.verdict == kDropped);
}

template <typename Entry>
bool asks_nothing(std::string_view entries, std::size_t at) {
    const auto entry = plain_at<Entry>(entries, at);
    constexpr std::size_t kAsked = offsetof(Entry, nfcache);  // ip or ipv6, the first member
    const std::string_view asked(reinterpret_cast<const char*>(&entry), kAsked);
    return entry.target_offset == sizeof entry && asked.find_first_not_of('\0') == asked.npos;
}

// The answer's bytes behind its header.
template <typename Version>
std::string read_entries(FdRef socket, const typename Version::Info& info) {
    std::string answer(kEntries + info.size, '\0');
    std::memcpy(answer.data(), kFilter, std::strlen(kFilter));
    std::memcpy(&answer[offsetof(ipt_get_entries, size)], &info.size, sizeof info.size);
    auto size = static_cast<socklen_t>(answer.size());
    if (getsockopt(socket.get(), Version::kLevel, kGetEntries, answer.data(), &size) < 0)
        return {};  // another one changes them
    return answer.substr(kEntries);
}

template <typename Version>
bool drops_packets_of_vpses() {
    using Entry = typename Version::Entry;
    if (!is_in_use(Version::kTables))
        return false;
    const Fd socket(::socket(Version::kFamily, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    typename Version::Info info{};
    std::strncpy(info.name, kFilter, kNameSize - 1);
    socklen_t size = sizeof info;
    if (getsockopt(socket.get(), Version::kLevel, kGetInfo, &info, &size) < 0)
        return false;
    const std::string entries = read_entries<Version>(socket, info);
    const std::size_t begin = info.hook_entry[NF_INET_FORWARD],
                      policy = info.underflow[NF_INET_FORWARD];
    if (policy > entries.size() || begin > policy)
        return false;
    const std::string_view rules(&entries[begin], policy - begin);
    std::size_t last = policy;
    for (std::size_t at = begin; at < policy;) {
        last = at;
        const std::size_t length = plain_at<Entry>(entries, at).next_offset;
        at = length == 0 ? policy : at + length;
    }
    const bool ends_with_drop =
        last != policy && drops<Entry>(entries, last) && asks_nothing<Entry>(entries, last);
    return (drops<Entry>(entries, policy) || ends_with_drop) && rules.find("venet") == rules.npos;
}

}  // namespace

void add_legacy_chains(std::vector<std::string>& names) {
    if (drops_packets_of_vpses<Version4>())
        names.emplace_back(Version4::kChain);
    if (drops_packets_of_vpses<Version6>())
        names.emplace_back(Version6::kChain);
}

}  // namespace vps
