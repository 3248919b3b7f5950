// The steps of the first process that make /proc: what of it the VPS may write, what it may see.
// Each is called once, in the order of become_init.cc, and returns 0 or the errno of its failure.
#pragma once

#include "context/become_init.hh"

namespace vps {

int mount_proc(ContextSetup& setup) noexcept;

int protect_proc(ContextSetup&) noexcept;

// Users may ping without privileges.
int let_users_ping(ContextSetup& setup) noexcept;

// Files that tell of the host read as empty.
int mask_proc(ContextSetup&) noexcept;

// Each boot of a VPS is one of its own for the programs in it (random(4), boot_id).
int give_boot_id(ContextSetup&) noexcept;

// Makes the mount that mount_proc() attaches, in view of the host's.
int make_proc(ContextSetup& setup) noexcept;

}  // namespace vps
