#include "network/netlink.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdlib>
#include <optional>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

mnl_socket* open_socket() {
    if (mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC))
        return socket;
    throw SysError(errno, "open a netlink socket");
}

mnl_socket* open_socket_in(FdRef network_namespace) {
    const Fd home = sys::open("/proc/thread-self/ns/net", O_RDONLY);
    if (setns(network_namespace.get(), CLONE_NEWNET) < 0)
        throw SysError(errno, "enter the VPS's network namespace");
    mnl_socket* const socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    const int error = errno;
    // Whatever came after would be done in the wrong place.
    if (setns(home.get(), CLONE_NEWNET) < 0)
        std::abort();
    if (!socket)
        throw SysError(error, "open a netlink socket");
    return socket;
}

int keep_body(const nlmsghdr* message, void* reply) {
    const auto* payload = static_cast<const char*>(mnl_nlmsg_get_payload(message));
    static_cast<NetlinkReply*>(reply)->body.assign(payload,
                                                   payload + mnl_nlmsg_get_payload_len(message));
    return MNL_CB_OK;
}

int see_message(const nlmsghdr* message, void* see) {
    (*static_cast<const std::function<void(const nlmsghdr*)>*>(see))(message);
    return MNL_CB_OK;
}

}  // namespace

std::string_view attributes_of(const nlmsghdr* message, std::size_t header_size) {
    const std::string_view all(static_cast<const char*>(mnl_nlmsg_get_payload(message)),
                               mnl_nlmsg_get_payload_len(message));
    const std::size_t begin = MNL_ALIGN(header_size);
    return begin < all.size() ? all.substr(begin) : std::string_view();
}

std::string_view NetlinkReply::attribute(std::size_t header_size, int wanted) const {
    const std::string_view all(body.data(), body.size());
    const std::size_t begin = MNL_ALIGN(header_size);
    return begin < all.size() ? find_attribute(all.substr(begin), wanted) : std::string_view();
}

void for_each_attribute(std::string_view attributes,
                        const std::function<void(int kind, std::string_view bytes)>& see) {
    for (std::size_t at = 0; at + sizeof(nlattr) <= attributes.size();) {
        nlattr header{};
        std::memcpy(&header, &attributes[at], sizeof header);
        if (header.nla_len < sizeof header || at + header.nla_len > attributes.size())
            break;
        see(header.nla_type & NLA_TYPE_MASK,
            attributes.substr(at + sizeof header, header.nla_len - sizeof header));
        at += MNL_ALIGN(header.nla_len);
    }
}

std::string_view find_attribute(std::string_view attributes, int wanted) {
    std::optional<std::string_view> found;
    for_each_attribute(attributes, [&](int kind, std::string_view bytes) {
        if (kind == wanted && !found)
            found = bytes;
    });
    return found.value_or(std::string_view());
}

RouteSocket::RouteSocket() : socket_(open_socket()) {}

RouteSocket::RouteSocket(FdRef network_namespace) : socket_(open_socket_in(network_namespace)) {}

std::string text_of(std::string_view attribute) {
    return std::string(attribute.substr(0, attribute.find('\0')));
}

unsigned number_of(std::string_view attribute) {
    std::uint32_t number = 0;
    if (attribute.size() == sizeof number)
        std::memcpy(&number, attribute.data(), sizeof number);
    return number;
}

// Returns the errno of the answer, 0 for success, when all of it has come; `see` gets each message
// of it, with `data`.
static int exchange(const mnl_socket* socket, NetlinkRequest& request, mnl_cb_t see, void* data) {
    const nlmsghdr* const message = request;
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
        return errno;
    alignas(nlmsghdr) std::array<char, 1 << 17> buffer;
    for (;;) {
        const ssize_t got = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        const int state =
            got < 0 ? MNL_CB_ERROR
                    : mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, 0, see, data);
        if (state == MNL_CB_ERROR)
            return errno;
        if (state <= MNL_CB_STOP)
            return 0;
    }
}

// The kernel sends at most the answer and then the acknowledgement, which ends the exchange.
NetlinkReply RouteSocket::ask(NetlinkRequest& request) const {
    NetlinkReply reply;
    reply.error = exchange(socket_.get(), request, keep_body, &reply);
    return reply;
}

void RouteSocket::list_strictly() const {
    const int on = 1;
    if (setsockopt(mnl_socket_get_fd(socket_.get()), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on,
                   sizeof on) < 0)
        throw SysError(errno, "ask for strict lists");
}

int RouteSocket::ask_for_list(NetlinkRequest& request,
                              const std::function<void(const nlmsghdr*)>& see) const {
    std::function<void(const nlmsghdr*)> seen_by = see;
    return exchange(socket_.get(), request, see_message, &seen_by);
}

int take_changing_list(const std::function<int()>& take) {
    constexpr int kTries = 5;
    int error = EINTR;
    for (int tries = 0; error == EINTR && tries < kTries; ++tries)
        error = take();
    return error == EINTR ? 0 : error;
}

int list_netfilter(NetlinkRequest& request, const std::function<void(const nlmsghdr*)>& see) {
    std::function<void(const nlmsghdr*)> seen_by = see;
    mnl_socket* const socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (!socket)
        return errno;
    const int error = exchange(socket, request, see_message, &seen_by);
    (void)mnl_socket_close(socket);
    return error;
}

}  // namespace vps
