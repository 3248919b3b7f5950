// Memory files that nobody can change any more (memfd_create(2), F_ADD_SEALS).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "sys/fd.hh"

namespace vps {

// A read-only descriptor of a new memory file with this content, close-on-exec. Throws SysError.
Fd sealed_memory_file(const std::string& name, std::string_view content, mode_t mode = 0777);

}  // namespace vps
