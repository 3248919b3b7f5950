// Removing a directory with everything in it, by rm(1), which no depth of directories stops, nor do
// flags of chattr(1). Links are removed and not followed, and other file systems are left.
#pragma once

#include <string>

namespace vps {

// Removes the directory, if it exists; `is_told`: says on a terminal how far it is. Throws Error
// with vzctl's code for areas that cannot be removed.
void remove_tree(const std::string& dir, bool is_told = false);

}  // namespace vps
