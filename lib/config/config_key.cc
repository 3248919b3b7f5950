#include "config/config_key.hh"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <iterator>
#include <utility>

namespace vps {

// One reader for each shape of field; the table below says which field.

template <typename T>
static void assign(std::optional<T>& field, std::uint64_t number) {
    field = static_cast<T>(number);
}
static void assign(unsigned& field, std::uint64_t number) {
    field = static_cast<unsigned>(number);
}

template <auto Field>
static Verdict text(VpsConfig& config, std::string_view value, Reading&) {
    config.*Field = value;
    return kGood;
}

template <auto Field>
static Verdict yes_no(VpsConfig& config, std::string_view value, Reading&) {
    return read_yes_no(config.*Field, value);
}

// An empty limit lifts none and sets none: vzctl takes it for 0, which would let nothing run.
constexpr const char* kEmptyLimit = "empty, sets nothing";

// An empty number is 0, as for vzctl, unless the key knows no 0.
template <auto Field, std::uint64_t Min>
static Verdict empty_number(VpsConfig& config) {
    if (Min > 0)
        return odd(kEmptyLimit);
    assign(config.*Field, 0);
    return odd("empty, taken for 0");
}

template <auto Field, std::uint64_t Min, std::uint64_t Max>
static Verdict number(VpsConfig& config, std::string_view value, Reading&) {
    if (value.empty())
        return empty_number<Field, Min>(config);
    std::uint64_t number = 0;
    const auto verdict = read_number(number, value, Max);
    if (verdict.grade == Verdict::Bad)
        return verdict;
    if (number < Min)
        return bad("too small");
    assign(config.*Field, number);
    return verdict;
}

// A number of which 0, and so "unlimited", sets no limit.
template <auto Field, std::uint64_t Max>
static Verdict number_or_none(VpsConfig& config, std::string_view value, Reading& reading) {
    if (value.empty())
        return odd(kEmptyLimit);
    return number<Field, 0, Max>(config, value == "unlimited" ? "0" : value, reading);
}

template <auto Field, Unit Unit, bool TakesZero = true>
static Verdict pair(VpsConfig& config, std::string_view value, Reading&) {
    if (value.empty())
        return odd(kEmptyLimit);
    BarrierLimit pair{};
    const auto verdict = read_barrier_limit(pair, value, Unit);
    if (verdict.grade == Verdict::Bad)
        return verdict;
    if (!TakesZero && pair.limit == 0)
        return bad("a limit of 0");
    config.*Field = pair;
    return verdict;
}

// A limit of 0 would let nothing run, and systemd takes it for no limit.
template <auto Field, Unit Unit>
static constexpr auto nonzero_pair = pair<Field, Unit, false>;

static Verdict onboot(VpsConfig& config, std::string_view value, Reading&) {
    if (value == "auto") {  // Virtuozzo 7's word for an unset key
        config.onboot = OnBoot::Unset;
        return kGood;
    }
    bool yes = false;
    const auto verdict = read_yes_no(yes, value);
    if (verdict.grade != Verdict::Bad)
        config.onboot = yes ? OnBoot::Yes : OnBoot::No;
    return verdict;
}

static Verdict layout(VpsConfig& config, std::string_view value, Reading&) {
    if (value == "simfs")
        config.layout = Layout::Simfs;
    else if (value == "ploop" || value.starts_with("ploop:"))
        config.layout = Layout::Ploop;
    else
        return bad("neither 'simfs' nor 'ploop'");
    return kGood;
}

static Verdict cgroup_layout(VpsConfig& config, std::string_view value, Reading&) {
    if (value == "auto")
        config.cgroup_layout = CgroupLayout::Auto;
    else if (value == "v1")
        config.cgroup_layout = CgroupLayout::V1;
    else if (value == "v2")
        config.cgroup_layout = CgroupLayout::V2;
    else
        return bad("none of 'auto', 'v1' and 'v2'");
    return kGood;
}

static Verdict script_timeout(VpsConfig& config, std::string_view value, Reading& reading) {
    const auto verdict =
        number_or_none<&VpsConfig::script_timeout, INT_MAX>(config, value, reading);
    if (config.script_timeout == 0u)
        config.script_timeout.reset();
    return verdict;
}

// Percent of one CPU, or with "%" of all, as vzctl 4 has it.
static Verdict cpulimit(VpsConfig& config, std::string_view value, Reading&) {
    if (value.empty())
        return odd(kEmptyLimit);
    const bool of_all = value.ends_with('%');
    if (of_all)
        value.remove_suffix(1);
    std::uint64_t percent = 0;
    const auto verdict =
        read_number(percent, value == "unlimited" ? "0" : value, of_all ? 100 : INT_MAX);
    if (verdict.grade != Verdict::Bad)
        config.cpulimit = CpuLimit{static_cast<unsigned>(percent), of_all};
    return verdict;
}

// Bytes a second, of which 0 and "unlimited" set no limit.
static Verdict iolimit(VpsConfig& config, std::string_view value, Reading&) {
    if (value.empty())
        return odd(kEmptyLimit);
    std::uint64_t bytes = 0;
    const auto verdict = read_amount(bytes, value, Unit::Bytes);
    if (verdict.grade != Verdict::Bad)
        config.iolimit = bytes == kUnlimited ? 0 : bytes;
    return verdict;
}

template <auto Field>
static Verdict mask(VpsConfig& config, std::string_view value, Reading&) {
    if (value.empty())
        return odd(kEmptyLimit);
    CpuMask mask{};
    const auto verdict = read_cpu_mask(mask, value);
    if (verdict.grade != Verdict::Bad)
        config.*Field = std::move(mask);
    return verdict;
}

static Verdict cpumask(VpsConfig& config, std::string_view value, Reading& reading) {
    if (value != "auto")
        return mask<&VpsConfig::cpumask>(config, value, reading);
    config.cpumask = CpuMask{CpuMask::Kind::Auto, {}};
    return kGood;
}

static Verdict host_name(VpsConfig& config, std::string_view value, Reading&) {
    std::string name;
    const auto verdict = read_host_name(name, value);
    if (verdict.grade != Verdict::Bad)
        config.hostname = std::move(name);
    return verdict;
}

// A list, by the function of config_list that reads its words.
template <auto Field, auto Read>
static Verdict list(VpsConfig& config, std::string_view value, Reading& reading) {
    return Read(config.*Field, value, reading);
}

// Ranges of ids lie side by side, by their size: powers of two fit without gaps.
static Verdict userns_ids(VpsConfig& config, std::string_view value, Reading&) {
    if (value.empty())
        return odd(kEmptyLimit);
    std::uint64_t ids = 0;
    const auto verdict = read_number(ids, value, kMostIds);
    if (verdict.grade == Verdict::Bad)
        return verdict;
    if (ids < kFewestIds || (ids & (ids - 1)) != 0)
        return bad("not a power of two from 65536 to 67108864");
    config.userns_ids = static_cast<std::uint32_t>(ids);
    return verdict;
}

static constexpr std::string_view kNothing = "nothing: no equivalent on a stock kernel";
static constexpr std::string_view kIgnored = "nothing: of use to OpenVZ's own tools only";

using C = VpsConfig;
using enum Duplicate;
using enum Effect;
using enum Scope;
static constexpr auto kYes = Guards::Yes;
static constexpr auto kNo = Guards::No;
static constexpr auto kAlways = Needs::Nothing;
static constexpr auto kPages = Unit::Pages;
static constexpr auto kCount = Unit::Count;
static constexpr auto kBlocks = Unit::Blocks;

// clang-format off
static constexpr ConfigKey kKeys[] = {
    // files
    {"VE_ROOT", "path", First, kYes, Both, Start, {}, "where the private area is mounted", text<&C::ve_root>},
    {"VE_PRIVATE", "path", First, kYes, Both, Start, {}, "the private area", text<&C::ve_private>},
    {"VE_LAYOUT", "simfs or ploop", Last, kNo, Vps, Start, {}, "simfs: a bind mount; ploop: the mount of its image; unset: by the private area", layout},
    {"MOUNT_OPTS", "list", First, kNo, Both, Start, {}, "options of the mount of a ploop image's file system", list<&C::mount_options, read_mount_options>},
    {"LOCAL_UID", "number", First, kNo, Both, Start, {}, "the private area's user ids on disk start there", number<&C::local_uid, 0, UINT32_MAX - 1>},
    {"LOCAL_GID", "number", First, kNo, Both, Start, {}, "the private area's group ids on disk start there", number<&C::local_gid, 0, UINT32_MAX - 1>},
    {"USERNS", "yes or no", First, kYes, Both, Start, {}, "no: the VPS's root is the host's", yes_no<&C::userns>, kAlways, "yes"},
    {"USERNS_IDS", "number", First, kYes, Both, Start, {}, "how many user ids the VPS has", userns_ids, Needs::OwnIds, "65536"},

    // identity
    {"NAME", "text", First, kNo, Vps, UnitSettings, {"Description"}, "Description=; vps-enter, vps-mount and vps-umount take it for the VEID", text<&C::name>},
    {"DESCRIPTION", "text", First, kNo, Vps, UnitSettings, {"Description"}, "Description=", text<&C::description>},
    {"HOSTNAME", "text", First, kNo, Both, Inside, {}, "the host name in the VPS, its /etc/hostname and a line of its /etc/hosts", host_name},

    // life
    {"ONBOOT", "yes, no or auto", First, kNo, Both, Boot, {}, "started by vps.target", onboot},
    {"BOOTORDER", "number", First, kNo, Both, Start, {}, "order of start at boot, high first", number<&C::bootorder, 0, UINT32_MAX>},
    {"DISABLED", "yes or no", First, kNo, Both, Start, {}, "yes: start refused", yes_no<&C::disabled>, kAlways, "no"},
    {"STOP_TIMEOUT", "seconds", First, kNo, Both, UnitSettings, {"TimeoutStopSec"}, "time to stop before it is killed; TimeoutStopSec=", number<&C::stop_timeout, 0, INT_MAX>},
    {"SCRIPT_TIMEOUT", "seconds", First, kNo, Both, UnitSettings, {"TimeoutStopSec"}, "time that an action script may take; TimeoutStopSec=", script_timeout},
    {"STOP_VETO", "yes or no", First, kNo, Both, UnitSettings, {"TimeoutStopSec"}, "no: a stop or umount script that fails or hangs is passed over; TimeoutStopSec=", yes_no<&C::stop_veto>, kAlways, "yes"},
    {"START_WAIT", "yes or no", First, kNo, Both, Start, {}, "yes: started when the VPS's own init says so", yes_no<&C::start_wait>, kAlways, "no"},
    {"START_FAILURE_UMOUNT_SCRIPTS", "yes or no", First, kNo, Both, Start, {}, "yes: umount scripts run after a failed start, too", yes_no<&C::start_failure_umount_scripts>, kAlways, "no"},
    {"VIRTUOZZO", "yes or no", First, kNo, Host, Start, {}, "no: nothing is started at boot", yes_no<&C::virtuozzo>, kAlways, "yes"},
    {"VE_PARALLEL", "number", First, kNo, Host, Start, {}, "how many start at once at boot", number<&C::parallel, 1, INT_MAX>},

    // memory
    {"PHYSPAGES", "pages pair", Last, kYes, Both, UnitSettings, {"MemoryMax"}, "MemoryMax=limit", nonzero_pair<&C::physpages, kPages>},
    {"SWAPPAGES", "pages pair", Last, kYes, Both, UnitSettings, {"MemorySwapMax"}, "MemorySwapMax=limit", pair<&C::swappages, kPages>},
    {"VMGUARPAGES", "pages pair", Last, kYes, Both, UnitSettings, {"MemoryLow"}, "MemoryLow=barrier", pair<&C::vmguarpages, kPages>},
    {"OOMGUARPAGES", "pages pair", Last, kYes, Both, UnitSettings, {"MemoryMin"}, "MemoryMin=barrier", pair<&C::oomguarpages, kPages>},
    {"PRIVVMPAGES", "pages pair", Last, kYes, Both, UnitSettings, {"MemoryHigh", "MemoryMax"}, "nothing; with LEGACY_UBC_LIMITS MemoryHigh=barrier, MemoryMax=limit", nonzero_pair<&C::privvmpages, kPages>, Needs::LegacyUbcLimits},
    {"LEGACY_UBC_LIMITS", "yes or no", First, kYes, Both, Start, {}, "yes: PRIVVMPAGES limits memory", yes_no<&C::legacy_ubc_limits>, kAlways, "no"},
    {"LOCKEDPAGES", "pages pair", Last, kYes, Both, Inside, {}, "init's MEMLOCK limit", pair<&C::lockedpages, kPages>},
    {"SHMPAGES", "pages pair", Last, kYes, Both, Inside, {}, "kernel.shmall", pair<&C::shmpages, kPages>},
    {"KMEMSIZE", "bytes pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"DCACHESIZE", "bytes pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"DCACHE", "bytes pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"VM_OVERCOMMIT", "number", First, kNo, Both, None, {}, kNothing, nullptr},
    {"MEMINFO", "text", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"SLMMODE", "text", First, kNo, Both, None, {}, kNothing, nullptr},
    {"SLMMEMORYLIMIT", "bytes pair", First, kNo, Both, None, {}, kNothing, nullptr},
    {"NUMMEMORYSUBGROUPS", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"MEMGUARANTEE", "text", First, kNo, Both, None, {}, kNothing, nullptr},
    {"PAGECACHE_ISOLATION", "yes or no", First, kNo, Both, None, {}, kNothing, nullptr},

    // processes, files, buffers
    {"NUMPROC", "count pair", Last, kYes, Both, UnitSettings, {"TasksMax"}, "TasksMax=limit", nonzero_pair<&C::numproc, kCount>},
    {"NUMCGROUP", "count pair", Last, kYes, Both, Start, {}, "most cgroups in the VPS", nonzero_pair<&C::numcgroup, kCount>},
    {"CGROUP_DEPTH", "number", Last, kYes, Both, Start, {}, "how deep cgroups of the VPS may lie in one another", number<&C::cgroup_depth, 1, INT_MAX>},
    {"AVNUMPROC", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"NUMFILE", "count pair", Last, kYes, Both, Inside, {}, "init's NOFILE limit", nonzero_pair<&C::numfile, kCount>},
    {"NUMSIGINFO", "count pair", Last, kYes, Both, Inside, {}, "init's SIGPENDING limit", pair<&C::numsiginfo, kCount>},
    {"NUMPTY", "count pair", Last, kYes, Both, Inside, {}, "most pseudoterminals in the VPS", pair<&C::numpty, kCount>},
    {"NUMFLOCK", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"NUMTCPSOCK", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"NUMOTHERSOCK", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"TCPSNDBUF", "bytes pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"TCPRCVBUF", "bytes pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"OTHERSOCKBUF", "bytes pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"DGRAMRCVBUF", "bytes pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"NUMIPTENT", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"IPTENTRIES", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"NUMNETIF", "count pair", Last, kNo, Both, None, {}, kNothing, nullptr},

    // CPU
    {"CPUUNITS", "number", First, kYes, Both, UnitSettings, {"CPUWeight"}, "CPUWeight=units/10, 1 to 10000", number<&C::cpuunits, 1, INT_MAX>},
    {"CPUUWEIGHT", "number", First, kYes, Both, UnitSettings, {"CPUWeight"}, "CPUWeight=, as CPUUNITS=500000/weight", number<&C::cpuuweight, 1, INT_MAX>, Needs::NoCpuUnits},
    {"CPULIMIT", "percent", First, kYes, Both, UnitSettings, {"CPUQuota"}, "CPUQuota=; 0: none", cpulimit},
    {"CPUS", "number", First, kYes, Both, UnitSettings, {"CPUQuota"}, "CPUQuota=number x 100%; 0: none", number_or_none<&C::cpus, INT_MAX / 100>},
    {"CPUMASK", "all, auto or list", First, kYes, Both, UnitSettings, {"AllowedCPUs"}, "AllowedCPUs=", cpumask},
    {"NODEMASK", "all or list", First, kYes, Both, UnitSettings, {"AllowedMemoryNodes"}, "AllowedMemoryNodes=", mask<&C::nodemask>},

    // disk
    {"IOPRIO", "0 to 7", Last, kYes, Both, UnitSettings, {"IOWeight"}, "IOWeight=20 x (priority + 1)", number<&C::ioprio, 0, 7>},
    {"IOLIMIT", "bytes a second", Last, kYes, Both, StartSettings, {"IOReadBandwidthMax", "IOWriteBandwidthMax"}, "IOReadBandwidthMax=, IOWriteBandwidthMax=; 0: none", iolimit},
    {"IOPSLIMIT", "number", Last, kYes, Both, StartSettings, {"IOReadIOPSMax", "IOWriteIOPSMax"}, "IOReadIOPSMax=, IOWriteIOPSMax=; 0: none", number_or_none<&C::iopslimit, INT_MAX>},
    {"DISK_QUOTA", "yes or no", First, kYes, Both, Quota, {}, "project quota on VE_PRIVATE; yes in N.conf: start refused without", yes_no<&C::disk_quota>},
    {"DISKSPACE", "KiB pair", First, kYes, Both, Quota, {}, "project quota on VE_PRIVATE", nonzero_pair<&C::diskspace, kBlocks>, Needs::DiskQuota},
    {"DISKINODES", "count pair", First, kYes, Both, Quota, {}, "project quota on VE_PRIVATE", nonzero_pair<&C::diskinodes, kCount>, Needs::DiskQuota},
    {"QUOTATIME", "seconds", First, kYes, Both, Quota, {}, "grace time of the file system's project quota; 0: barriers are limits", number<&C::quotatime, 0, INT_MAX>, Needs::DiskLimit},
    {"QUOTAUGIDLIMIT", "number", First, kNo, Both, None, {}, kNothing, nullptr},
    {"NOATIME", "yes or no", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},

    // devices and privileges
    {"DEVICES", "list", Accumulate, kNo, Both, StartSettings, {"DeviceAllow"}, "DeviceAllow=", list<&C::device_rules, read_device_rules>},
    {"DEVNODES", "list", Accumulate, kNo, Both, StartSettings, {"DeviceAllow"}, "DeviceAllow= and the nodes in the VPS's /dev", list<&C::device_nodes, read_device_nodes>},
    {"PCI", "list", Accumulate, kNo, Both, None, {}, kNothing, nullptr},
    {"CAPABILITY", "list", Merge, kYes, Both, Inside, {}, "the VPS's capability bounding set", list<&C::capability, read_capabilities>},
    {"FEATURES", "list", Merge, kNo, Both, StartSettings, {}, "what the VPS may mount and use", list<&C::features, read_features>},
    {"CGROUP_LAYOUT", "auto, v1 or v2", First, kNo, Both, Start, {}, "the cgroups that the VPS's init finds: v1 for a systemd before 230", cgroup_layout, kAlways, "auto"},
    {"MACHINED", "yes or no", First, kNo, Both, Start, {}, "no: systemd-machined does not list the VPS", yes_no<&C::machined>, kAlways, "yes"},
    {"IO_URING", "yes or no", First, kYes, Both, Start, {}, "yes: the VPS has io_uring, which passes by the list of system calls", yes_no<&C::io_uring>, kAlways, "no"},
    {"SOCKET_FAMILIES", "list", Accumulate, kYes, Both, Start, {}, "families of sockets beside unix, inet, inet6, netlink, packet", list<&C::socket_families, read_socket_families>},

    // network
    {"IP_ADDRESS", "list", Accumulate, kNo, Both, Inside, {}, "addresses of venet0, routed by the host", list<&C::addresses, read_addresses>},
    {"NETIF", "list", First, kYes, Both, Inside, {}, "veth devices, on bridges of the host", list<&C::netifs, read_netifs>},
    {"NETDEV", "list", Accumulate, kNo, Both, Inside, {}, "devices of the host, moved into the VPS", list<&C::netdevs, read_netdevs>},
    {"VETH", "list", First, kNo, Both, None, {}, kNothing, nullptr},
    {"IPV6", "yes or no", First, kNo, Both, Inside, {}, "no: IPv6 addresses are left out", yes_no<&C::ipv6>, kAlways, "yes"},
    {"NAMESERVER", "list", Accumulate, kNo, Both, Inside, {}, "nameserver lines of /etc/resolv.conf in the VPS; inherit: the host's", list<&C::nameservers, read_name_servers>},
    {"SEARCHDOMAIN", "list", Accumulate, kNo, Both, Inside, {}, "search line of /etc/resolv.conf in the VPS; inherit: the host's", list<&C::searchdomains, read_search_domains>},
    {"NETFILTER", "text", Last, kNo, Both, None, {}, kNothing, nullptr},
    {"IPTABLES", "list", Merge, kNo, Both, Start, {}, "modules of the kernel, loaded before the VPS starts", list<&C::iptables, read_modules>},
    {"IPTABLES_MODULES", "list", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"IP6TABLES", "list", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"VE_ROUTE_SRC_DEV", "text", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"NEIGHBOUR_DEVS", "text", First, kNo, Host, Start, {}, "devices of the host that answer for IP_ADDRESS", list<&C::neighbour_devices, read_neighbour_devices>},
    {"SKIP_ARPDETECT", "yes or no", First, kNo, Host, Start, {}, "yes: no machine is asked whether it has an address", yes_no<&C::skip_arpdetect>, kAlways, "no"},
    {"ERROR_ON_ARPFAIL", "yes or no", First, kNo, Host, Start, {}, "yes: start refused where another machine has an address", yes_no<&C::error_on_arpfail>, kAlways, "no"},
    {"RATE", "list", First, kNo, Both, None, {}, kNothing, nullptr},
    {"RATEBOUND", "yes or no", First, kNo, Both, None, {}, kNothing, nullptr},
    {"RATEMPU", "list", First, kNo, Both, None, {}, kNothing, nullptr},
    {"TOTALRATE", "list", First, kNo, Host, None, {}, kNothing, nullptr},
    {"BANDWIDTH", "list", First, kNo, Host, None, {}, kNothing, nullptr},
    {"TRAFFIC_SHAPING", "yes or no", First, kNo, Host, None, {}, kNothing, nullptr},
    {"USE_VENET_MASK", "yes or no", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},

    // OpenVZ's own tools
    {"VEID", "number", First, kNo, Vps, ToolsOnly, {}, kIgnored, nullptr},
    {"UUID", "text", First, kNo, Vps, ToolsOnly, {}, kIgnored, nullptr},
    {"OSTEMPLATE", "text", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},
    {"DEF_OSTEMPLATE", "text", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"TEMPLATE", "path", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"TEMPLATES", "list", First, kNo, Vps, ToolsOnly, {}, kIgnored, nullptr},
    {"DISTRIBUTION", "text", First, kNo, Vps, ToolsOnly, {}, kIgnored, nullptr},
    {"TECHNOLOGIES", "list", First, kNo, Vps, ToolsOnly, {}, kIgnored, nullptr},
    {"ORIGIN_SAMPLE", "text", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},
    {"CONFIGFILE", "text", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"CONFIG_CUSTOMIZED", "yes or no", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},
    {"VERSION", "text", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},
    {"PLATFORM", "text", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},
    {"VEFSTYPE", "text", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},
    {"VEIMAGEFORMAT", "text", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"GOLDEN_IMAGE", "yes or no", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"VE0CPUUNITS", "number", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"VE_STOP_MODE", "stop or suspend", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"AUTOSTOP", "stop or suspend", First, kNo, Both, ToolsOnly, {}, kIgnored, nullptr},
    {"VZFASTBOOT", "yes or no", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"VZWDOG", "yes or no", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"MODULES_DISABLED", "yes or no", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"SKIP_SYSCTL_SETUP", "yes or no", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"USE_NET_RPS", "yes or no", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"LOCKDIR", "path", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"DUMPDIR", "path", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"ACTIONLOGDIR", "path", First, kNo, Host, ToolsOnly, {}, kIgnored, nullptr},
    {"LOGGING", "yes or no", First, kNo, Host, ToolsOnly, {}, "nothing: all goes to the journal", nullptr},
    {"LOGFILE", "path", First, kNo, Host, ToolsOnly, {}, "nothing: all goes to the journal", nullptr},
    {"LOG_LEVEL", "number", Last, kNo, Host, ToolsOnly, {}, "nothing: all goes to the journal", nullptr},
    {"VERBOSE", "number", First, kNo, Host, ToolsOnly, {}, "nothing: all goes to the journal", nullptr},
};
// clang-format on

// Keys by a hash of their names, for a node's thousands of lines: a key is in the first free slot
// from its hash on.
using Slot = std::uint8_t;
static constexpr Slot kFree = 255;
static constexpr std::size_t kSlots = 512;
static_assert(std::size(kKeys) < kFree);

// The length of a key's name and three of its characters tell nearly all keys apart.
static constexpr std::size_t slot_of(std::string_view name) {
    if (name.empty())
        return 0;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
    const std::size_t hash =
        37u * at(0) + 11u * at(name.size() / 2) + 131u * at(name.size() - 1) + name.size();
    return hash % kSlots;
}

static constexpr const ConfigKey* find_in(const std::array<Slot, kSlots>& slots,
                                          std::string_view name, std::size_t& slot) {
    for (slot = slot_of(name); slots[slot] != kFree; slot = (slot + 1) % kSlots)
        if (kKeys[slots[slot]].name == name)
            return &kKeys[slots[slot]];
    return nullptr;
}

static constexpr auto kByName = [] {
    std::array<Slot, kSlots> slots{};
    slots.fill(kFree);
    for (std::size_t i = 0; i < std::size(kKeys); ++i) {
        std::size_t slot = 0;
        if (find_in(slots, kKeys[i].name, slot))
            throw "a key is there twice";  // does not compile
        slots[slot] = static_cast<Slot>(i);
    }
    return slots;
}();

std::span<const ConfigKey> config_keys() {
    return kKeys;
}

const ConfigKey* find_config_key(std::string_view name) {
    std::size_t slot = 0;
    return find_in(kByName, name, slot);
}

const char* find_idle_reason(const ConfigKey& key, const VpsConfig& config) {
    const bool quota = key.needs == Needs::DiskQuota || key.needs == Needs::DiskLimit;
    if (quota && config.layout == Layout::Ploop)
        return "the size of a ploop image is its quota";
    if (quota && !config.disk_quota)
        return "DISK_QUOTA is no";
    if (key.needs == Needs::DiskLimit && !config.diskspace && !config.diskinodes)
        return "neither DISKSPACE nor DISKINODES is set";
    if (key.needs == Needs::LegacyUbcLimits && !config.legacy_ubc_limits)
        return "LEGACY_UBC_LIMITS is not yes";
    if (key.needs == Needs::OwnIds && !config.userns)
        return "USERNS is no";
    if (key.needs == Needs::NoCpuUnits && config.cpuunits)
        return "CPUUNITS is set";
    return nullptr;
}

bool adds_up(const ConfigKey& key) {
    return key.duplicate == Duplicate::Accumulate || key.duplicate == Duplicate::Merge;
}

bool ConfigKey::has_setting(std::string_view setting) const {
    return !setting.empty() &&
           std::find(std::begin(settings), std::end(settings), setting) != std::end(settings);
}

}  // namespace vps
