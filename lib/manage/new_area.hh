// A private area made of a template, under a temporary name: what create and reinstall have in
// common. Callers are root and have the VPS's lock.
#pragma once

#include <string>

#include "config/config.hh"
#include "config/veid.hh"
#include "manage/call.hh"

namespace vps {

// Makes the directory, with the VPS's disk quota, and unpacks the template into it. Whatever fails,
// the directory is gone. Throws Error with vzctl's code.
void make_area(const Call& call, const VpsConfig& config, const std::string& tarball,
               const std::string& dir);

}  // namespace vps
