// Bytes of files at their places, whole or not at all. All throw SysError with `path` as the
// culprit.
#pragma once

#include <cstdint>
#include <string>

#include "sys/fd.hh"

namespace vps {

// Fewer bytes where the file ends before.
std::string read_at(FdRef file, std::uint64_t at, std::size_t bytes, const std::string& path);
void write_at(FdRef file, std::uint64_t at, const std::string& text, const std::string& path);
void sync_file(FdRef file, const std::string& path);
// The size of a regular file. Throws Error CannotMount for another one.
std::uint64_t size_of(FdRef file, const std::string& path);

// Bytes that the file system of this file or directory has left for root.
std::uint64_t room_of(FdRef file, const std::string& path);

}  // namespace vps
