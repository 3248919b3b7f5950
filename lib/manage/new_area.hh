// A private area made of a template, under a temporary name: what create and reinstall have in
// common. Callers are root and have the VPS's lock.
#pragma once

#include <string>

#include "config/config.hh"
#include "config/veid.hh"
#include "manage/call.hh"

namespace vps {

// A new private area is made where nothing is mounted, and where no snapshots of an area that is
// gone lie beside: they would be those of the new one. Throws Complaint kAreaExists.
void require_clear_place(const std::string& area);

// Makes the directory, with the VPS's disk quota, and unpacks the template into it. Whatever fails,
// the directory is gone. Throws Error with vzctl's code.
void make_area(const Call& call, const VpsConfig& config, const std::string& tarball,
               const std::string& dir);

}  // namespace vps
