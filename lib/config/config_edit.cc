#include "config/config_edit.hh"

#include "config/config_line.hh"

namespace vps {

namespace {

struct Assignment {
    std::size_t line_begin;          // of its first line
    std::size_t raw_begin, raw_end;  // what stands behind "="
    std::size_t line_end;            // behind its last line's end
    std::string value;
    bool is_good;
};

std::vector<Assignment> find_assignments(std::string_view text, std::string_view key) {
    std::vector<Assignment> found;
    ConfigLines lines(text);
    for (ConfigLine line{}; lines.next(line);) {
        if (line.key != key)
            continue;
        const auto at = [&](const char* place) {
            return static_cast<std::size_t>(place - text.data());
        };
        const std::size_t begin = at(line.raw.data()), end = begin + line.raw.size();
        const std::size_t before = text.rfind('\n', at(line.key.data()));
        const std::size_t after = text.find('\n', end);
        found.push_back({before == text.npos ? 0 : before + 1, begin, end,
                         after == text.npos ? text.size() : after + 1, std::string(line.value),
                         !line.trouble});
    }
    return found;
}

std::string append(std::string text, const ConfigChange& change, std::string_view line_end) {
    if (!text.empty() && text.back() != '\n')
        text += line_end;
    return text + change.key + "=" + quote_for_config(change.value) + std::string(line_end);
}

std::string set(std::string text, const ConfigChange& change, std::string_view line_end) {
    const std::vector<Assignment> found = find_assignments(text, change.key);
    if (found.empty())
        return append(std::move(text), change, line_end);
    for (std::size_t i = found.size() - 1; i > 0; --i)
        text.erase(found[i].line_begin, found[i].line_end - found[i].line_begin);
    const Assignment& first = found.front();
    if (!first.is_good || first.value != change.value)
        text.replace(first.raw_begin, first.raw_end - first.raw_begin,
                     quote_for_config(change.value));
    return text;
}

}  // namespace

std::string edit_config(std::string_view text, const std::vector<ConfigChange>& changes) {
    const std::string_view line_end = text.find("\r\n") == text.npos ? "\n" : "\r\n";
    std::string edited(text);
    for (const ConfigChange& change : changes)
        edited = set(std::move(edited), change, line_end);
    return edited;
}

std::string quote_for_config(std::string_view value) {
    std::string quoted = "\"";
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == '"' || c == '\\' || c == '`' || (c == '$' && !starts_with_veid(value.substr(i))))
            quoted += '\\';
        quoted += c;
    }
    return quoted + "\"";
}

std::vector<std::string> values_of(std::string_view text, std::string_view key) {
    std::vector<std::string> values;
    for (const Assignment& assignment : find_assignments(text, key))
        if (assignment.is_good)
            values.push_back(assignment.value);
    return values;
}

std::string first_value_of(std::string_view text, std::string_view key) {
    const std::vector<std::string> values = values_of(text, key);
    return values.empty() ? std::string() : values.front();
}

}  // namespace vps
