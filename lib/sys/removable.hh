// Flags of chattr(1) that keep even root from removing a file: they came with the files of a VPS,
// from another kernel or by the administrator. For root on the host, of trees that nobody uses.
#pragma once

#include <string>

namespace vps {

// Takes the flags "immutable" and "append only" off all files and directories of the tree. What
// has none, or cannot lose them, stays as it is.
void make_removable(const std::string& dir);

}  // namespace vps
