// A VPS's configuration: vz.conf, then N.conf, read as vzctl 4 reads them, into plain data. The
// generator reads it at boot for every VPS, the helpers for one; no privilege beyond reading the
// two files is needed and nothing is changed. Values come from files that only root may write; they
// are still checked, because they end up in units, mounts and system calls.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/address.hh"
#include "config/capability_set.hh"
#include "config/device_rule.hh"
#include "config/veid.hh"
#include "sys/exit_code.hh"

namespace vps {

enum class Severity {
    Note,     // worth knowing, for a checker; not said at boot
    Warning,  // said at boot, but the VPS still starts
    Refusal,  // the value guards the VPS (a limit, VE_ROOT, VE_PRIVATE, USERNS): it must not start
};

// One finding, at a place in a configuration file. Lines and columns count from 1.
struct Diagnostic {
    Severity severity;
    std::string file;
    unsigned line;
    unsigned column;
    std::string key;  // as it is written; empty in a finding about no key
    std::string text;
    bool ignored = false;  // the value, or the word of a list, that it is about counts for nothing

    // "<file>:<line>:<column>: <text>"
    [[nodiscard]] std::string to_string() const;
};

// A fault of a key's value that only the host, or the VEID, shows.
struct ConfigProblem {
    std::string_view key;
    std::string text;  // completes "KEY: "
    bool operator==(const ConfigProblem&) const = default;
};

// Bytes of a page in a configuration: those of x86, which OpenVZ's nodes were.
inline constexpr std::uint64_t kPage = 4096;

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// A UBC pair, "barrier[:limit]"; a lone value is both. In the key's own unit (pages, bytes, counts,
// 1 KiB blocks). kUnlimited stands for "unlimited".
struct BarrierLimit {
    std::uint64_t barrier;
    std::uint64_t limit;
    bool operator==(const BarrierLimit&) const = default;
};

// Each cgroup costs the host some 11 KiB, which no limit of memory counts: these are enough for
// some hundreds of services, sessions and containers. With names of 255 bytes, 15 levels are the
// most whose path fits into PATH_MAX with vps-N.scope's own.
inline constexpr std::uint64_t kCgroups = 1024;
inline constexpr unsigned kCgroupDepth = 15;

// USERNS_IDS: from the first to the second, a power of two times the first.
inline constexpr std::uint32_t kFewestIds = 65536, kMostIds = kFewestIds << 10;

enum class OnBoot { Unset, No, Yes };
enum class Layout { Unset, Simfs, Ploop };

// CGROUP_LAYOUT: the cgroups that the VPS's init finds; by its kind, version 2 only, or the
// hierarchy "systemd" of version 1.
enum class CgroupLayout { Auto, V1, V2 };

// A CPU or NUMA node mask: "all", "auto" (NODEMASK's CPUs, CPUMASK only) or a list such as "0,2-3".
struct CpuMask {
    enum class Kind { All, Auto, List } kind;
    std::string list;  // for List: checked, digits, commas and hyphens only
};

// Percent of one CPU, or of all CPUs of the host; 0: no limit.
struct CpuLimit {
    unsigned percent = 0;
    bool of_all = false;
    bool operator==(const CpuLimit&) const = default;
};

enum class ConfigFile : std::uint8_t { None, Host, Vps };  // vz.conf, N.conf

// A key that the table of keys does not have, as written: a site's own.
struct Setting {
    std::string key, value;
    ConfigFile file;
    unsigned line;
};

// Seconds that a script may take that a stop waits for, where STOP_VETO=no and no SCRIPT_TIMEOUT
// says so.
inline constexpr unsigned kOverruledScriptTime = 60;

struct VpsConfig {
    // identity and files
    std::optional<std::string> ve_root,
        ve_private;                 // absolute, $VEID expanded, no "..", normalised
    Layout layout = Layout::Unset;  // as N.conf says; vz.conf's is a default for new VPSes only
    std::optional<std::string> name, description, hostname;
    // life
    OnBoot onboot = OnBoot::Unset;
    std::optional<std::uint32_t> bootorder;  // higher starts first; unset last
    bool disabled = false;
    bool virtuozzo = true;                   // VIRTUOZZO=no: nothing starts at boot
    std::optional<unsigned> parallel;        // VE_PARALLEL, at least 1
    unsigned stop_timeout = 120;             // seconds, vzctl's default
    std::optional<unsigned> script_timeout;  // seconds; none: no limit
    bool stop_veto = true;                   // STOP_VETO=no: no script keeps a VPS from stopping
    bool start_wait = false;                 // START_WAIT
    bool start_failure_umount_scripts = false;
    bool userns = true;                                 // USERNS
    std::uint32_t userns_ids = kFewestIds;              // USERNS_IDS
    std::optional<std::uint32_t> local_uid, local_gid;  // where ids on disk start
    // limits that are plain unit properties (nothing: not in the file)
    std::optional<BarrierLimit> physpages, swappages, vmguarpages, oomguarpages,
        privvmpages;                      // pages
    std::optional<BarrierLimit> numproc;  // processes
    // NUMCGROUP: cgroups below the scope; CGROUP_DEPTH: how deep they may lie
    BarrierLimit numcgroup{kCgroups, kCgroups};
    unsigned cgroup_depth = kCgroupDepth;
    bool legacy_ubc_limits = false;
    std::optional<std::uint64_t> cpuunits, cpuuweight;
    std::optional<CpuLimit> cpulimit;
    std::optional<unsigned> cpus;  // 0: none
    std::optional<CpuMask> cpumask, nodemask;
    std::optional<unsigned> ioprio;                   // 0 to 7
    std::optional<std::uint64_t> iolimit, iopslimit;  // bytes, operations a second; 0: none
    // limits that init is given
    std::optional<BarrierLimit> numfile, numsiginfo;    // per process
    std::optional<BarrierLimit> lockedpages, shmpages;  // pages
    std::optional<BarrierLimit> numpty;
    // the disk quota
    std::optional<BarrierLimit> diskspace;   // blocks of 1 KiB
    std::optional<BarrierLimit> diskinodes;  // files
    std::optional<unsigned> quotatime;       // seconds
    std::vector<std::string> mount_options;  // MOUNT_OPTS, of a ploop image's file system
    bool disk_quota = true;
    ConfigFile disk_quota_from = ConfigFile::None;  // where DISK_QUOTA is set
    // devices and privileges
    std::vector<DeviceRule> device_rules;  // DEVICES
    std::vector<DeviceNode> device_nodes;  // DEVNODES
    DeviceFeatures features;
    bool io_uring = false;
    std::uint64_t socket_families = 0;  // SOCKET_FAMILIES: bit AF_x of each that is added
    CgroupLayout cgroup_layout = CgroupLayout::Auto;
    bool machined = true;
    CapabilityChanges capability;
    // the network
    std::vector<IpAddress> addresses;  // IP_ADDRESS
    std::vector<NetifSpec> netifs;
    std::vector<std::string> netdevs;
    bool ipv6 = true;
    NeighbourDevices neighbour_devices;
    bool skip_arpdetect = false, error_on_arpfail = false;
    std::vector<std::string> iptables;  // modules of the kernel
    // the resolver; "inherit" stands for the host's own servers or domains
    std::vector<std::string> nameservers;    // IP addresses
    std::vector<std::string> searchdomains;  // domain names

    std::vector<Setting> others;
    // The places "<file>:<line>:<column>" of the values that count, for faults that only the host
    // can judge. Empty at boot.
    std::map<std::string_view, std::string> places;
    std::vector<Diagnostic> diagnostics;  // of both files, in reading order

    // The value of a key among the others; null if there is none.
    [[nodiscard]] const std::string* find_other(std::string_view key) const;

    // "<file>:<line>:<column>: KEY: <text>", without the place where the key is not set.
    [[nodiscard]] std::string tell(const ConfigProblem& problem) const;

    // The first Refusal among the diagnostics; null where the VPS may start.
    [[nodiscard]] const Diagnostic* refusal() const;
};

// Whether it asks for anything of a network.
bool wants_network(const VpsConfig& config);

// Reads DIR/vz.conf and DIR/conf/N.conf, in that order. Throws Error NoVzConf or NoVpsConf when one
// of them does not exist, SysError (same codes) when it cannot be read. Bad content does not throw:
// it is in diagnostics.
VpsConfig load_vps_config(Veid veid, const std::string& dir = "/etc/vz");

// The text of DIR/vz.conf. Throws likewise.
std::string read_host_conf(const std::string& dir = "/etc/vz");

}  // namespace vps
