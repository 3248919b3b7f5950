// A VPS made of an archive of vzdump: its files, its configuration and its action scripts. Whatever
// fails, nothing of it is left, and nothing that was there is touched. Callers are root.
#pragma once

#include <string>

#include "config/veid.hh"
#include "manage/call.hh"

namespace vps {

// Throws Error with vzctl's code.
void import_dump(const std::string& archive, Veid veid, const Talk& talk);

}  // namespace vps
