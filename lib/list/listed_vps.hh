// What vzlist knows of one VPS: plain data, which gather.hh reads and field.hh shows.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hh"
#include "config/config_value.hh"
#include "list/value.hh"
#include "state/life_counts.hh"

namespace vps {

// The user beancounters, in OpenVZ's order.
struct CounterName {
    std::string_view name, header, key;  // "numproc", "NPROC", "NUMPROC"
    Unit unit;
};

inline constexpr std::array kCounters{
    CounterName{"kmemsize", "KMEMSIZE", "KMEMSIZE", Unit::Bytes},
    CounterName{"lockedpages", "LOCKEDP", "LOCKEDPAGES", Unit::Pages},
    CounterName{"privvmpages", "PRIVVMP", "PRIVVMPAGES", Unit::Pages},
    CounterName{"shmpages", "SHMP", "SHMPAGES", Unit::Pages},
    CounterName{"numproc", "NPROC", "NUMPROC", Unit::Count},
    CounterName{"physpages", "PHYSP", "PHYSPAGES", Unit::Pages},
    CounterName{"vmguarpages", "VMGUARP", "VMGUARPAGES", Unit::Pages},
    CounterName{"oomguarpages", "OOMGUARP", "OOMGUARPAGES", Unit::Pages},
    CounterName{"numtcpsock", "NTCPSOCK", "NUMTCPSOCK", Unit::Count},
    CounterName{"numflock", "NFLOCK", "NUMFLOCK", Unit::Count},
    CounterName{"numpty", "NPTY", "NUMPTY", Unit::Count},
    CounterName{"numsiginfo", "NSIGINFO", "NUMSIGINFO", Unit::Count},
    CounterName{"tcpsndbuf", "TCPSNDB", "TCPSNDBUF", Unit::Bytes},
    CounterName{"tcprcvbuf", "TCPRCVB", "TCPRCVBUF", Unit::Bytes},
    CounterName{"othersockbuf", "OTHSOCKB", "OTHERSOCKBUF", Unit::Bytes},
    CounterName{"dgramrcvbuf", "DGRAMRB", "DGRAMRCVBUF", Unit::Bytes},
    CounterName{"numothersock", "NOTHSOCK", "NUMOTHERSOCK", Unit::Count},
    CounterName{"dcachesize", "DCACHESZ", "DCACHESIZE", Unit::Bytes},
    CounterName{"numfile", "NFILE", "NUMFILE", Unit::Count},
    CounterName{"numiptent", "NIPTENT", "NUMIPTENT", Unit::Count},
    CounterName{"swappages", "SWAPP", "SWAPPAGES", Unit::Pages},
};

// The place of a beancounter in the table; one that it does not have does not compile.
consteval std::size_t counter_at(std::string_view name) {
    for (std::size_t at = 0; at < kCounters.size(); ++at)
        if (kCounters[at].name == name)
            return at;
    throw "no such beancounter";
}

using Counters = std::array<Beancounter, kCounters.size()>;

// What the processes of a VPS have done since its start, and how long some of them had to wait.
struct Activity {
    std::optional<std::uint64_t> cpu_usec, read_bytes, written_bytes;
    std::optional<std::uint64_t> cpu_waited_usec, memory_waited_usec, io_waited_usec;
};

// By the links that the VPS has now.
struct NetworkUse {
    std::uint64_t received_bytes = 0, received_packets = 0, sent_bytes = 0, sent_packets = 0;
};

struct ListedVps {
    Veid veid;
    StatusWord::Word status = StatusWord::Word::Stopped;
    VpsConfig config{};
    // Values of keys that nothing here has a use for, or that are wanted as they were written.
    std::map<std::string_view, std::string> texts{};
    bool is_ploop = false;
    unsigned host_cpus = 0;  // what a CPULIMIT of all CPUs counts
    Counters counters{};
    Activity activity{};
    std::optional<DiskUse> diskspace{}, diskinodes{};
    std::optional<double> uptime{}, load{};  // while it runs
    std::optional<double> started{};         // likewise: seconds since 1970
    std::optional<NetworkUse> network{};
    std::optional<LifeCounts> counts{};

    [[nodiscard]] bool runs() const {
        return status == StatusWord::Word::Running || status == StatusWord::Word::Suspended;
    }
};

}  // namespace vps
