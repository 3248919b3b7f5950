#include "config/config_value.hh"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace vps {

__extension__ using Wide = unsigned __int128;

static constexpr Verdict kNotANumber = bad("not a whole number");
static constexpr Verdict kNotACount = bad("neither a number such as 240 nor 'unlimited'");
static constexpr Verdict kNotAnAmount = bad("neither an amount such as 512M nor 'unlimited'");
static constexpr Verdict kNotAList = bad("not a list such as '0,2-3'");
static constexpr Verdict kTooLarge = bad("too large");

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Takes the digits at the start of `text` off it; `none` is the verdict where there are no digits.
static Verdict take_number(std::uint64_t& out, std::string_view& text, const Verdict& none) {
    if (text.starts_with('-'))
        return bad("negative");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc::result_out_of_range)
        return kTooLarge;
    if (error != std::errc{})
        return none;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return kGood;
}

// The bytes that a suffix stands for; 0 if it is none.
static std::uint64_t find_suffix(char c) {
    switch (c | 0x20) {  // to lower case
        case 't':
            return 1ull << 40;
        case 'g':
            return 1ull << 30;
        case 'm':
            return 1ull << 20;
        case 'k':
            return 1ull << 10;
        case 'p':
            return kPage;
        case 'b':
            return 1;
    }
    return 0;
}

Verdict read_amount(std::uint64_t& out, std::string_view text, Unit unit) {
    if (text == "unlimited") {
        out = kUnlimited;
        return kGood;
    }
    const Verdict& none = unit == Unit::Count ? kNotACount : kNotAnAmount;
    std::uint64_t whole = 0;
    if (const auto verdict = take_number(whole, text, none); verdict.grade != Verdict::Good)
        return verdict;
    if (text.empty()) {
        out = whole;
        return whole == kUnlimited ? kTooLarge : kGood;
    }

    // 18 decimals fit; more could not change the result.
    Wide fraction = 0, scale = 1;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        for (int i = 0; !text.empty() && is_digit(text[0]); ++i, text.remove_prefix(1)) {
            if (i >= 18)
                continue;
            fraction = fraction * 10 + static_cast<Wide>(text[0] - '0');
            scale *= 10;
        }
    }

    Wide multiplier = 1, divisor = 1;
    if (!text.empty()) {
        multiplier = find_suffix(text[0]);
        if (multiplier == 0 || text.size() > 1)
            return none;
        if (unit == Unit::Count)
            return bad("a plain count takes no suffix");
        if (unit == Unit::Pages)
            divisor = find_suffix('p');
        if (unit == Unit::Blocks)
            divisor = find_suffix('k');
    }
    const Wide amount = (whole * multiplier + fraction * multiplier / scale) / divisor;
    if (amount >= kUnlimited)
        return kTooLarge;
    out = static_cast<std::uint64_t>(amount);
    return kGood;
}

Verdict read_yes_no(bool& out, std::string_view text) {
    if (text != "yes" && text != "no")
        return bad("neither 'yes' nor 'no'");
    out = text == "yes";
    return kGood;
}

Verdict read_number(std::uint64_t& out, std::string_view text, std::uint64_t max) {
    if (text == "unlimited") {
        out = max;
        return kGood;
    }
    std::uint64_t number = 0;
    if (const auto verdict = take_number(number, text, kNotANumber); verdict.grade != Verdict::Good)
        return verdict;
    if (!text.empty())
        return kNotANumber;
    if (number > max)
        return kTooLarge;
    out = number;
    return kGood;
}

Verdict read_barrier_limit(BarrierLimit& out, std::string_view text, Unit unit) {
    const auto colon = text.find(':');
    BarrierLimit pair{};
    if (const auto verdict = read_amount(pair.barrier, text.substr(0, colon), unit);
        verdict.grade != Verdict::Good)
        return verdict;
    pair.limit = pair.barrier;
    if (colon != text.npos) {
        const auto verdict = read_amount(pair.limit, text.substr(colon + 1), unit);
        if (verdict.grade != Verdict::Good)
            return verdict;
    }
    out = pair;
    return pair.barrier > pair.limit ? odd("the barrier is above the limit") : kGood;
}

Verdict read_cpu_mask(CpuMask& out, std::string_view text) {
    constexpr std::uint64_t kMaxCpu = 8191;  // the highest number that systemd takes
    if (text == "all") {
        out = {CpuMask::Kind::All, {}};
        return kGood;
    }
    const auto whole = text;
    for (;;) {
        std::uint64_t first = 0;
        if (take_number(first, text, kNotAList).grade != Verdict::Good)
            return kNotAList;
        auto last = first;
        if (text.starts_with('-')) {
            text.remove_prefix(1);
            if (take_number(last, text, kNotAList).grade != Verdict::Good)
                return kNotAList;
        }
        if (last < first)
            return bad("a range that ends before it starts");
        if (last > kMaxCpu)
            return kTooLarge;
        if (text.empty())
            break;
        if (text[0] != ',')
            return kNotAList;
        text.remove_prefix(1);
    }
    out = {CpuMask::Kind::List, std::string(whole)};
    return kGood;
}

static std::string expand_veid(std::string_view text, Veid veid) {
    std::string expanded;
    for (;;) {
        const auto dollar = text.find('$');
        expanded += text.substr(0, dollar);
        if (dollar == text.npos)
            return expanded;
        text.remove_prefix(dollar);
        const auto variable = text.starts_with("$VEID")     ? 5u
                              : text.starts_with("${VEID}") ? 7u
                                                            : 0u;
        expanded += variable ? veid.to_string() : "$";
        text.remove_prefix(std::max(variable, 1u));
    }
}

Verdict read_path(std::string& out, std::string_view text, Veid veid) {
    if (text.find_first_of(std::string_view("\0\n", 2)) != text.npos)
        return bad("a path with a line break or a NUL byte");
    const auto expanded = expand_veid(text, veid);
    if (!expanded.starts_with('/'))
        return bad("not an absolute path");

    std::string path;
    path.reserve(expanded.size());
    for (std::string_view rest = expanded; !rest.empty();) {
        const auto name = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        if (name.empty() || name == ".")
            continue;
        if (name == "..")
            return bad("a path with '..'");
        if (name.size() > NAME_MAX)
            return bad("a name in this path is too long");
        path += '/';
        path += name;
    }
    if (path.empty())
        return bad("the host's own root");
    if (path.size() >= PATH_MAX)
        return bad("a path that is too long");
    out = std::move(path);
    return kGood;
}

bool has_name_parts(std::string_view text, std::size_t longest) {
    constexpr std::string_view kCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (;;) {
        const auto part = text.substr(0, text.find('.'));
        if (part.empty() || part.size() > longest ||
            part.find_first_not_of(kCharacters) != part.npos)
            return false;
        if (part.size() == text.size())
            return true;
        text.remove_prefix(part.size() + 1);
    }
}

Verdict read_host_name(std::string& out, std::string_view text) {
    if (text.size() > HOST_NAME_MAX)
        return bad("a host name has at most 64 characters");
    if (!has_name_parts(text, HOST_NAME_MAX))
        return bad("a host name has letters, digits, '-', '_' and single dots between them only");
    out = text;
    const std::string dotted = "." + out + ".";
    for (const char* unusual : {"_", ".-", "-."})
        if (dotted.find(unusual) != dotted.npos)
            return odd("systemd in the VPS would change this name");
    return kGood;
}

std::vector<std::string_view> words_of(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; (at = text.find_first_not_of(separators, at)) != text.npos;) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

// The length of the character that `text` starts with if it would not be seen: a no-break or a zero
// width space, a byte order mark. 0 for any other.
static std::size_t count_unseen(std::string_view text) {
    for (const std::string_view unseen : {"\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf"})
        if (text.starts_with(unseen))
            return unseen.size();
    return 0;
}

std::string quote_for_message(std::string_view text) {
    constexpr std::size_t kMost = 64;
    std::string quoted = "'";
    const auto shown = text.substr(0, kMost);
    std::size_t unseen = 0;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const auto byte = static_cast<unsigned char>(shown[i]);
        unseen = std::max(unseen, i + count_unseen(shown.substr(i)));
        if (byte >= 0x20 && byte != 0x7f && i >= unseen) {
            quoted += shown[i];
            continue;
        }
        constexpr char kHex[] = "0123456789abcdef";
        quoted += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
    return quoted + (text.size() > kMost ? "…'" : "'");
}

}  // namespace vps
