// The one table of vzlist's fields: -L, -o, -s, JSON and the manual's list come from it. Names,
// headers and widths are OpenVZ's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "list/listed_vps.hh"
#include "list/value.hh"

namespace vps {

// What is read for a value, beside the fields of the configuration: only what is asked for.
enum Source : unsigned {
    kConfig = 0,
    kTexts = 1U << 0U,         // keys of the configuration as they are written
    kStatus = 1U << 1U,        // whether it runs, or is mounted
    kTasks = 1U << 2U,         // pids.current of the cgroup
    kTaskLimits = 1U << 3U,    // the rest of pids.*
    kMemory = 1U << 4U,        // memory.current, memory.swap.current
    kMemoryLimits = 1U << 5U,  // the rest of memory.*
    kMemoryKinds = 1U << 6U,   // memory.stat
    kDisk = 1U << 7U,          // the quota of the private area
    kLayout = 1U << 8U,        // the files of the private area
    kLoad = 1U << 9U,          // all processes
    kActivity = 1U << 10U,     // cpu.stat, io.stat and pressure
    kNetwork = 1U << 11U,      // counters of links
    kCounts = 1U << 12U,       // counts of starts, stops and action scripts
};

// How a value that is too wide for its column is cut, unless the column is the last one.
enum class Cut { Never, AtWidth, AfterFirstWord };

struct Field {
    std::string name, header;
    int width;  // negative: the column is left-aligned
    Cut cut;
    unsigned sources, json_sources;
    bool in_json;        // a part of a beancounter is not: JSON has all parts in one object
    bool unset_is_zero;  // in JSON, where others are null
    std::function<Value(const ListedVps&)> value;
};

const std::vector<Field>& list_fields();

// Null where there is none of that name.
const Field* find_field(std::string_view name);

}  // namespace vps
