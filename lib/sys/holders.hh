// The processes that have files open, for an error message.
#pragma once

#include <string>

namespace vps {

// Up to three processes that have something open, run or stand at or below `path`, as "sleep (pid
// 4711), vi (pid 12)"; empty if none is found. In another mount namespace than ours the path may be
// another file.
enum class HoldersIn { AllMounts, OwnMounts };
std::string name_holders(const std::string& path, HoldersIn where = HoldersIn::AllMounts);

// Likewise those that have exactly this file open for writing.
std::string name_writers(const std::string& path);

}  // namespace vps
