#include "check/print.hh"

#include <fmt/format.h>

#include <algorithm>

#include "check/plain_text.hh"

namespace vps {

std::size_t count_findings(const Checked& checked, Grade grade) {
    std::size_t count = 0;
    for (const CheckedFile& file : checked.files)
        for (const Finding& finding : file.findings)
            count += finding.grade == grade;
    return count;
}

namespace {

std::size_t count_refused(const Checked& checked) {
    return static_cast<std::size_t>(
        std::count_if(checked.verdicts.begin(), checked.verdicts.end(),
                      [](const StartVerdict& verdict) { return verdict.code != ExitCode::Ok; }));
}

std::string paint(const std::string& text, const char* colour, const PrintStyle& style) {
    return style.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : text;
}

std::string print_finding(const CheckedFile& file, const Finding& finding,
                          const PrintStyle& style) {
    constexpr const char* kColours[] = {"2", "33", "31"};
    std::string place = style.quiet ? to_printable(file.path) + ":" : "  ";
    if (finding.line)
        place += fmt::format("{}:{}:", finding.line, finding.column);
    if (finding.line || style.quiet)
        place += ' ';
    const std::string grade(name_of(finding.grade));
    return fmt::format("{}{} {}\n", place,
                       paint(grade + ":", kColours[static_cast<int>(finding.grade)], style),
                       to_printable(finding.text));
}

std::string shorten(const std::string& text, std::size_t columns) {
    if (count_columns(text) <= columns)
        return text;
    std::string cut = text.substr(0, columns);
    // not within a character
    while (!cut.empty() && to_printable(cut) != cut)
        cut.pop_back();
    return cut + "…";
}

std::string pad(std::string text, std::size_t columns) {
    const std::size_t used = count_columns(text);
    return text.append(columns > used ? columns - used : 0, ' ');
}

std::string print_rows(const CheckedFile& file) {
    constexpr std::size_t kKey = 28, kValue = 28;
    const auto show_key = [](const ConfigRow& row) { return shorten(to_printable(row.key), kKey); };
    const auto show_value = [](const ConfigRow& row) {
        return shorten(to_printable(row.value), kValue);
    };
    std::size_t key = 0, value = 0;
    for (const ConfigRow& row : file.rows) {
        key = std::max(key, count_columns(show_key(row)));
        value = std::max(value, count_columns(show_value(row)));
    }
    std::string text;
    for (const ConfigRow& row : file.rows)
        text += fmt::format("  {:>4}  {}  {}  {}\n", row.line, pad(show_key(row), key),
                            pad(show_value(row), value), to_printable(row.becomes));
    return text;
}

}  // namespace

std::string print_text(const Checked& checked, const PrintStyle& style) {
    std::string text;
    for (const CheckedFile& file : checked.files) {
        if (!style.quiet)
            text += paint(to_printable(file.path), "1", style) + "\n" + print_rows(file);
        std::vector<Finding> findings = file.findings;
        std::stable_sort(findings.begin(), findings.end(),
                         [](const Finding& a, const Finding& b) { return a.line < b.line; });
        for (const Finding& finding : findings)
            text += print_finding(file, finding, style);
        if (!style.quiet)
            text += '\n';
    }
    for (const StartVerdict& verdict : checked.verdicts)
        if (verdict.code != ExitCode::Ok)
            text += fmt::format("vps {}: {} ({}): {}\n", verdict.veid.value(),
                                paint("would be refused", "31", style),
                                static_cast<int>(verdict.code), to_printable(verdict.reason));
    for (const StartVerdict& verdict : checked.verdicts)
        for (const std::string& warning : verdict.warnings)
            text += fmt::format("vps {}: {} {}\n", verdict.veid.value(),
                                paint("warning:", "33", style), to_printable(warning));
    const std::size_t refused = count_refused(checked);
    if (!style.quiet)
        text += fmt::format(
            "VPSes: {} would start, {} would be refused; errors: {}, warnings: {}, notes: {}\n",
            checked.verdicts.size() - refused, refused, count_findings(checked, Grade::Error),
            count_findings(checked, Grade::Warning), count_findings(checked, Grade::Note));
    return text;
}

std::string print_json(const Checked& checked) {
    constexpr const char* kKinds[] = {"host", "vps", "script"};
    std::string files, verdicts;
    for (const CheckedFile& file : checked.files) {
        std::string rows, findings;
        for (const ConfigRow& row : file.rows)
            rows += fmt::format(
                R"({}{{"line":{},"column":{},"key":{},"value":{},"becomes":{},"counts":{}}})",
                rows.empty() ? "" : ",\n", row.line, row.column, to_json(row.key),
                to_json(row.value), to_json(row.becomes), row.counts);
        for (const Finding& finding : file.findings)
            findings +=
                fmt::format(R"({}{{"severity":"{}","line":{},"column":{},"key":{},"text":{}}})",
                            findings.empty() ? "" : ",\n", name_of(finding.grade), finding.line,
                            finding.column, to_json(finding.key), to_json(finding.text));
        files += fmt::format(R"({}{{"file":{},"kind":"{}","veid":{},"rows":[{}],"findings":[{}]}})",
                             files.empty() ? "" : ",\n", to_json(file.path),
                             kKinds[static_cast<int>(file.kind)],
                             file.veid ? file.veid->to_string() : "null", rows, findings);
    }
    for (const StartVerdict& verdict : checked.verdicts) {
        std::string warnings;
        for (const std::string& warning : verdict.warnings)
            warnings += (warnings.empty() ? "" : ",") + to_json(warning);
        verdicts += fmt::format(
            R"({}{{"veid":{},"starts":{},"exit_code":{},"reason":{},"warnings":[{}]}})",
            verdicts.empty() ? "" : ",\n", verdict.veid.value(), verdict.code == ExitCode::Ok,
            static_cast<int>(verdict.code), to_json(verdict.reason), warnings);
    }
    return fmt::format("{{\"version\":1,\n\"files\":[{}],\n\"vpses\":[{}]}}\n", files, verdicts);
}

}  // namespace vps
