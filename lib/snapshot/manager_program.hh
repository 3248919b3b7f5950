// The programs that managers of volumes have. They are children in a session of their own, so that
// Ctrl+C does not end them halfway, and go on when vzctl is killed. Callers are root in the host
// context.
#pragma once

#include <string>
#include <vector>

#include "sys/fd.hh"

namespace vps {

struct ManagerProgram {
    std::string name;     // "lvm": in /sbin, /usr/sbin, /bin or /usr/bin
    std::string package;  // "lvm2": what brings it
};

// Executes the program with these words behind its name, in the C locale and without input.
// Returns what it prints on standard output. It has `held` open until it ends, where that is a
// descriptor. Throws Error System where it is not installed, and where it fails: with its name, the
// first word, and what it says, in one line.
std::string run_manager(const ManagerProgram& program, const std::vector<std::string>& words,
                        FdRef held = FdRef(-1));

// What a manager has printed on standard error, in one line: "…; …". Warnings are left out if there
// is more. Pure.
std::string in_one_line(const std::string& said);

}  // namespace vps
