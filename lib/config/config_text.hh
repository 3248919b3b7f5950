// The text of one file of a configuration directory.
#pragma once

#include <string>

namespace vps {

// The kind of a file, as far as the caller knows it: a directory says which of its files are
// regular.
enum class FileKind { Unknown, Regular };

// Reads the regular file `name` below `dir_fd`, of at most 16 MiB; follows links and never waits on
// a FIFO. `shown` is the name in the error. Throws Error for a file that is not regular, and
// SysError; ENOENT means that it does not exist.
std::string read_config_text(int dir_fd, const char* name, const std::string& shown,
                             FileKind kind = FileKind::Unknown);

}  // namespace vps
