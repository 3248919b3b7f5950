// Mounts that the first process of a VPS makes on its way to init. No function here allocates; each
// returns 0 or the errno of its failure, as every step of the way does (become_init.hh).
#pragma once

#include <sys/mount.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdint>

#include "context/become_init.hh"

namespace vps {

// A mount of a file system that the kernel makes up.
struct ApiMount {
    const char* type;
    const char* target;
    unsigned long flags;
    const char* options;
    mode_t mode;  // of the target, if it has to be made
};

inline constexpr unsigned long kNoProgram = MS_NOSUID | MS_NOEXEC | MS_NODEV;

inline int result_of(long result) noexcept {
    return result < 0 ? errno : 0;
}

// A directory that is there already is no error.
int make_directory(const char* path, mode_t mode) noexcept;

int mount_api(const ApiMount& spec) noexcept;

// Makes a mount that is in no tree yet.
int make_detached(const ApiMount& spec, std::uint64_t attributes, int& made) noexcept;

// Attaches such a mount at its target, and closes `made`.
int attach_detached(const ApiMount& spec, int& made) noexcept;

// Receives a path and a mount from the supervisor, and attaches the mount there, below `dir`.
int attach_received(ContextSetup& setup, int dir) noexcept;

}  // namespace vps
