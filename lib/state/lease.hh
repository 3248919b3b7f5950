// The lease of a private area on a file system that several hosts can have mounted at a time: a
// lock on the file .vps-lease in the area, by which a start is refused while a VPS runs from there
// on another host. The lock is one of the open file (fcntl(2), F_OFD_SETLK), which NFS and cluster
// file systems carry to the other hosts. On one host claims decide (directories.hh).
#pragma once

#include <string>

#include "config/veid.hh"
#include "sys/fd.hh"

namespace vps {

inline constexpr const char* kLeaseFile = ".vps-lease";

// Who has a lease, as the file tells it.
struct Leaseholder {
    std::string host;
    std::string boot_id;
    std::string veid;
};

// This host, for this VPS. Throws SysError.
Leaseholder leaseholder_here(Veid veid);

// Both empty: the area needs no lease, or this host has it already.
struct Lease {
    Fd file{};              // the lease lasts until this and every copy of it is closed
    std::string trouble{};  // why there is none, though the area needs one
};

// Whether one host alone can have the file system of this file mounted for writing.
bool is_of_one_host(FdRef file);

// Takes the lease of an area that needs one. Throws Error Running, which names the host that has
// it, and SysError where the area is not there.
Lease take_lease(Veid veid, const std::string& area);

// The same in any directory.
Lease take_lease_in(FdRef directory, const Leaseholder& holder, const std::string& area);

}  // namespace vps
