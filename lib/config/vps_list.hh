// The VPSes that have a configuration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// The VPSes with a file N.conf in the directory of VPS configs, ascending; none if there is no such
// directory. Throws SysError where it cannot be read.
std::vector<Veid> list_vpses(const std::string& dir);

// Why there is no VPS where ROOT/etc/vz/conf does not exist: it is a symbolic link to nothing
// (yet), or is missing beside a vz.conf. Nothing where it exists, or the host is no node.
std::optional<std::string> explain_no_conf_dir(const std::string& root);

}  // namespace vps
