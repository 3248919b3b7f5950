#include "list/vzubc.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "list/gather.hh"
#include "list/request.hh"
#include "sys/error.hh"
#include "version.hh"

namespace vps {

namespace {

constexpr const char* kRule =
    "-------------------------------------------------------------------\n";

using Number = std::optional<std::uint64_t>;

bool is_told(const Number& number) {
    return number && *number != 0 && *number < kNoLimit;
}

// "1.5G", "23 ": three digits, and the letter of the unit.
std::string show(const Number& number, Unit unit) {
    if (!is_told(number))
        return "- ";
    constexpr std::string_view kLetters = " KMGTPEZY";
    auto value = static_cast<double>(*number);
    std::size_t power = 0;
    if (unit == Unit::Pages) {
        value *= 4;
        power = 1;
    }
    for (; value >= 1024; value /= 1024)
        ++power;
    const char letter = kLetters[power];
    return value < 100 ? fmt::format("{:.3g}{}", value, letter)
                       : fmt::format("{}{}", static_cast<unsigned>(value), letter);
}

std::string percent_of(const Number& part, const Number& whole) {
    if (!is_told(part) || !is_told(whole))
        return "- ";
    const double percent =
        std::round(1e4 * static_cast<double>(*part) / static_cast<double>(*whole)) / 100;
    if (percent == 0)
        return "- ";
    return percent < 10 ? fmt::format("{:.2g}%", percent)
                        : fmt::format("{}%", static_cast<std::uint64_t>(percent));
}

bool is_above(const Number& number, double bound) {
    return number && static_cast<double>(*number) > bound;
}

bool is_near_limit(const Beancounter& counter, const UbcRequest& request) {
    if (counter.failcnt && *counter.failcnt > 0)
        return true;
    const std::uint64_t barrier = counter.barrier == 0 ? counter.limit : counter.barrier;
    if (!is_told(barrier))
        return false;
    const auto whole = static_cast<double>(barrier);
    return is_above(counter.held, whole * request.held_ratio) ||
           is_above(counter.maxheld, whole * std::min(request.held_ratio, request.maxheld_ratio));
}

std::string print_row(const CounterName& name, const Beancounter& counter) {
    const auto amount = [&](const Number& number) { return show(number, name.unit); };
    return fmt::format("{:>13}|{:>5} {:>5} {:>5}|{:>5} {:>5} {:>5}|{:>5}|{:>5}| {:>5}\n", name.name,
                       amount(counter.held), percent_of(counter.held, counter.barrier),
                       percent_of(counter.held, counter.limit), amount(counter.maxheld),
                       percent_of(counter.maxheld, counter.barrier),
                       percent_of(counter.maxheld, counter.limit), amount(counter.barrier),
                       amount(counter.limit), show(counter.failcnt, Unit::Count));
}

// A limit that no kernel keeps is none.
Beancounter in_force(std::size_t at, Beancounter counter) {
    if (at != counter_at("numproc") && at != counter_at("physpages") &&
        at != counter_at("swappages"))
        counter.barrier = counter.limit = kNoLimit;
    return counter;
}

std::string print_vps(const ListedVps& vps, const UbcRequest& request) {
    std::string rows;
    for (std::size_t at = 0; at < kCounters.size(); ++at) {
        const Beancounter counter = in_force(at, vps.counters[at]);
        if (counter.held && (!request.quiet || is_near_limit(counter, request)))
            rows += print_row(kCounters[at], counter);
    }
    if (rows.empty())
        return rows;
    return fmt::format(
        "{}CT {:<10}| HELD  Bar%  Lim%| MAXH  Bar%  Lim%| BAR | LIM | FAIL\n"
        "-------------+-----------------+-----------------+-----+-----+-----\n{}",
        kRule, vps.veid.value(), rows);
}

[[noreturn]] void usage_error(const std::string& text) {
    throw Error(ExitCode::Usage, text + " (see --help)");
}

double parse_ratio(const std::string& option, const std::string& word) {
    char* end = nullptr;
    const double ratio = std::strtod(word.c_str(), &end);
    if (word.empty() || *end != '\0' || !(ratio >= 0) || ratio > 1e6)
        usage_error(fmt::format("{} wants a number such as 0.8", option));
    return ratio;
}

}  // namespace

UbcRequest parse_ubc_request(std::span<const std::string> words) {
    UbcRequest request;
    const auto watch = [&] {
        if (request.watch.empty())
            request.watch = {"watch"};
    };
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        const auto value = [&]() -> const std::string& {
            if (at + 1 == words.size())
                usage_error(word + " wants a value");
            return words[++at];
        };
        if (word == "-h" || word == "--help") {
            request.answer = UbcRequest::Answer::Help;
        } else if (word == "--version") {
            request.answer = UbcRequest::Answer::Version;
        } else if (word == "-q") {
            request.quiet = true;
        } else if (word == "-qh") {
            request.quiet = true;
            request.held_ratio = parse_ratio(word, value());
        } else if (word == "-qm") {
            request.quiet = true;
            request.maxheld_ratio = parse_ratio(word, value());
        } else if (word == "-w") {
            watch();
        } else if (word == "-wd") {
            watch();
            request.watch.emplace_back("-d");
        } else if (word == "-wn") {
            watch();
            request.watch.insert(request.watch.end(), {"-n", value()});
        } else if (word.starts_with('-')) {
            usage_error(fmt::format("unknown option '{}'", word));
        } else {
            request.operands.push_back(word);
        }
    }
    return request;
}

std::string ubc_help() {
    return "Usage: vzubc [OPTIONS] [VEID|NAME ...]\n\n"
           "Prints what VPSes that run use of their resources, as OpenVZ's user beancounters.\n\n"
           "  -q           show only what has failed, or is near its limit\n"
           "  -qh RATIO    the same; near is in use to this part (0.8)\n"
           "  -qm RATIO    the same; near is once in use to this part (0.5)\n"
           "  -w           again and again, by watch(1); Ctrl-C ends it\n"
           "  -wd          the same, with the differences\n"
           "  -wn SECONDS  the same, so often\n"
           "  -h, --help   show this help\n"
           "  --version    show the version\n";
}

std::string print_ubc(const std::vector<ListedVps>& vpses, const UbcRequest& request) {
    std::string text;
    for (const ListedVps& vps : vpses) {
        const std::string table = vps.runs() ? print_vps(vps, request) : std::string();
        if (!table.empty())
            text += (text.empty() ? "" : "\n") + table;
    }
    return text.empty() ? text : text + kRule;
}

ListAnswer answer_ubc(const UbcRequest& request, const ListPlaces& places) {
    if (request.answer == UbcRequest::Answer::Help)
        return {.output = ubc_help(), .error = {}};
    if (request.answer == UbcRequest::Answer::Version)
        return {.output = fmt::format("vzubc {}\n", kVersion), .error = {}};
    if (!places.is_root)
        throw Error(ExitCode::Usage, "this program can only be run under root");
    ListRequest list;
    list.operands = request.operands;
    for (const CounterName& counter : kCounters)
        for (const char* part : {"", ".m", ".l"})
            list.fields.push_back(find_field(fmt::format("{}{}", counter.name, part)));
    const Gathered gathered = gather(list, places);
    if (!gathered.any && !request.operands.empty())
        return {.output = {}, .error = "Container(s) not found", .code = 1};
    return {.output = print_ubc(gathered.vpses, request), .error = {}};
}

}  // namespace vps
