// Netlink requests and their answers, over libmnl: links, addresses, routes and neighbours of the
// host's network namespace and of a VPS's (rtnetlink(7)). Callers are root in the host context.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "sys/fd.hh"

namespace vps {

// One request; libmnl's mnl_attr_put_*() take it for the message to add to. Its attributes are
// names, numbers and addresses, a few hundred bytes at most, and `more` bytes.
class NetlinkRequest {
  public:
    // `header` is what the family has before the attributes: ifinfomsg, rtmsg, ndmsg…
    template <typename Header>
    NetlinkRequest(std::uint16_t type, unsigned flags, const Header& header, std::size_t more = 0)
        : buffer_(1024 + more), message_(mnl_nlmsg_put_header(buffer_.data())) {
        message_->nlmsg_type = type;
        message_->nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST | NLM_F_ACK);
        std::memcpy(mnl_nlmsg_put_extra_header(message_, sizeof header), &header, sizeof header);
    }
    NetlinkRequest(const NetlinkRequest&) = delete;
    NetlinkRequest& operator=(const NetlinkRequest&) = delete;

    operator nlmsghdr*() { return message_; }  // NOLINT: it is one

  private:
    std::vector<char> buffer_;
    nlmsghdr* message_;
};

// The kernel's answer to a request.
struct NetlinkReply {
    int error = 0;           // errno; 0: it was done
    std::vector<char> body;  // header and attributes of the answer, if there was one

    template <typename Header>
    [[nodiscard]] Header header() const {
        Header header{};
        if (body.size() >= sizeof header)
            std::memcpy(&header, body.data(), sizeof header);
        return header;
    }
    // The bytes of an attribute after a header of that size; empty if there is none.
    [[nodiscard]] std::string_view attribute(std::size_t header_size, int wanted) const;
};

// The bytes of an attribute among others, as they are in a message or in a nest; empty if there is
// none.
std::string_view find_attribute(std::string_view attributes, int wanted);
// The bytes of an attribute as a text, up to its zero, and as a number of 32 bits, 0 for other
// sizes.
std::string text_of(std::string_view attribute);
unsigned number_of(std::string_view attribute);
// Calls `see` for each of the attributes, in order.
void for_each_attribute(std::string_view attributes,
                        const std::function<void(int kind, std::string_view bytes)>& see);

// The header that the family has in a message of a list, zeroes where it is too short, and what
// comes after a header of that size.
template <typename Header>
Header header_of(const nlmsghdr* message) {
    Header header{};
    if (mnl_nlmsg_get_payload_len(message) >= sizeof header)
        std::memcpy(&header, mnl_nlmsg_get_payload(message), sizeof header);
    return header;
}
std::string_view attributes_of(const nlmsghdr* message, std::size_t header_size);

class RouteSocket {
  public:
    // The socket is in the network namespace that we are in. Throws SysError.
    RouteSocket();
    // The socket is in another one (a descriptor of /proc/PID/ns/net), where we are for a moment.
    explicit RouteSocket(FdRef network_namespace);

    // Sends the request and waits for what became of it.
    NetlinkReply ask(NetlinkRequest& request) const;

    // Lists have what the request's header and attributes name, and nothing else (netlink(7),
    // NETLINK_GET_STRICT_CHK). Throws SysError.
    void list_strictly() const;

    // Sends a request for a list (NLM_F_DUMP) and calls `see` for each message of the answer.
    // Returns 0 or an errno: EINTR where the list has changed meanwhile. Of use once.
    int ask_for_list(NetlinkRequest& request,
                     const std::function<void(const nlmsghdr*)>& see) const;

  private:
    struct Close {
        void operator()(mnl_socket* socket) const { (void)mnl_socket_close(socket); }
    };
    std::unique_ptr<mnl_socket, Close> socket_;
};

// Takes a list that may change while it is taken: calls `take`, which begins anew each time, until
// it no longer returns EINTR, five times at most. Returns its errno; 0 where the list still changed
// the last time.
int take_changing_list(const std::function<int()>& take);

// Sends a request for a list to nfnetlink, of the packet filters, likewise. Returns 0 or an errno.
int list_netfilter(NetlinkRequest& request, const std::function<void(const nlmsghdr*)>& see);

}  // namespace vps
