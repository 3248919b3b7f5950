// The init of a VPS as a file of its tree: where it is looked for, and what kind of program it is.
// The tree is the VPS's, and nothing of it is trusted. Needs to be able to read it.
#pragma once

#include <optional>
#include <string>

#include "sys/fd.hh"

namespace vps {

// The programs that are tried as init, in this order (init/main.c of Linux; vzctl).
inline constexpr const char* kInits[] = {"/sbin/init", "/etc/init", "/bin/init"};

// The first of these that is there, as an O_PATH descriptor; empty where there is none. Throws
// SysError.
Fd find_init_program(FdRef root);

// Why the tree has no init that can be executed: the words of a refusal, in which `shown` names the
// tree; nothing where it has one. Throws SysError.
std::optional<std::string> explain_no_init(FdRef root, const std::string& shown);

// Whether the first of these that is there is a 32-bit program (the class of elf(5)), and with it,
// most likely, all of the VPS. False where there is none, or none that can be told.
bool is_init_32_bit(FdRef root);

// Whether the first of these is a script: it may start any init, or none. False where there is
// none.
bool is_init_script(FdRef root);

// Whether the first of these is a systemd older than 230, which knows no cgroup v2: one that comes
// without libsystemd-shared-N.so of 230 or later.
bool is_init_old_systemd(FdRef root);

}  // namespace vps
