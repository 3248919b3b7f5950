// A configuration line by line: what each line becomes, which of two lines counts, and which lines
// sh reads differently. Everything about keys comes from their table and from the generator's own
// planning. Reads nothing but, for CPUMASK=auto, the NUMA nodes of this host.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/finding.hh"
#include "config/config.hh"

namespace vps {

struct ConfigText {
    std::string name;  // the file's name in findings
    std::string text;
};

struct CheckedConfig {
    VpsConfig config;             // of both files
    std::vector<ConfigRow> rows;  // of the file that was checked
    std::vector<Finding> findings;
};

// vz.conf by itself, as the defaults of a VPS.
CheckedConfig check_host_config(const ConfigText& vz_conf);

// N.conf, after vz.conf if there is one.
CheckedConfig check_vps_config(const std::optional<ConfigText>& vz_conf, const ConfigText& vps_conf,
                               Veid veid);

}  // namespace vps
