// Programs of a VPS that this host's kernel does not run, or not as they want it. Told by files of
// the VPS's tree, of which nothing is trusted; for a start, and for vps-check, which needs to be
// able to read them.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "sys/fd.hh"

namespace vps {

// What a kernel has for old programs.
struct KernelForOldPrograms {
    // The page of vsyscalls, which programs of 64 bits have their time from before glibc 2.14. A
    // kernel that is told vsyscall=none, or is built so, kills them there.
    bool vsyscall_page = true;
    bool programs_32_bit = true;
};

// Whether this host's kernel has the page of vsyscalls; true on another architecture than x86_64,
// whose programs want none. Reads the caller's own /proc.
bool has_vsyscall_page();

// What this host's kernel has; on another architecture than x86_64 all of it. Starts a process, a
// 32-bit program that ends at once. Throws SysError.
KernelForOldPrograms this_kernel();

// The version of the tree's 64-bit glibc, by the name of its file, which had a version in it before
// glibc 2.34; nothing for another libc, or one that cannot be told. Throws SysError.
std::optional<std::pair<unsigned, unsigned>> find_glibc_version(FdRef root);

// Why init cannot be executed by this kernel: the words of a refusal; nothing where it can. Throws
// SysError.
std::optional<std::string> explain_init_32_bit(FdRef root, const KernelForOldPrograms& kernel);

// Why programs of the tree die on this kernel; nothing where they do not. Throws SysError.
std::optional<std::string> explain_vsyscalls(FdRef root, const KernelForOldPrograms& kernel);

// What is wrong with a list of mounts that is a file of its own; nothing where it is a link, or not
// there. Throws SysError.
std::optional<std::string> explain_mtab(FdRef root);

}  // namespace vps
