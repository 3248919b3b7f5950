// The host ids that no VPS has claimed, and that processes have: other container managers use them.
#pragma once

#include <vector>

#include "state/id_range.hh"

namespace vps {

// The ids, from kFirstId on, that processes run with now, but for those that a VPS has claimed
// (claim_ids()): the processes in its slice are not looked at, so that a start does not take longer
// with each process of each VPS. A process that ends meanwhile has none. Throws SysError.
std::vector<IdRange> find_foreign_ids();

}  // namespace vps
