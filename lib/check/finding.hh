// The checker's findings, as plain data: the lines of a configuration file with the settings that
// each becomes, and notes, warnings and errors about a line of it or of a script.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/veid.hh"
#include "sys/exit_code.hh"

namespace vps {

enum class Grade {
    Note,
    Warning,  // the VPS starts, but not quite as it was
    Error,    // the VPS does not start, or a script of it fails
};

// "note", "warning", "error"
std::string_view name_of(Grade grade);

// Lines and columns count from 1; 0 stands for the whole file.
struct Finding {
    Grade grade;
    unsigned line, column;
    std::string key;  // of a configuration; empty in a finding about no key
    std::string text;
};

// An assignment in a configuration file.
struct ConfigRow {
    unsigned line, column;  // of the value
    std::string key, value;
    std::string becomes;
    bool counts;  // false: another line replaces it, or its value is unusable
};

// The end that a start would come to.
struct StartVerdict {
    Veid veid;
    ExitCode code = ExitCode::Ok;
    std::string reason{};                 // empty for Ok
    std::vector<std::string> warnings{};  // the things that it would start without

    // Refuses the start; the first refusal counts, as in a start.
    void refuse(ExitCode why, const std::string& text);
};

struct CheckedFile {
    enum class Kind { HostConfig, VpsConfig, Script } kind;
    std::string path;
    std::optional<Veid> veid;     // none: vz.conf and scripts for all VPSes
    std::vector<ConfigRow> rows;  // in the order of the file; none for scripts
    std::vector<Finding> findings;

    // A finding at the line that sets the key; line 0 where another file does.
    [[nodiscard]] Finding about(Grade grade, std::string_view key, const std::string& text) const;
};

}  // namespace vps
