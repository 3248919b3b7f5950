// Names of VPSes as vzctl keeps them: /etc/vz/names/NAME leads to N.conf, beside NAME= in there.
// Callers are root.
#pragma once

#include <string>

#include "config/veid.hh"

namespace vps {

// Throws Complaint with vzctl's code for names, unless the name has only letters, digits and
// " -+_.", and no other VPS has it. An empty name is none.
void require_free_name(Veid veid, const std::string& name);

// Makes the link, in place of an old one of that name, and removes the link of the VPS's former
// name. Throws Error likewise.
void link_name(Veid veid, const std::string& name, const std::string& former);

// Removes the links that lead to this VPS.
void unlink_names(Veid veid);

}  // namespace vps
