// What `vzlist --prometheus` prints: the text format of Prometheus, as the textfile collector of
// its node_exporter reads it. Pure.
#pragma once

#include <string>
#include <vector>

#include "list/listed_vps.hh"

namespace vps {

// What must be read for them (field.hh).
unsigned metric_sources();

// A family of metrics that no VPS has a value of is left out.
std::string print_metrics(const std::vector<ListedVps>& vpses);

}  // namespace vps
