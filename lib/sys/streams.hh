// The three standard streams: there from the start of each program, printed to without stdio, so
// that what cannot be written is found out in time, or lost, but never ends a program by surprise.
#pragma once

#include <unistd.h>

#include <string>

#include "sys/fd.hh"

namespace vps::sys {

inline constexpr FdRef kOutput(STDOUT_FILENO), kErrors(STDERR_FILENO);

// Opens /dev/null in place of each standard stream that the caller has closed: a file that is
// opened later would take its number, and be written into. Throws SysError.
void open_standard_streams();

// Has standard output and standard error lead nowhere, and closes what they led to. Throws
// SysError.
void let_go_of_output();

// Writes `text` on standard output. Throws SysError: a full disk fails `--help >FILE`, too.
void print(const std::string& text);

// Writes one line, for people. Nothing happens where that is not possible.
void print_line(FdRef stream, std::string line) noexcept;

}  // namespace vps::sys
