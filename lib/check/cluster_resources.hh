// The VPSes that a Pacemaker cluster manages, by its configuration on this host (the CIB,
// /var/lib/pacemaker/cib/cib.xml), which its administrators write.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace vps {

// The values of the parameter veid of the resources ocf:systemd-vps:VPS and ocf:heartbeat:ManageVE
// in a CIB. Of a text that is no XML, those before the fault. Pure.
std::set<std::string> find_cluster_resources(std::string_view cib);

// Those of the host below `root`; none where there is no CIB that this user can read.
std::set<std::string> read_cluster_resources(const std::string& root);

}  // namespace vps
