#include "check/finding.hh"

namespace vps {

std::string_view name_of(Grade grade) {
    constexpr std::string_view kNames[] = {"note", "warning", "error"};
    return kNames[static_cast<int>(grade)];
}

void StartVerdict::refuse(ExitCode why, const std::string& text) {
    if (code != ExitCode::Ok)
        return;
    code = why;
    reason = text;
}

Finding CheckedFile::about(Grade grade, std::string_view key, const std::string& text) const {
    Finding finding{grade, 0, 0, std::string(key), text};
    for (const ConfigRow& row : rows)
        if (row.key == key && row.counts) {
            finding.line = row.line;
            finding.column = row.column;
        }
    return finding;
}

}  // namespace vps
