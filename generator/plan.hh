// Plans the units that a configuration becomes. Pure: same host, same tree.
#pragma once

#include "generator/scan.hh"
#include "generator/unit_tree.hh"

namespace vps {

UnitTree plan(const ScannedHost& host);

}  // namespace vps
