// The command line of vzlist: OpenVZ's, which getopt_long(3) reads. -h is a pattern there, values
// are glued to letters ("-Hoctid"), and may start with a hyphen ("-s -numproc").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "list/field.hh"

namespace vps {

struct ListRequest {
    enum class Answer { List, Fields, Help, Version } answer = Answer::List;
    enum class Which { Running, All, NotRunning } which = Which::Running;
    bool header = true, trim = true, json = false, metrics = false;
    std::vector<const Field*> fields{};  // in their order
    const Field* sort = nullptr;         // null: by VEID
    bool reverse = false;
    std::optional<std::string> hostname{}, name{}, description{};  // patterns
    std::vector<std::string> operands{};                           // VEIDs and names

    // What must be found out.
    [[nodiscard]] unsigned sources() const;
};

// Throws Error Usage.
ListRequest parse_list_request(int argc, char** argv);

std::string list_help();

}  // namespace vps
