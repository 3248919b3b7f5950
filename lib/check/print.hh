// The checker's findings as text for people and as JSON for programs. Pure. The schema of the JSON
// is in vps-check(8).
#pragma once

#include <string>

#include "check/check_vps.hh"

namespace vps {

struct PrintStyle {
    bool colour = false;
    bool quiet = false;  // findings only
};

std::string print_text(const Checked& checked, const PrintStyle& style);
std::string print_json(const Checked& checked);

// The number of findings of that grade.
std::size_t count_findings(const Checked& checked, Grade grade);

}  // namespace vps
