// A template's tarball unpacked into a private area, by a confined tar (confined_tar.hh). Callers
// are root in the host context.
#pragma once

#include <string>

#include "config/config.hh"
#include "manage/call.hh"

namespace vps {

// The tarball of a template, TEMPLATE/cache/NAME.tar, .tar.gz, .tar.xz, .tar.zst or .tar.bz2.
// Throws Complaint with vzctl's code, which says where to put one and how to make one.
std::string find_template(const std::string& dir, const std::string& name);

// Unpacks it into `area`, an empty directory, and tells a terminal how far that is. /dev stays
// empty, as each start makes it. Throws Error when tar fails, or at SIGINT and SIGTERM.
void unpack_template(const Call& call, const VpsConfig& config, const std::string& tarball,
                     const std::string& area);

// Takes away what must not be the same in two VPSes: the machine id and the host keys of ssh.
void make_unique(const std::string& area);

}  // namespace vps
