// A value of a field of vzlist: what is printed in a column and in JSON, and sorted by, comes from
// the same one. Pure.
#pragma once

#include <json-c/json_object.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vps {

// The longest number that OpenVZ's kernels knew, and "no limit" for its tools.
inline constexpr std::uint64_t kNoLimit = INT64_MAX;

// A resource as OpenVZ's user beancounters tell it. What no kernel counts is not there.
struct Beancounter {
    std::optional<std::uint64_t> held, maxheld, failcnt;
    std::uint64_t barrier = 0, limit = 0;
    bool is_idle = false;  // the VPS does not run: JSON has zeros
};

struct DiskUse {
    std::uint64_t usage = 0, soft = 0, hard = 0;  // blocks of 1 KiB, or files
};

// One number of a beancounter, which JSON has whole.
struct CounterPart {
    Beancounter counter;
    enum class Part { Held, Maxheld, Barrier, Limit, Failcnt } part;
};
struct DiskPart {
    DiskUse use;
    enum class Part { Usage, Soft, Hard } part;
};

struct Load {
    double tasks;
};
struct Uptime {
    double seconds;
};
struct Decimal {
    double number;
};
// The words are in the order of their rank when sorted.
struct StatusWord {
    enum class Word { Running, Stopped, Mounted, Suspended } word;
};

using Words = std::vector<std::string>;
using Switches = std::vector<std::pair<std::string, bool>>;  // "nfs:on,tun:off"

// std::monostate: unset.
using Value = std::variant<std::monostate, std::uint64_t, bool, std::string, Words, Switches,
                           StatusWord, Decimal, Load, Uptime, CounterPart, DiskPart>;

const char* name_of(StatusWord::Word word);

// The printable text of a column: "-" where there is nothing to show.
std::string show(const Value& value);

// Smaller values are listed first; an unset one before all.
std::partial_ordering compare(const Value& left, const Value& right);

struct JsonDeleter {
    void operator()(json_object* object) const { json_object_put(object); }
};
using Json = std::unique_ptr<json_object, JsonDeleter>;
Json to_json(const Value& value);  // null where it is unset

}  // namespace vps
