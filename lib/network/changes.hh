// The changes of the host's links, as the kernel tells them (rtnetlink(7)): only changes that can
// take away something that a VPS's network has on the host, or that lead to its addresses' networks
// another way, so that an idle host wakes nobody.
// Callers have CAP_NET_ADMIN in the host's network namespace.
#pragma once

#include <libmnl/libmnl.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "sys/fd.hh"

namespace vps {

struct NetworkChanges {
    bool all = false;             // some have been missed, or a setting of all links was changed
    bool ways = false;            // addresses of the host or its routes are others
    std::set<std::string> links;  // of these names
};

class ChangeListener {
  public:
    ChangeListener();  // throws SysError

    [[nodiscard]] FdRef fd() const;

    // The changes since the last call, without waiting. Of a link itself these count: that it is
    // there, its index, whether it is up and has a carrier, the bridge or bond that it is a port
    // of, and, but for bridges, its hardware address.
    NetworkChanges read();

  private:
    struct Seen {
        std::string state;
        std::string name;
    };
    void take(const nlmsghdr* message, NetworkChanges& changes);
    void take_link(const nlmsghdr* message, NetworkChanges& changes);
    void take_setting(const nlmsghdr* message, NetworkChanges& changes) const;
    void take_address(const nlmsghdr* message, NetworkChanges& changes);
    void take_route(const nlmsghdr* message, NetworkChanges& changes) const;
    void take_index(int index, NetworkChanges& changes) const;

    struct Close {
        void operator()(mnl_socket* socket) const { (void)mnl_socket_close(socket); }
    };
    std::unique_ptr<mnl_socket, Close> socket_;
    std::map<int, Seen> seen_;         // by index
    std::set<std::string> addresses_;  // that are told of again whenever a lease is renewed
};

}  // namespace vps
