// What a VPS's configuration says: vz.conf, then N.conf, read as vzctl 4 reads them, into plain
// data. The generator calls it at boot for every VPS, the helpers for one; no privilege beyond
// reading the two files is needed and nothing is changed. Values come from files that only root may
// write; they are still checked, because they end up in units, mounts and system calls.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    std::string text;

    // "<file>:<line>:<column>: <text>"
    [[nodiscard]] std::string to_string() const;
};

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// A UBC pair, "barrier[:limit]"; a lone value is both. In the key's own unit (pages, bytes, counts,
// 1 KiB blocks). kUnlimited stands for "unlimited".
struct BarrierLimit {
    std::uint64_t barrier;
    std::uint64_t limit;
    bool operator==(const BarrierLimit&) const = default;
};

enum class OnBoot { Unset, No, Yes };
enum class Layout { Unset, Simfs, Ploop };

// A CPU or NUMA node mask: "all", "auto" (NODEMASK's CPUs, CPUMASK only) or a list such as "0,2-3".
struct CpuMask {
    enum class Kind { All, Auto, List } kind;
    std::string list;  // for List: checked, digits, commas and hyphens only
};

// A list of words. Lines of one file add up; those of N.conf take the place of vz.conf's.
struct WordList {
    std::vector<std::string> words;
    bool complete = false;  // its file has been read: what comes now is of the next one
};

enum class ConfigFile : std::uint8_t { None, Host, Vps };  // vz.conf, N.conf

// A key that no field below stands for, as written: one for a later version, for nothing here, or a
// site's own. Lists that one file gives in several lines are joined by blanks.
struct Setting {
    std::string key, value;
    ConfigFile file;
    unsigned line;
};

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
    bool start_wait = false;                 // START_WAIT
    bool start_failure_umount_scripts = false;
    bool userns = true;  // USERNS
    // limits that are plain unit properties (nothing: not in the file)
    std::optional<BarrierLimit> physpages, swappages, vmguarpages, oomguarpages,
        privvmpages;                      // pages
    std::optional<BarrierLimit> numproc;  // processes
    bool legacy_ubc_limits = false;
    std::optional<std::uint64_t> cpuunits, cpuuweight;
    std::optional<unsigned> cpulimit;  // percent of one CPU; 0: none
    std::optional<unsigned> cpus;      // 0: none
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
    bool disk_quota = true;
    ConfigFile disk_quota_from = ConfigFile::None;  // where DISK_QUOTA is set
    // the resolver; "inherit" stands for what the host has
    WordList nameservers;    // IP addresses
    WordList searchdomains;  // domain names

    std::vector<Setting> others;
    // Where the value of a key that counts is written, "<file>:<line>:<column>": for what only the
    // host can judge. Not at boot.
    std::map<std::string_view, std::string> places;
    std::vector<Diagnostic> diagnostics;  // of both files, in reading order

    // The value of a key among the others; null if there is none.
    [[nodiscard]] const std::string* find_other(std::string_view key) const;

    // The first Refusal among the diagnostics; null where the VPS may start.
    [[nodiscard]] const Diagnostic* refusal() const;
};

// Reads DIR/vz.conf and DIR/conf/N.conf, in that order. Throws Error NoVzConf or NoVpsConf when one
// of them does not exist, SysError (same codes) when it cannot be read. Bad content does not throw:
// it is in diagnostics.
VpsConfig load_vps_config(Veid veid, const std::string& dir = "/etc/vz");

}  // namespace vps
