#include "network/host_claims.hh"

#include "state/state.hh"
#include "sys/sys.hh"

namespace vps {

HostClaims::HostClaims() : dir_(sys::lock_directory(kRunDir)) {}

}  // namespace vps
