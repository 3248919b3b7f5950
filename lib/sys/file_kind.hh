// The kind of a file in words, for messages about a file that is of another kind than is wanted.
#pragma once

#include <sys/stat.h>

namespace vps {

// "a directory", "a FIFO", …, for st_mode of stat(2).
constexpr const char* name_of_file_kind(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return "a regular file";
        case S_IFDIR:
            return "a directory";
        case S_IFIFO:
            return "a FIFO";
        case S_IFSOCK:
            return "a socket";
        case S_IFLNK:
            return "a symbolic link";
        default:
            return "a device";
    }
}

}  // namespace vps
