// Removing a tree that nobody uses, for root on the host. Flags of chattr(1) keep even root from
// removing a file: they came with the files of a VPS, from another kernel or by the administrator.
#pragma once

#include <functional>
#include <string>

#include "sys/process.hh"

namespace vps {

// Executes rm(1) with its errors going there, and returns how it has ended.
using Rm = std::function<ExitStatus(FdRef errors)>;

// Removes the directory by `rm`. Where that fails, takes the flags "immutable" and "append only"
// off what is in it, other file systems left out, and has it tried again; only then errors go to
// standard error. Returns how the last one has ended. Throws SysError.
ExitStatus remove_despite_flags(const std::string& dir, const Rm& rm);

}  // namespace vps
