// From what the configuration says to the units that say it to systemd. Pure: same host, same tree.
#pragma once

#include "scan.hh"
#include "unit_tree.hh"

namespace vps {

UnitTree plan(const ScannedHost& host);

}  // namespace vps
