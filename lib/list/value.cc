#include "list/value.hh"

#include <fmt/format.h>

#include "sys/utf8.hh"

namespace vps {

namespace {

using OptionalNumber = std::optional<std::uint64_t>;

OptionalNumber number_of(const CounterPart& value) {
    switch (value.part) {
        case CounterPart::Part::Held:
            return value.counter.held;
        case CounterPart::Part::Maxheld:
            return value.counter.maxheld;
        case CounterPart::Part::Barrier:
            return value.counter.barrier;
        case CounterPart::Part::Limit:
            return value.counter.limit;
        case CounterPart::Part::Failcnt:
            return value.counter.failcnt;
    }
    return std::nullopt;
}

// vzlist tells no use of 0.
OptionalNumber number_of(const DiskPart& value) {
    switch (value.part) {
        case DiskPart::Part::Usage:
            return value.use.usage == 0 ? OptionalNumber() : value.use.usage;
        case DiskPart::Part::Soft:
            return value.use.soft;
        case DiskPart::Part::Hard:
            return value.use.hard;
    }
    return std::nullopt;
}

std::string show_number(const OptionalNumber& number) {
    return number ? fmt::format("{}", *number) : "-";
}

std::string show_uptime(double seconds) {
    const auto whole = static_cast<std::uint64_t>(seconds);
    return fmt::format("{:03}d{:02}h:{:02}m:{:02}s", whole / 86400, whole / 3600 % 24,
                       whole / 60 % 60, whole % 60);
}

std::string join(const Words& words) {
    return words.empty() ? "-" : fmt::format("{}", fmt::join(words, " "));
}

std::string join(const Switches& switches) {
    std::string joined;
    for (const auto& [name, on] : switches)
        joined += fmt::format("{}{}:{}", joined.empty() ? "" : ",", name, on ? "on" : "off");
    return joined.empty() ? "-" : joined;
}

json_object* text_json(const std::string& text) {
    const std::string clean = printable(text);
    return json_object_new_string_len(clean.data(), static_cast<int>(clean.size()));
}

json_object* number_json(const OptionalNumber& number) {
    return number ? json_object_new_uint64(*number) : nullptr;
}

json_object* decimal_json(double number, const std::string& digits) {
    return json_object_new_double_s(number, digits.c_str());
}

json_object* words_json(const Words& words) {
    json_object* list = json_object_new_array_ext(static_cast<int>(words.size()));
    for (const std::string& word : words)
        json_object_array_add(list, text_json(word));
    return list;
}

json_object* switches_json(const Switches& switches) {
    if (switches.empty())
        return nullptr;
    json_object* object = json_object_new_object();
    for (const auto& [name, on] : switches)
        json_object_object_add(object, printable(name).c_str(), json_object_new_boolean(on));
    return object;
}

json_object* load_json(double tasks) {
    json_object* list = json_object_new_array_ext(3);
    for (int average = 0; average < 3; ++average)
        json_object_array_add(list, decimal_json(tasks, fmt::format("{:.2f}", tasks)));
    return list;
}

json_object* object_json(
    std::initializer_list<std::pair<const char*, std::optional<std::uint64_t>>> members) {
    json_object* object = json_object_new_object();
    for (const auto& [name, number] : members)
        json_object_object_add(object, name, number_json(number));
    return object;
}

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

// Values of different kinds stand in one column only where one of them is unset, or a name stands
// for the number that a VPS without a name has.
using Key = std::variant<std::monostate, double, std::uint64_t, std::string>;

Key key_of(const OptionalNumber& number) {
    return number ? Key(*number) : Key();
}

Key key_of(const Value& value) {
    return std::visit(
        Overloaded{
            [](std::monostate) { return Key(); },
            [](std::uint64_t number) { return Key(number); },
            [](bool yes) { return Key(std::uint64_t{yes}); },
            [](const std::string& text) { return Key(text); },
            [](const Words& words) { return words.empty() ? Key() : Key(join(words)); },
            [](const Switches& switches) { return switches.empty() ? Key() : Key(join(switches)); },
            [](StatusWord status) { return Key(static_cast<std::uint64_t>(status.word)); },
            [](Decimal decimal) { return Key(decimal.number); },
            [](Load load) { return Key(load.tasks); },
            [](Uptime uptime) { return Key(-uptime.seconds); },  // who is up longest comes first
            [](const CounterPart& part) { return key_of(number_of(part)); },
            [](const DiskPart& part) { return key_of(number_of(part)); },
        },
        value);
}

}  // namespace

const char* name_of(StatusWord::Word word) {
    switch (word) {
        case StatusWord::Word::Running:
            return "running";
        case StatusWord::Word::Stopped:
            return "stopped";
        case StatusWord::Word::Mounted:
            return "mounted";
        case StatusWord::Word::Suspended:
            return "suspended";
    }
    return "-";
}

std::string show(const Value& value) {
    return printable(
        std::visit(Overloaded{
                       [](std::monostate) { return std::string("-"); },
                       [](std::uint64_t number) { return fmt::format("{}", number); },
                       [](bool yes) { return std::string(yes ? "yes" : "no"); },
                       [](const std::string& text) { return text; },
                       [](const Words& words) { return join(words); },
                       [](const Switches& switches) { return join(switches); },
                       [](StatusWord status) { return std::string(name_of(status.word)); },
                       [](Decimal decimal) { return fmt::format("{:g}", decimal.number); },
                       [](Load load) { return fmt::format("{0:.2f}/{0:.2f}/{0:.2f}", load.tasks); },
                       [](Uptime uptime) { return show_uptime(uptime.seconds); },
                       [](const CounterPart& part) { return show_number(number_of(part)); },
                       [](const DiskPart& part) { return show_number(number_of(part)); },
                   },
                   value));
}

std::partial_ordering compare(const Value& left, const Value& right) {
    return key_of(left) <=> key_of(right);
}

Json to_json(const Value& value) {
    return Json(std::visit(
        Overloaded{
            [](std::monostate) -> json_object* { return nullptr; },
            [](std::uint64_t number) { return json_object_new_uint64(number); },
            [](bool yes) { return json_object_new_boolean(yes); },
            [](const std::string& text) { return text_json(text); },
            [](const Words& words) { return words_json(words); },
            [](const Switches& switches) { return switches_json(switches); },
            [](StatusWord status) { return json_object_new_string(name_of(status.word)); },
            [](Decimal decimal) {
                return decimal_json(decimal.number, fmt::format("{:g}", decimal.number));
            },
            [](Load load) { return load_json(load.tasks); },
            [](Uptime uptime) {
                return decimal_json(uptime.seconds, fmt::format("{:.3f}", uptime.seconds));
            },
            [](const CounterPart& part) {
                const Beancounter& counter = part.counter;
                const auto used = [&](OptionalNumber number) {
                    return counter.is_idle ? OptionalNumber(0) : number;
                };
                return object_json({{"held", used(counter.held)},
                                    {"maxheld", used(counter.maxheld)},
                                    {"barrier", counter.barrier},
                                    {"limit", counter.limit},
                                    {"failcnt", used(counter.failcnt)}});
            },
            [](const DiskPart& part) {
                return object_json({{"usage", part.use.usage},
                                    {"softlimit", part.use.soft},
                                    {"hardlimit", part.use.hard}});
            },
        },
        value));
}

}  // namespace vps
