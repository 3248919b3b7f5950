// What the kernel tells of the host's links, as it happens (rtnetlink(7)): of changes that can take
// away something that a VPS's network has on the host, and of no others: an idle host wakes nobody.
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
    std::set<std::string> links;  // of these names
};

class ChangeListener {
  public:
    ChangeListener();  // throws SysError

    [[nodiscard]] FdRef fd() const;

    // What has changed since the last call, without waiting. Of a link itself only what matters is
    // a change: that it is there, its index, whether it is up and has a carrier, its hardware
    // address, and of what it is a port.
    NetworkChanges read();

  private:
    struct Seen {
        std::string state;
        std::string name;
    };
    void take(const nlmsghdr* message, NetworkChanges& changes);
    void take_link(const nlmsghdr* message, NetworkChanges& changes);
    void take_setting(const nlmsghdr* message, NetworkChanges& changes) const;
    void take_index(int index, NetworkChanges& changes) const;

    struct Close {
        void operator()(mnl_socket* socket) const { (void)mnl_socket_close(socket); }
    };
    std::unique_ptr<mnl_socket, Close> socket_;
    std::map<int, Seen> seen_;  // by index
};

}  // namespace vps
