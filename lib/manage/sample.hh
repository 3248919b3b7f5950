// Samples of configurations, /etc/vz/conf/ve-NAME.conf-sample: what create begins with, and set
// --applyconfig takes over. Trusted, as all of /etc/vz is.
#pragma once

#include <string>
#include <vector>

#include "config/config_edit.hh"

namespace vps {

// The text of a sample. Throws Complaint with `code` where there is none of that name.
std::string read_sample(const std::string& name, int code);

// The keys of the sample, behind the changes that are there, unless one of these sets the key; what
// is of one VPS (paths, addresses, names, template) is left out, and ORIGIN_SAMPLE is the sample's
// name. Throws Complaint.
void add_sample(std::vector<ConfigChange>& changes, const std::string& name);

}  // namespace vps
