#include "life/hold_lease.hh"

#include "state/lease.hh"
#include "sys/sys.hh"
#include "systemd/stored_descriptors.hh"

namespace vps {

Fd hold_lease(Veid veid, const VpsState& state, FdRef stored, const Log& log) {
    if (stored.get() >= 0)
        return sys::duplicate(stored);
    if (state.area.empty())  // a premount script has mounted something else
        return {};
    Lease lease = take_lease(veid, state.ve_private);
    if (!lease.trouble.empty())
        log.say(Level::Warning, lease.trouble);
    return std::move(lease.file);
}

Fd keep_lease(Veid veid, const VpsState& state, FdRef stored, const Log& log) {
    Fd lease;
    attempt(log, [&] {
        lease = hold_lease(veid, state, stored, log);
        if (stored.get() < 0)
            store_lease(lease);
    });
    return lease;
}

}  // namespace vps
