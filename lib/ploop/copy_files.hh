// The files of a VPS, copied as they are: numeric owners, modes, times, hard links, attributes with
// ACLs and capabilities, nodes, holes. cp(1) copies, and what it has made is compared. Both trees
// are the root's alone meanwhile.
#pragma once

#include <cstdint>

#include "ploop/merge.hh"
#include "sys/fd.hh"

namespace vps {

// What the files below this directory take of its file system.
std::uint64_t bytes_in_files(FdRef tree);

// Copies what is in `from` into the empty directory `to`, and how `from` itself is. What ploop
// keeps in a file system for itself is left out. Throws Error System, with what cp has said.
void copy_files(FdRef from, FdRef to, const TellProgress& tell);

enum class Bytes { Ignored, Compared };

// Throws Error System with the name of a file that is missing, or differs, or is too much.
void compare_files(FdRef from, FdRef to, Bytes bytes, const TellProgress& tell);

}  // namespace vps
