#include "manage/dump_config.hh"

#include <algorithm>

#include "config/config_edit.hh"
#include "config/config_line.hh"

namespace vps {

namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// sh takes no vertical tab for a blank, and a "#" behind one for no comment.
std::string plain_comment(std::string_view line) {
    const std::size_t begin = std::min(line.find('#'), line.size());
    return std::string(line.substr(begin)) + "\n";
}

// Empty where this project would not read the value from it that sh does: one with a carriage
// return at an end of a line, or with "KEY=" at the end of its second one.
std::string format_assignment(const ConfigLine& line) {
    const std::string value(line.value);
    std::string text = std::string(line.key) + "=" + quote_for_config(value) + "\n";
    ConfigLines lines(text);
    ConfigLine found{};
    const bool reads_alike = lines.next(found) && !found.trouble && found.value == value;
    return reads_alike && !lines.next(found) ? text : "";
}

}  // namespace

PlainConfig make_plain_config(std::string_view text, const std::set<std::string>& strange) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    ConfigLines lines(text);
    if (text.starts_with(kByteOrderMark))
        text.remove_prefix(kByteOrderMark.size());
    const std::vector<std::string_view> physical = split_lines(text);
    PlainConfig plain;
    std::size_t next = 0;
    for (ConfigLine line{}; lines.next(line);) {
        const std::size_t first = line.line - 1;
        for (; next < first; ++next)
            plain.text += plain_comment(physical[next]);
        std::string assignment;
        if (!line.trouble && is_shell_name(line.key) && !strange.contains(std::string(line.key)))
            assignment = format_assignment(line);
        if (!assignment.empty()) {
            plain.text += assignment;
            next +=
                1 + static_cast<std::size_t>(std::count(line.raw.begin(), line.raw.end(), '\n'));
            continue;
        }
        plain.put_out.push_back(line.line);
        const std::size_t more =
            line.trouble
                ? 0
                : static_cast<std::size_t>(std::count(line.raw.begin(), line.raw.end(), '\n'));
        for (; next <= first + more && next < physical.size(); ++next)
            plain.text += "# " + std::string(physical[next]) + "\n";
    }
    for (; next < physical.size(); ++next)
        plain.text += plain_comment(physical[next]);
    return plain;
}

std::string with_veth_names(const std::string& netif, const std::string& veid) {
    constexpr std::string_view kBegin = "host_ifname=veth";
    std::string result;
    std::string_view rest = netif;
    for (std::size_t at = 0; (at = rest.find(kBegin)) != rest.npos;) {
        result += rest.substr(0, at + kBegin.size());
        rest.remove_prefix(at + kBegin.size());
        const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
        if (digits > 0 && digits < rest.size() && rest[digits] == '.') {
            result += veid;
            rest.remove_prefix(digits);
        }
    }
    return result + std::string(rest);
}

}  // namespace vps
