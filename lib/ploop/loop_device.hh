// Loop devices (loop(4)) of image files. A device goes by itself when nobody has it open any more
// (LO_FLAGS_AUTOCLEAR), whatever becomes of who made it. Callers are root in the host context.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/fd.hh"

namespace vps {

struct LoopDevice {
    Fd device;  // keeps it until something else has it open
    dev_t number = 0;
};

// A loop device of all of this file, with direct I/O where the file's own file system can do it;
// read-only where the file is open so. Throws SysError CannotMount.
LoopDevice attach_loop(FdRef file, const std::string& path);

enum class Loops { All, Writable };

// The loop devices of this file, "/dev/loop3", whoever has made them.
std::vector<std::string> find_loops_of(FdRef file, Loops which = Loops::All);

// Those of them that stay. One that goes by itself, and on which no other device lies, is waited
// for up to 5 seconds: udev may be looking into it, for instance.
std::vector<std::string> find_lasting_loops_of(FdRef file, Loops which);

}  // namespace vps
