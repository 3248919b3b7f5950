#include "manage/set_option.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "config/config.hh"
#include "config/config_key.hh"
#include "config/config_value.hh"
#include "manage/call.hh"

namespace vps {

namespace {

using enum SetKind;
using enum Applied;
using W = WordKind;

// clang-format off
constexpr SetOption kOptions[] = {
    // memory, processes, files
    {"ram", "PHYSPAGES", "BYTES", Ram, Limits},
    {"swap", "SWAPPAGES", "BYTES", Ram, Limits},
    {"physpages", "PHYSPAGES", "PAGES[:PAGES]", Text, Limits},
    {"swappages", "SWAPPAGES", "PAGES[:PAGES]", Text, Limits},
    {"vmguarpages", "VMGUARPAGES", "PAGES[:PAGES]", Text, Limits},
    {"oomguarpages", "OOMGUARPAGES", "PAGES[:PAGES]", Text, Limits},
    {"privvmpages", "PRIVVMPAGES", "PAGES[:PAGES]", Text, Limits, W::Plain, 'p'},
    {"lockedpages", "LOCKEDPAGES", "PAGES[:PAGES]", Text, Limits, W::Plain, 'l'},
    {"shmpages", "SHMPAGES", "PAGES[:PAGES]", Text, Limits},
    {"kmemsize", "KMEMSIZE", "BYTES[:BYTES]", Text, Later, W::Plain, 'k'},
    {"dcachesize", "DCACHESIZE", "BYTES[:BYTES]", Text, Later, W::Plain, 'x'},
    {"vm_overcommit", "VM_OVERCOMMIT", "NUMBER"},
    {"meminfo", "MEMINFO", "MODE:NUMBER"},
    {"numproc", "NUMPROC", "COUNT[:COUNT]", Text, Limits},
    {"avnumproc", "AVNUMPROC", "COUNT[:COUNT]", Text, Later, W::Plain, 'a'},
    {"numfile", "NUMFILE", "COUNT[:COUNT]", Text, Limits, W::Plain, 'n'},
    {"numsiginfo", "NUMSIGINFO", "COUNT[:COUNT]", Text, Limits, W::Plain, 'i'},
    {"numpty", "NUMPTY", "COUNT[:COUNT]", Text, AtStart, W::Plain, 't'},
    {"numflock", "NUMFLOCK", "COUNT[:COUNT]", Text, Later, W::Plain, 'f'},
    {"numtcpsock", "NUMTCPSOCK", "COUNT[:COUNT]"},
    {"numothersock", "NUMOTHERSOCK", "COUNT[:COUNT]"},
    {"numiptent", "NUMIPTENT", "COUNT[:COUNT]", Text, Later, W::Plain, 'e'},
    {"tcpsndbuf", "TCPSNDBUF", "BYTES[:BYTES]"},
    {"tcprcvbuf", "TCPRCVBUF", "BYTES[:BYTES]", Text, Later, W::Plain, 'b'},
    {"othersockbuf", "OTHERSOCKBUF", "BYTES[:BYTES]"},
    {"dgramrcvbuf", "DGRAMRCVBUF", "BYTES[:BYTES]"},

    // CPU and disk
    {"cpuunits", "CPUUNITS", "NUMBER", Text, Limits},
    {"cpuweight", "CPUUWEIGHT", "NUMBER", Text, Limits},
    {"cpulimit", "CPULIMIT", "PERCENT", Text, Limits},
    {"cpus", "CPUS", "NUMBER", Text, Limits},
    {"cpumask", "CPUMASK", "CPUS", Text, Limits},
    {"nodemask", "NODEMASK", "NODES", Text, Limits},
    {"ioprio", "IOPRIO", "0-7", Text, Limits},
    {"iolimit", "IOLIMIT", "MEGABYTES", IoLimit, Limits},
    {"iopslimit", "IOPSLIMIT", "NUMBER", Text, Limits},
    {"diskquota", "DISK_QUOTA", "yes|no", Text, AtStart},
    {"diskspace", "DISKSPACE", "KIB[:KIB]", Text, Limits},
    {"diskinodes", "DISKINODES", "COUNT[:COUNT]", Text, Limits},
    {"quotatime", "QUOTATIME", "SECONDS", Text, Limits},
    {"quotaugidlimit", "QUOTAUGIDLIMIT", "NUMBER"},

    // network
    {"ipadd", "IP_ADDRESS", "ADDRESS", Add, Addresses, W::Address},
    {"ip", "IP_ADDRESS", "ADDRESS", Add, Addresses, W::Address},
    {"ipdel", "IP_ADDRESS", "ADDRESS|all", Remove, Addresses, W::Address},
    {"netif_add", "NETIF", "NAME[,MAC,HOST_NAME,HOST_MAC,BRIDGE]", AddNetif, Devices, W::Netif},
    {"netif_del", "NETIF", "NAME|all", Remove, Devices, W::Netif},
    {"ifname", "NETIF", "NAME", Netif, Devices, W::Netif},
    {"mac", "NETIF", "MAC", Netif, Devices, W::Netif},
    {"host_ifname", "NETIF", "NAME", Netif, Devices, W::Netif},
    {"host_mac", "NETIF", "MAC", Netif, Devices, W::Netif},
    {"bridge", "NETIF", "NAME", Netif, Devices, W::Netif},
    {"mac_filter", "NETIF", "on|off", Netif, Devices, W::Netif},
    {"netdev_add", "NETDEV", "NAME", Add, NetDevices},
    {"netdev_del", "NETDEV", "NAME|all", Remove, NetDevices},
    {"hostname", "HOSTNAME", "NAME", Text, Names},
    {"nameserver", "NAMESERVER", "ADDRESS", Replace, Names},
    {"searchdomain", "SEARCHDOMAIN", "DOMAIN", Replace, Names},
    {"iptables", "IPTABLES", "MODULE", Replace, AtStart},
    {"netfilter", "NETFILTER", "MODE"},

    // devices and privileges
    {"capability", "CAPABILITY", "NAME:on|off", Add, AtStart, W::Capability},
    {"features", "FEATURES", "NAME:on|off", Add, AtStart, W::Named},
    {"devices", "DEVICES", "TYPE:MAJOR:MINOR:ACCESS", Add, HostDevices, W::Device},
    {"devnodes", "DEVNODES", "NAME:ACCESS", Add, HostDevices, W::Named},
    {"pci_add", "PCI", "DEVICE", Add},
    {"pci_del", "PCI", "DEVICE|all", Remove},

    // identity and life
    {"name", "NAME", "NAME"},
    {"description", "DESCRIPTION", "TEXT"},
    {"onboot", "ONBOOT", "yes|no"},
    {"bootorder", "BOOTORDER", "NUMBER"},
    {"disabled", "DISABLED", "yes|no"},
    {"stop-timeout", "STOP_TIMEOUT", "SECONDS"},
    {"ostemplate", "OSTEMPLATE", "NAME"},
    {"root", "VE_ROOT", "PATH", Text, AtStart},
    {"private", "VE_PRIVATE", "PATH", Text, AtStart},
    {"mount_opts", "MOUNT_OPTS", "OPTIONS"},
};
// clang-format on

[[noreturn]] void refuse(std::string_view option, std::string_view value, const std::string& why) {
    throw Complaint(ExitCode::BadValue, fmt::format("Bad parameter for --{}: {} ({})", option,
                                                    quote_for_message(value), why));
}

// Values that vzctl refuses, of keys that have no effect here; null: none of these.
const char* find_fault(std::string_view key, const std::string& value) {
    const auto is_number = [](std::string_view word) {
        return !word.empty() && word.find_first_not_of("0123456789.") == word.npos &&
               word.find_first_not_of("0.") != word.npos;
    };
    if (key == "MEMINFO") {
        const std::size_t colon = std::min(value.find(':'), value.size());
        const std::string mode = value.substr(0, colon);
        if (value != "none" &&
            ((mode != "pages" && mode != "privvmpages") ||
             !is_number(std::string_view(value).substr(std::min(colon + 1, value.size())))))
            return "not none, pages:NUMBER or privvmpages:NUMBER";
    }
    if (key == "NETFILTER" && value != "disabled" && value != "stateless" && value != "stateful" &&
        value != "full")
        return "not disabled, stateless, stateful or full";
    if (key == "VM_OVERCOMMIT" && !is_number(value))
        return "not a number above 0, such as 1.5";
    return nullptr;
}

std::optional<Unit> unit_of(const ConfigKey& key) {
    if (key.type == "pages pair")
        return Unit::Pages;
    if (key.type == "bytes pair")
        return Unit::Bytes;
    if (key.type == "count pair")
        return Unit::Count;
    return std::nullopt;
}

// "0:512M"; a number without a suffix is bytes here, and pages in the file.
std::string ram_value(std::string_view option, const std::string& value) {
    std::uint64_t bytes = 0;
    const Verdict verdict = read_amount(bytes, value, Unit::Bytes);
    if (verdict.grade == Verdict::Bad)
        refuse(option, value, verdict.why);
    if (bytes == kUnlimited)
        return "0:unlimited";
    if (value.find_first_not_of("0123456789") != value.npos)
        return "0:" + value;
    return fmt::format("0:{}", bytes / kPage + (bytes % kPage != 0));
}

// Bytes a second.
std::string iolimit_value(std::string_view option, const std::string& value) {
    constexpr std::uint64_t kMega = 1 << 20;
    std::uint64_t amount = 0;
    const Verdict verdict = read_amount(amount, value, Unit::Bytes);
    if (verdict.grade == Verdict::Bad)
        refuse(option, value, verdict.why);
    if (amount == kUnlimited)
        return "0";
    const bool is_plain = value.find_first_not_of("0123456789") == value.npos;
    if (is_plain && amount > kUnlimited / kMega)
        refuse(option, value, "too large");
    return std::to_string(is_plain ? amount * kMega : amount);
}

// The options of one list, as one change of it.
class ListPlan {
  public:
    void take(const SetOption& option, const std::string& value) {
        kind_ = option.words;
        switch (option.kind) {
            case Replace:
                change_.removes_all = true;
                [[fallthrough]];
            case Add:
                std::ranges::move(split_words(value, kind_), std::back_inserter(change_.added));
                break;
            case Remove:
                if (value == "all")
                    change_.removes_all = true;
                else
                    std::ranges::move(split_words(value, kind_),
                                      std::back_inserter(change_.removed));
                break;
            case AddNetif:
                change_.added.push_back(netif_of_words(value));
                break;
            default:
                take_part(option, value);
        }
    }

    [[nodiscard]] std::string apply(const std::vector<std::string>& values) const {
        return change_list(values, with_part(values), kind_);
    }

    // The words that come, without those that are there.
    [[nodiscard]] std::string added(const std::vector<std::string>& values) const {
        return change_list({}, with_part(values), kind_);
    }

  private:
    [[nodiscard]] ListChange with_part(const std::vector<std::string>& values) const {
        ListChange change = change_;
        if (!part_.empty())
            change.added.push_back(merge_part(values));
        return change;
    }

    void take_part(const SetOption& option, const std::string& value) {
        if (option.name == "ifname" ? !part_.empty() : part_.empty())
            refuse(option.name, value,
                   option.name == "ifname" ? "another --ifname stands before it"
                                           : "no --ifname stands before it");
        parts_.emplace_back(option.name, value);
        part_ += fmt::format("{}{}={}", part_.empty() ? "" : ",", option.name, value);
    }

    // The device as it is, or as this call adds it, with the parts that are given in place of its
    // own.
    [[nodiscard]] std::string merge_part(const std::vector<std::string>& values) const {
        const std::string netif = find_netif(values);
        std::string merged = part_;
        for (const std::string_view part : words_of(netif, ","))
            if (!is_given(part.substr(0, part.find('='))))
                merged.append(",").append(part);
        return merged;
    }

    [[nodiscard]] std::string find_netif(const std::vector<std::string>& values) const {
        std::vector<std::string> netifs = change_.added;
        for (const std::string& value : values)
            for (std::string& netif : split_words(value, kind_))
                netifs.push_back(std::move(netif));
        for (const std::string& netif : netifs) {
            const std::vector<std::string_view> parts = words_of(netif, ",");
            if (std::find(parts.begin(), parts.end(), "ifname=" + parts_.front().second) !=
                parts.end())
                return netif;
        }
        return {};
    }

    [[nodiscard]] bool is_given(std::string_view name) const {
        return std::any_of(parts_.begin(), parts_.end(),
                           [&](const auto& part) { return part.first == name; });
    }

    WordKind kind_ = WordKind::Plain;
    ListChange change_;
    std::string part_;
    std::vector<std::pair<std::string_view, std::string>> parts_;
};

bool is_list(SetKind kind) {
    return kind != Text && kind != Ram && kind != IoLimit;
}

std::string plain_value(const SetOption& option, const std::string& value) {
    if (option.kind == Ram)
        return ram_value(option.name, value);
    return option.kind == IoLimit ? iolimit_value(option.name, value) : value;
}

}  // namespace

std::span<const SetOption> set_options() {
    return kOptions;
}

const SetOption* find_set_option(std::string_view name) {
    const auto* found = std::find_if(std::begin(kOptions), std::end(kOptions),
                                     [&](const SetOption& option) { return option.name == name; });
    return found == std::end(kOptions) ? nullptr : found;
}

void require_good_value(std::string_view option, const ConfigChange& change) {
    const ConfigKey* key = find_config_key(change.key);
    if (change.value.find_first_of(std::string_view("\n\r\0", 3)) != change.value.npos)
        refuse(option, change.value, "more than one line");
    if (!key || (is_list(find_set_option(option) ? find_set_option(option)->kind : Text) &&
                 change.value.empty()))
        return;
    if (const char* why = change.value.empty() ? nullptr : find_fault(change.key, change.value))
        refuse(option, change.value, why);
    Verdict verdict = kGood;
    Reading reading;
    BarrierLimit pair{};
    VpsConfig config;
    if (key->read)
        verdict = key->read(config, change.value, reading);
    else if (const std::optional<Unit> unit = unit_of(*key))
        verdict = read_barrier_limit(pair, change.value, *unit);
    if (verdict.grade == Verdict::Bad && verdict.why)
        refuse(option, change.value, verdict.why);
    if (!reading.left_out.empty() && !reading.left_out.front().why.empty())
        refuse(option, reading.left_out.front().word, reading.left_out.front().why);
}

// Why a value is unusable as a whole; null where some of it has an effect.
static const char* find_refusal(const ConfigChange& change) {
    const ConfigKey* key = find_config_key(change.key);
    if (!key || !key->read || key->guards != Guards::Yes)
        return nullptr;
    VpsConfig config;
    Reading reading;
    const Verdict verdict = key->read(config, change.value, reading);
    return verdict.grade == Verdict::Bad ? verdict.why : nullptr;
}

static bool is_usable(const ConfigChange& change) {
    return find_refusal(change) == nullptr;
}

void require_usable(std::string_view option, const ConfigChange& change) {
    if (const char* why = find_refusal(change))
        refuse(option, change.value, why);
}

void refuse_empty(std::string_view option, const ConfigChange& change) {
    const ConfigKey* key = find_config_key(change.key);
    if (change.value.empty() && key && key->type != "text" && key->type != "list")
        refuse(option, change.value, "empty");
}

std::vector<ConfigChange> plan_changes(const std::string& text,
                                       const std::vector<GivenOption>& given) {
    std::vector<ConfigChange> changes;
    std::map<std::string_view, ListPlan> lists;
    std::map<std::string_view, std::string_view> first;  // the option that is told of a bad value
    for (const GivenOption& option : given) {
        const SetOption* known = find_set_option(option.name);
        if (!known)
            continue;
        if (is_list(known->kind)) {
            first.emplace(known->key, known->name);
            lists[known->key].take(*known, option.value);
            continue;
        }
        const bool again = std::any_of(changes.begin(), changes.end(), [&](const auto& change) {
            return change.key == known->key;
        });
        ConfigChange change{std::string(known->key), plain_value(*known, option.value)};
        refuse_empty(known->name, change);
        require_good_value(known->name, change);
        if (!again)  // of two, vzctl takes the first
            changes.push_back(std::move(change));
    }
    for (const auto& [key, list] : lists) {
        const std::vector<std::string> former = values_of(text, key);
        ConfigChange change{std::string(key), list.apply(former)};
        require_good_value(first[key], {change.key, list.added(former)});
        // A word that was there, and is nothing here, keeps no other one out.
        if (former.empty() || is_usable({change.key, former.front()}))
            require_usable(first[key], change);
        changes.push_back(std::move(change));
    }
    return changes;
}

}  // namespace vps
