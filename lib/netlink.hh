// Netlink, as much of it as links, addresses, routes, neighbours and packet filters of a VPS take
// (netlink(7), rtnetlink(7)). Callers are root. No library: a VPS without a network must not load
// one, and one with a network sends some twenty messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fd.hh"

namespace vps {

class NetlinkMessage {
  public:
    // `header` is what the type's family has before the attributes: ifinfomsg, rtmsg, nfgenmsg…
    template <typename Header>
    NetlinkMessage(int type, int flags, const Header& header) : NetlinkMessage(type, flags) {
        put(&header, sizeof header);
    }

    NetlinkMessage& add(int attribute, std::string_view bytes);
    NetlinkMessage& add_name(int attribute, const std::string& name);  // with its NUL
    NetlinkMessage& add_u8(int attribute, std::uint8_t number);
    NetlinkMessage& add_u32(int attribute, std::uint32_t number);   // host byte order
    NetlinkMessage& add_be32(int attribute, std::uint32_t number);  // network byte order
    // Attributes within an attribute: from open() to close(), which takes what open() gave.
    [[nodiscard]] std::size_t open(int attribute);
    void close(std::size_t opened);
    // Another header amid the attributes (VETH_INFO_PEER has one).
    void put(const void* data, std::size_t size);

    // What is sent: with its length, and `sequence` for its number.
    [[nodiscard]] std::string bytes(std::uint32_t sequence) const;

  private:
    NetlinkMessage(int type, int flags);
    std::string data_;
};

// A message from the kernel.
struct NetlinkReply {
    int error = 0;     // errno of the request; 0: it succeeded
    std::string body;  // header and attributes, of a request that asks for something

    // The header of the family; zeroes where there is none.
    template <typename Header>
    [[nodiscard]] Header header() const {
        Header header{};
        if (body.size() >= sizeof header)
            body.copy(reinterpret_cast<char*>(&header), sizeof header);
        return header;
    }
    // The bytes of an attribute after a header of that size; empty if there is none.
    [[nodiscard]] std::string_view attribute(std::size_t header_size, int wanted) const;
};

class NetlinkSocket {
  public:
    // In the network namespace that we are in. Throws SysError.
    explicit NetlinkSocket(int protocol);
    // In another one (a descriptor of /proc/PID/ns/net): we are there for a moment only.
    NetlinkSocket(int protocol, FdRef network_namespace);

    // Sends one and returns what became of it.
    NetlinkReply ask(const NetlinkMessage& message) const;
    // Sends all as one datagram, for nf_tables a transaction; the first error, or 0.
    int ask_all(const std::vector<NetlinkMessage>& messages) const;

  private:
    NetlinkReply exchange(const std::string& bytes) const;
    Fd socket_;
};

}  // namespace vps
