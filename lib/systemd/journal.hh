// Reading the journal: why an operation on a VPS failed, by the structured fields that the programs
// of its unit have given their lines. sd-journal(3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// The lines of failures that programs of the VPS's unit have written since then (microseconds of
// the wall clock), each once, in their order: "vps 101: action script …". Waits five seconds at
// most until journald has what was sent to it. None where the journal cannot be read.
std::vector<std::string> find_failures(Veid veid, std::uint64_t since);

}  // namespace vps
