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

// What a value costs to find out, beside the configuration: only what is asked for is read.
enum Source : unsigned {
    kConfig = 0,
    kStatus = 1U << 0U,
    kTasks = 1U << 1U,        // pids.* of the cgroup
    kMemory = 1U << 2U,       // memory.* of the cgroup
    kMemoryKinds = 1U << 3U,  // memory.stat
    kDisk = 1U << 4U,         // the quota of the private area
    kLoad = 1U << 5U,         // all processes
};

// How a value that is too wide for its column is cut, unless the column is the last one.
enum class Cut { Never, AtWidth, AfterFirstWord };

struct Field {
    std::string name, header;
    int width;  // negative: the column is left-aligned
    Cut cut;
    unsigned sources;
    bool in_json;        // a part of a beancounter is not: JSON has all parts in one object
    bool unset_is_zero;  // in JSON, where others are null
    std::function<Value(const ListedVps&)> value;
};

const std::vector<Field>& list_fields();

// Null where there is none of that name.
const Field* find_field(std::string_view name);

}  // namespace vps
