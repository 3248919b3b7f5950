// vzctl set: parameters of a VPS, saved in N.conf with --save, and given to a VPS that runs.
// Nothing is saved that is not good, or that the running VPS could not be given. Callers are root.
#pragma once

#include <vector>

#include "manage/call.hh"

namespace vps {

ExitCode set_verb(const Call& call);

// The options of the verb, for the grammar.
std::vector<VerbOption> set_grammar();

}  // namespace vps
