#include "netlink.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>

#include "error.hh"
#include "sys.hh"

namespace vps {

namespace {

Fd open_socket(int protocol) {
    Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!fd)
        throw SysError(errno, "open a netlink socket");
    return fd;
}

Fd open_socket_in(int protocol, FdRef network_namespace) {
    const Fd home = sys::open("/proc/thread-self/ns/net", O_RDONLY);
    if (setns(network_namespace.get(), CLONE_NEWNET) < 0)
        throw SysError(errno, "enter the VPS's network namespace");
    Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    const int error = errno;
    // Whatever came after would be done in the wrong place.
    if (setns(home.get(), CLONE_NEWNET) < 0)
        std::abort();
    if (!fd)
        throw SysError(error, "open a netlink socket");
    return fd;
}

}  // namespace

NetlinkMessage::NetlinkMessage(int type, int flags) {
    nlmsghdr header{};
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    put(&header, sizeof header);
}

void NetlinkMessage::put(const void* data, std::size_t size) {
    data_.append(static_cast<const char*>(data), size);
    data_.resize(NLMSG_ALIGN(data_.size()));
}

NetlinkMessage& NetlinkMessage::add(int attribute, std::string_view bytes) {
    const nlattr header{static_cast<std::uint16_t>(NLA_HDRLEN + bytes.size()),
                        static_cast<std::uint16_t>(attribute)};
    data_.append(reinterpret_cast<const char*>(&header), sizeof header);
    put(bytes.data(), bytes.size());
    return *this;
}

NetlinkMessage& NetlinkMessage::add_name(int attribute, const std::string& name) {
    return add(attribute, {name.c_str(), name.size() + 1});
}

NetlinkMessage& NetlinkMessage::add_u8(int attribute, std::uint8_t number) {
    return add(attribute, {reinterpret_cast<const char*>(&number), sizeof number});
}

NetlinkMessage& NetlinkMessage::add_u32(int attribute, std::uint32_t number) {
    return add(attribute, {reinterpret_cast<const char*>(&number), sizeof number});
}

NetlinkMessage& NetlinkMessage::add_be32(int attribute, std::uint32_t number) {
    return add_u32(attribute, htonl(number));
}

std::size_t NetlinkMessage::open(int attribute) {
    const std::size_t at = data_.size();
    add(attribute | NLA_F_NESTED, {});
    return at;
}

void NetlinkMessage::close(std::size_t opened) {
    const auto length = static_cast<std::uint16_t>(data_.size() - opened);
    std::memcpy(&data_[opened], &length, sizeof length);  // nlattr::nla_len
}

std::string NetlinkMessage::bytes(std::uint32_t sequence) const {
    std::string bytes = data_;
    nlmsghdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    header.nlmsg_len = static_cast<std::uint32_t>(bytes.size());
    header.nlmsg_seq = sequence;
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

std::string_view NetlinkReply::attribute(std::size_t header_size, int wanted) const {
    for (std::size_t at = NLMSG_ALIGN(header_size); at + NLA_HDRLEN <= body.size();) {
        nlattr header{};
        std::memcpy(&header, &body[at], sizeof header);
        if (header.nla_len < NLA_HDRLEN || at + header.nla_len > body.size())
            break;
        if ((header.nla_type & NLA_TYPE_MASK) == wanted)
            return std::string_view(body).substr(at + NLA_HDRLEN, header.nla_len - NLA_HDRLEN);
        at += NLA_ALIGN(header.nla_len);
    }
    return {};
}

NetlinkSocket::NetlinkSocket(int protocol) : socket_(open_socket(protocol)) {}

NetlinkSocket::NetlinkSocket(int protocol, FdRef network_namespace)
    : socket_(open_socket_in(protocol, network_namespace)) {}

NetlinkReply NetlinkSocket::ask(const NetlinkMessage& message) const {
    return exchange(message.bytes(1));
}

int NetlinkSocket::ask_all(const std::vector<NetlinkMessage>& messages) const {
    std::string bytes;
    std::uint32_t sequence = 0;
    for (const NetlinkMessage& message : messages)
        bytes += message.bytes(++sequence);
    return exchange(bytes).error;
}

// The kernel has done everything, and queued every answer, when sendto() returns.
NetlinkReply NetlinkSocket::exchange(const std::string& bytes) const {
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    NetlinkReply reply;
    if (sendto(socket_.get(), bytes.data(), bytes.size(), 0,
               reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
        reply.error = errno;
        return reply;
    }
    std::string buffer(32768, '\0');
    for (;;) {
        const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            if (errno != EAGAIN && reply.error == 0)
                reply.error = errno;
            return reply;
        }
        for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(got);) {
            nlmsghdr header{};
            std::memcpy(&header, &buffer[at], sizeof header);
            if (header.nlmsg_len < sizeof header ||
                at + header.nlmsg_len > static_cast<std::size_t>(got))
                break;
            const std::string_view body(&buffer[at + NLMSG_HDRLEN],
                                        header.nlmsg_len - NLMSG_HDRLEN);
            if (header.nlmsg_type != NLMSG_ERROR) {
                reply.body = body;
            } else if (body.size() >= sizeof(nlmsgerr) && reply.error == 0) {
                int error = 0;
                std::memcpy(&error, body.data(), sizeof error);
                reply.error = -error;
            }
            at += NLMSG_ALIGN(header.nlmsg_len);
        }
    }
}

}  // namespace vps
