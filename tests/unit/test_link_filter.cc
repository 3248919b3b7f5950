// Frames of a VPS against the programs that judge them, run by the kernel: a socket filter of
// classic BPF, whose verdict is how many bytes of a datagram arrive.

#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <sys/socket.h>

#include <cstdio>
#include <optional>
#include <string>

#include "network/link_filter.hh"
#include "sys/error.hh"
#include "sys/fd.hh"

namespace {

using namespace vps;
using Bytes = std::string;

const MacAddress kMac{{0x02, 0, 0, 0, 0, 1}};
const MacAddress kForeignMac{{0x02, 0, 0, 0, 0, 2}};
const char* const kOwnLocal = "fe80::ff:fe00:1";

Bytes raw(const MacAddress& mac) {
    return Bytes(mac.bytes());
}
Bytes raw4(const char* text) {
    std::uint8_t bytes[4];
    sscanf(text, "%hhu.%hhu.%hhu.%hhu", &bytes[0], &bytes[1], &bytes[2], &bytes[3]);
    return {reinterpret_cast<const char*>(bytes), 4};
}
Bytes raw6(const char* text) {
    if (Bytes(text) == "::")
        return Bytes(16, '\0');
    if (Bytes(text).starts_with("fe80::") || Bytes(text).starts_with("ff02::")) {
        // IpAddress takes none of these.
        const IpAddress rest = IpAddress::parse("2001:db8::" + Bytes(text).substr(6));
        return Bytes(text[1] == 'e' ? "\xfe\x80" : "\xff\x02") + Bytes(6, '\0') +
               Bytes(rest.bytes().substr(8));
    }
    return Bytes(IpAddress::parse(text).bytes());
}
Bytes half(unsigned number) {
    return {static_cast<char>(number >> 8), static_cast<char>(number)};
}

Bytes frame(unsigned type, const Bytes& payload, const MacAddress& mac = kMac) {
    return Bytes(6, '\xff') + raw(mac) + half(type) + payload;
}

struct Arp {
    unsigned operation = 1;
    const char* target = "192.0.2.1";
    MacAddress mac = kMac;
};
Bytes arp(const char* sender, const Arp& how = {}) {
    return frame(0x0806, half(1) + half(0x0800) + half(0x0604) + half(how.operation) +
                             raw(how.mac) + raw4(sender) + Bytes(6, '\0') + raw4(how.target));
}

struct Ip4 {
    unsigned protocol = 1, fragment = 0, words = 5;
    const char* target = "192.0.2.1";
};
Bytes ip4(const char* source, const Bytes& payload = Bytes(8, '\0'), Ip4 how = {}) {
    return frame(0x0800, Bytes(1, static_cast<char>(0x40 | how.words)) + Bytes(5, '\0') +
                             half(how.fragment) + '\x40' + static_cast<char>(how.protocol) +
                             half(0) + raw4(source) + raw4(how.target) +
                             Bytes(4UL * (how.words - 5), '\x01') + payload);
}

Bytes ip6(const char* source, unsigned next, const Bytes& payload, const char* target = "ff02::1") {
    return frame(0x86dd, '\x60' + Bytes(5, '\0') + static_cast<char>(next) + '\x40' + raw6(source) +
                             raw6(target) + payload);
}

Bytes ndp(unsigned type, const char* target) {
    return static_cast<char>(type) + Bytes(7, '\0') + raw6(target);
}

Bytes hardware_option(char kind, const MacAddress& mac) {
    return Bytes(1, kind) + '\x01' + raw(mac);
}

struct Ip6Fragment {
    unsigned kind, place = 0;
};
Bytes fragment(const char* source, Ip6Fragment how, const Bytes& payload) {
    return ip6(source, 44,
               Bytes(1, static_cast<char>(how.kind)) + '\0' + half(how.place * 8 | 1) +
                   Bytes(4, '\x07') + payload);
}

enum class Verdict { Passed, Dropped, Broken };

class Judge {
  public:
    explicit Judge(const LinkFilter& filter) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
            throw SysError(errno, "make sockets");
        in_ = Fd(ends[0]);
        out_ = Fd(ends[1]);
        LinkPrograms programs = compile_filter(filter);
        if (programs.size() != 1)
            throw Error(ExitCode::System, "several programs");
        std::vector<sock_filter>& code = programs.front();
        const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
        if (setsockopt(out_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
            throw SysError(errno, "attach the program");
    }

    Verdict operator()(const Bytes& frame) const {
        if (send(in_.get(), frame.data(), frame.size(), 0) < 0)
            throw SysError(errno, "send a frame");
        char buffer[2048];
        const ssize_t got = recv(out_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return Verdict::Dropped;  // the verdict of a load beyond its end is 0: nothing arrives
        if (got == static_cast<ssize_t>(frame.size()))
            return Verdict::Passed;
        return got == TC_ACT_SHOT ? Verdict::Dropped : Verdict::Broken;
    }

  private:
    Fd in_, out_;
};

std::vector<IpAddress> addresses(std::initializer_list<const char*> texts) {
    std::vector<IpAddress> parsed;
    for (const char* text : texts)
        parsed.push_back(IpAddress::parse(text));
    return parsed;
}

struct Row {
    const char* what;
    Bytes frame;
    Verdict verdict;
};
using enum Verdict;

void expect(const Judge& judge, const std::vector<Row>& rows) {
    for (const Row& row : rows)
        EXPECT_EQ(judge(row.frame), row.verdict) << row.what;
}

Bytes to_loopback(const char* source) {
    return ip4(source, Bytes(8, '\0'), {.target = "127.0.0.1"});
}

TEST(LinkFilter, OfVenetPassesItsAddressesOnly) {
    const Judge judge(venet_filter(addresses({"192.0.2.7", "192.0.2.8", "2001:db8::7"})));
    expect(judge, {
                      {"its first", ip4("192.0.2.7"), Passed},
                      {"its second", ip4("192.0.2.8"), Passed},
                      {"a foreign one", ip4("192.0.2.9"), Dropped},
                      {"none", ip4("0.0.0.0"), Dropped},
                      {"to a loopback address", to_loopback("192.0.2.7"), Dropped},
                      {"its IPv6", ip6("2001:db8::7", 17, Bytes(8, '\0')), Passed},
                      {"a foreign IPv6", ip6("2001:db8::8", 17, Bytes(8, '\0')), Dropped},
                      {"a link-local one", ip6("fe80::1", 58, ndp(134, "::")), Dropped},
                      {"ARP", arp("192.0.2.7"), Dropped},
                      {"anything else", frame(0x88cc, Bytes(60, '\0')), Dropped},
                      {"a cut header", ip4("192.0.2.7").substr(0, 20), Dropped},
                  });
    expect(Judge(venet_filter(addresses({"192.0.2.7"}))),
           {{"IPv6 without an address of it", ip6("2001:db8::7", 17, Bytes(8, '\0')), Dropped}});
}

Bytes to_bridges(char last) {
    return Bytes("\x01\x80\xc2\x00\x00", 5) + last + frame(60, Bytes(60, '\x42')).substr(6);
}

TEST(LinkFilter, OfHardwareAddressesLooksAtLoopbackOnly) {
    const Judge judge(
        {.mac = kMac, .only_addresses = false, .has_neighbours = false, .addresses = {}});
    expect(judge, {
                      {"its own", ip4("198.51.100.1"), Passed},
                      {"to a loopback address", to_loopback("198.51.100.1"), Dropped},
                      {"from a loopback address", ip4("127.1.2.3"), Dropped},
                      {"a cut header", ip4("198.51.100.1").substr(0, 33), Dropped},
                      {"a tag within one of number 0",
                       frame(0x8100, half(5) + ip4("198.51.100.1").substr(12)), Dropped},
                      {"its own, of any kind", frame(0x88cc, Bytes(60, '\0')), Passed},
                      {"to bridges, of the spanning tree", to_bridges('\x00'), Dropped},
                      {"to bridges, of LLDP", to_bridges('\x0e'), Dropped},
                      {"to other machines", to_bridges('\x10'), Passed},
                      {"a foreign one", frame(0x0800, Bytes(60, '\0'), kForeignMac), Dropped},
                  });
}

TEST(LinkFilter, OfALinkWithoutBridgeDropsAdviceOnly) {
    LinkFilter filter;
    filter.drops_advice = true;
    const auto behind = [](unsigned next, const Bytes& payload) {
        return Bytes(1, static_cast<char>(next)) + Bytes(7, '\0') + payload;
    };
    const Bytes advertisement = ndp(134, "::"), redirect = ndp(137, "::");
    expect(
        Judge(filter),
        {
            {"any hardware address", frame(0x88cc, Bytes(60, '\0'), kForeignMac), Passed},
            {"any IPv4", ip4("198.51.100.1"), Passed},
            {"to a loopback address", to_loopback("198.51.100.1"), Dropped},
            {"from a loopback address", ip4("127.1.2.3"), Dropped},
            {"an error of ICMP", ip4("198.51.100.1", '\x03' + Bytes(7, '\0')), Passed},
            {"a redirect of ICMP", ip4("198.51.100.1", '\x05' + Bytes(7, '\0')), Dropped},
            {"ARP", arp("192.0.2.9"), Passed},
            {"any IPv6", ip6("2001:db8::9", 6, Bytes(20, '\0')), Passed},
            {"neighbour discovery", ip6("fe80::1", 58, ndp(136, "fe80::1")), Passed},
            {"an advertisement", ip6("fe80::1", 58, advertisement), Dropped},
            {"a redirect", ip6("fe80::1", 58, redirect), Dropped},
            {"behind hop-by-hop options", ip6("fe80::1", 0, behind(58, advertisement)), Dropped},
            {"behind a route and options", ip6("fe80::1", 43, behind(60, behind(58, redirect))),
             Dropped},
            {"behind authentication", ip6("fe80::1", 51, behind(58, redirect)), Dropped},
            {"behind longer authentication",
             ip6("fe80::1", 51, Bytes("\x3a\x01", 2) + Bytes(10, '\0') + redirect), Dropped},
            {"in a fragment", fragment("fe80::1", {58}, advertisement), Dropped},
            {"in a later fragment", fragment("fe80::1", {58, 3}, advertisement), Passed},
            {"behind more headers than have a use",
             ip6("fe80::1", 60,
                 behind(60,
                        behind(60,
                               behind(60,
                                      behind(60,
                                             behind(60, behind(60, behind(58, advertisement)))))))),
             Dropped},
            {"options before UDP", ip6("fe80::1", 60, behind(17, Bytes(20, '\0'))), Passed},
            {"tags in tags", frame(0x8100, half(0) + half(0x86dd) + Bytes(60, '\0')), Dropped},
        });
}

Judge neighbour_judge() {
    return Judge({.mac = kMac,
                  .only_addresses = true,
                  .has_neighbours = true,
                  .addresses = addresses({"192.0.2.7", "2001:db8::7"})});
}

TEST(LinkFilter, OfNeighboursPassesArpAndIpv4OfItsAddress) {
    const Bytes to_server = half(68) + half(67) + Bytes(4, '\0');
    const Bytes from_server = half(67) + half(68) + Bytes(4, '\0');
    expect(neighbour_judge(),
           {
               {"ARP of its own", arp("192.0.2.7"), Passed},
               {"an answer of its own", arp("192.0.2.7", {.operation = 2}), Passed},
               {"a probe", arp("0.0.0.0", {.target = "192.0.2.7"}), Passed},
               {"a probe for another's", arp("0.0.0.0", {.target = "192.0.2.9"}), Dropped},
               {"an answer of nobody's", arp("0.0.0.0", {.operation = 2, .target = "192.0.2.7"}),
                Dropped},
               {"an answer of another's", arp("192.0.2.9", {.operation = 2}), Dropped},
               {"another operation", arp("192.0.2.7", {.operation = 9}), Dropped},
               {"a cut one", arp("192.0.2.7").substr(0, 40), Dropped},
               {"ARP of another's", arp("192.0.2.9"), Dropped},
               {"ARP that tells another's hardware address", arp("192.0.2.7", {.mac = kForeignMac}),
                Dropped},
               {"its own", ip4("192.0.2.7"), Passed},
               {"a foreign one", ip4("192.0.2.9"), Dropped},
               {"a foreign one, without the ports of UDP", ip4("192.0.2.9", {}, {.protocol = 17}),
                Dropped},
               {"a redirect", ip4("192.0.2.7", '\x05' + Bytes(7, '\0')), Dropped},
               {"a redirect behind options",
                ip4("192.0.2.7", '\x05' + Bytes(7, '\0'), {.words = 8}), Dropped},
               {"an error of ICMP", ip4("192.0.2.7", '\x03' + Bytes(7, '\0')), Passed},
               {"a question for DHCP", ip4("192.0.2.7", to_server, {.protocol = 17}), Passed},
               {"an answer of DHCP", ip4("192.0.2.7", from_server, {.protocol = 17}), Dropped},
               {"the same behind options",
                ip4("192.0.2.7", from_server, {.protocol = 17, .words = 8}), Dropped},
               {"what only looks so in a later fragment",
                ip4("192.0.2.7", from_server, {.protocol = 17, .fragment = 5}), Passed},
               {"a frame of another's", frame(0x0800, Bytes(60, '\0'), kForeignMac), Dropped},
               {"anything else", frame(0x88cc, Bytes(60, '\0')), Dropped},
           });
}

TEST(LinkFilter, OfNeighboursPassesNeighbourDiscoveryOfItsAddress) {
    const char* const own = "2001:db8::7";
    const Bytes hidden = Bytes("\x3a\0\0\0\0\0\0\0", 8) + ndp(136, "2001:db8::9");
    const auto listens = [](unsigned type) {
        return Bytes("\x3a\0\x05\x02\0\0\x01\0", 8) + static_cast<char>(type) + Bytes(19, '\0');
    };
    expect(
        neighbour_judge(),
        {
            {"its own", ip6(own, 6, Bytes(20, '\0')), Passed},
            {"a foreign one", ip6("2001:db8::9", 6, Bytes(20, '\0')), Dropped},
            {"an echo", ip6(own, 58, '\x80' + Bytes(7, '\0')), Passed},
            {"an advertisement of its own", ip6(own, 58, ndp(136, own)), Passed},
            {"with its hardware address", ip6(own, 58, ndp(136, own) + hardware_option(2, kMac)),
             Passed},
            {"with another's", ip6(own, 58, ndp(136, own) + hardware_option(2, kForeignMac)),
             Dropped},
            {"with another's behind others",
             ip6(own, 58,
                 ndp(136, own) + hardware_option(14, kMac) + hardware_option(2, kMac) +
                     hardware_option(1, kForeignMac)),
             Dropped},
            {"with more options than have a use",
             ip6(own, 58,
                 ndp(136, own) + hardware_option(14, kMac) + hardware_option(14, kMac) +
                     hardware_option(14, kMac) + hardware_option(14, kMac) +
                     hardware_option(2, kForeignMac)),
             Dropped},
            {"of another's", ip6(own, 58, ndp(136, "2001:db8::9")), Dropped},
            {"of its link-local", ip6(kOwnLocal, 58, ndp(136, kOwnLocal)), Passed},
            {"of the router's", ip6(kOwnLocal, 58, ndp(136, "fe80::1")), Dropped},
            {"of its own, in another's name", ip6("fe80::1", 58, ndp(136, own)), Dropped},
            {"a question", ip6(own, 58, ndp(135, "2001:db8::1")), Passed},
            {"a question of the link-local", ip6(kOwnLocal, 58, ndp(135, "fe80::1")), Passed},
            {"in another's name", ip6("2001:db8::9", 58, ndp(135, "2001:db8::1")), Dropped},
            {"whether its own is free", ip6("::", 58, ndp(135, own)), Passed},
            {"whether another's is free", ip6("::", 58, ndp(135, "2001:db8::9")), Dropped},
            {"for routers", ip6(kOwnLocal, 58, '\x85' + Bytes(7, '\0')), Passed},
            {"for routers, in another's name", ip6("fe80::1", 58, '\x85' + Bytes(7, '\0')),
             Dropped},
            {"a router's advertisement", ip6(kOwnLocal, 58, ndp(134, "::")), Dropped},
            {"of its own address", ip6(own, 58, ndp(134, "::")), Dropped},
            {"a redirect", ip6(own, 58, ndp(137, "::")), Dropped},
            {"one hidden behind options", ip6(own, 0, hidden), Dropped},
            {"behind others", ip6(own, 60, hidden), Dropped},
            {"behind a route", ip6(own, 43, hidden), Dropped},
            {"groups that it listens to", ip6(kOwnLocal, 0, listens(143)), Passed},
            {"in the same place, no group", ip6(kOwnLocal, 0, listens(136)), Dropped},
            {"groups for a single machine", ip6(kOwnLocal, 0, listens(143), "2001:db8::1"),
             Dropped},
            {"an answer of DHCPv6", ip6(own, 17, half(547) + half(546) + half(8) + half(0)),
             Dropped},
            {"a question with its hardware address",
             ip6(own, 58, ndp(135, "2001:db8::1") + hardware_option(1, kMac)), Passed},
            {"with another's",
             ip6(own, 58, ndp(135, "2001:db8::1") + hardware_option(1, kForeignMac)), Dropped},
            {"for routers, with another's hardware address",
             ip6(kOwnLocal, 58, Bytes("\x85\0\0\0\0\0\0\0", 8) + hardware_option(1, kForeignMac)),
             Dropped},
            {"a fragment of UDP", fragment(own, {17}, half(5000) + Bytes(18, '\0')), Passed},
            {"a later one", fragment(own, {17, 9}, half(547) + Bytes(18, '\0')), Passed},
            {"a fragment of TCP", fragment(own, {6}, Bytes(20, '\0')), Passed},
            {"of an echo", fragment(own, {58}, '\x80' + Bytes(15, '\0')), Passed},
            {"of another's", fragment("2001:db8::9", {17}, half(5000) + Bytes(18, '\0')), Dropped},
            {"a later one of another's", fragment("2001:db8::9", {17, 9}, Bytes(20, '\0')),
             Dropped},
            {"neighbour discovery in a fragment", fragment(own, {58}, ndp(136, own)), Dropped},
            {"an advertisement in one", fragment(kOwnLocal, {58}, ndp(134, "::")), Dropped},
            {"an answer of DHCPv6 in one", fragment(own, {17}, half(547) + half(546) + half(0)),
             Dropped},
            {"more headers in one", fragment(own, {60}, hidden), Dropped},
        });
}

TEST(LinkFilter, HoldsHundredsOfAddressesAndSaysWhenItDoesNot) {
    std::vector<IpAddress> many;
    for (int i = 0; i < 400; ++i) {
        many.push_back(IpAddress::parse("2001:db8::1:" + std::to_string(i)));
        many.push_back(IpAddress::parse("198.51." + std::to_string(i / 250) + "." +
                                        std::to_string(1 + i % 250)));
    }
    many.resize(400);  // sockets have a limit (net.core.optmem_max) that links have not
    const Judge judge(venet_filter(many));
    EXPECT_EQ(judge(ip6("2001:db8::1:199", 6, Bytes(20, '\0'))), Passed);
    EXPECT_EQ(judge(ip6("2001:db8::1:200", 6, Bytes(20, '\0'))), Dropped);
    EXPECT_EQ(judge(ip4("198.51.0.200")), Passed);
    EXPECT_EQ(judge(ip4("198.51.0.201")), Dropped);
}

// Runs a program as the kernel does, of any size: sockets have a limit. A load beyond the end ends
// it with 0.
std::uint32_t run(const std::vector<sock_filter>& code, const Bytes& frame) {
    std::uint32_t value = 0, place = 0;
    const auto load = [&](std::size_t at, std::size_t size) -> std::optional<std::uint32_t> {
        if (static_cast<int>(at) < 0)
            return 0;  // of the kernel's own: no tag of a VLAN
        if (at + size > frame.size())
            return std::nullopt;
        std::uint32_t loaded = 0;
        for (std::size_t i = 0; i < size; ++i)
            loaded = loaded << 8 | static_cast<unsigned char>(frame[at + i]);
        return loaded;
    };
    for (std::size_t at = 0; at < code.size(); ++at) {
        const sock_filter& one = code[at];
        std::optional<std::uint32_t> loaded = value;
        bool holds = false;
        switch (one.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                loaded = load(one.k, 4);
                break;
            case BPF_LD | BPF_H | BPF_ABS:
                loaded = load(one.k, 2);
                break;
            case BPF_LD | BPF_B | BPF_ABS:
                loaded = load(one.k, 1);
                break;
            case BPF_LD | BPF_B | BPF_IND:
                loaded = load(place + one.k, 1);
                break;
            case BPF_LD | BPF_W | BPF_LEN:
                loaded = static_cast<std::uint32_t>(frame.size());
                break;
            case BPF_LDX | BPF_B | BPF_MSH:
                place = 4 * (load(one.k, 1).value_or(0) & 15);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                loaded = value & one.k;
                break;
            case BPF_ALU | BPF_SUB | BPF_X:
                loaded = value - place;
                break;
            case BPF_JMP | BPF_JA:
                at += one.k;
                continue;
            case BPF_JMP | BPF_JEQ | BPF_K:
                holds = value == one.k;
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                holds = value >= one.k;
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                holds = value > one.k;
                break;
            case BPF_JMP | BPF_JSET | BPF_K:
                holds = (value & one.k) != 0;
                break;
            case BPF_RET | BPF_K:
                return one.k;
            default:
                throw Error(ExitCode::System, "an instruction that is not known here");
        }
        if (!loaded)
            return 0;
        value = *loaded;
        if (BPF_CLASS(one.code) == BPF_JMP)
            at += holds ? one.jt : one.jf;
    }
    throw Error(ExitCode::System, "the program has no end");
}

Verdict judge(const LinkPrograms& programs, const Bytes& frame) {
    for (const std::vector<sock_filter>& program : programs) {
        const std::uint32_t verdict = run(program, frame);
        if (verdict != static_cast<std::uint32_t>(TC_ACT_UNSPEC))
            return verdict == TC_ACT_SHOT ? Dropped : Broken;
    }
    return Passed;
}

std::string spell4(std::uint32_t number) {
    return std::to_string(number >> 24) + "." + std::to_string(number >> 16 & 255) + "." +
           std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255);
}

TEST(LinkFilter, TakesAddressesInARowForOne) {
    std::vector<IpAddress> row;
    for (std::uint32_t i = 0; i < kMostAddresses; ++i)
        row.push_back(IpAddress::parse(spell4(0x0a010000 + i)));
    const LinkPrograms programs = compile_filter(venet_filter(row));
    ASSERT_EQ(programs.size(), 1U);
    EXPECT_LT(programs[0].size(), 60U);
    EXPECT_EQ(judge(programs, ip4("10.0.255.255")), Dropped);
    EXPECT_EQ(judge(programs, ip4("10.1.0.0")), Passed);
    EXPECT_EQ(judge(programs, ip4("10.1.63.255")), Passed);
    EXPECT_EQ(judge(programs, ip4("10.1.64.0")), Dropped);
}

// As many as there may be, with holes between them, in no order: some programs judge together.
TEST(LinkFilter, HoldsScatteredAddresses) {
    std::vector<IpAddress> scattered;
    std::vector<std::uint32_t> numbers;
    for (std::size_t i = 0; i < kMostAddresses; ++i)
        numbers.push_back(
            static_cast<std::uint32_t>(0x0a000000 + (i * 7919 % kMostAddresses) * 97));
    for (const std::uint32_t number : numbers)
        scattered.push_back(IpAddress::parse(spell4(number)));
    const LinkPrograms programs = compile_filter(venet_filter(scattered));
    EXPECT_GT(programs.size(), 1U);
    EXPECT_LE(programs.size(), kMostPrograms);
    for (std::size_t i = 0; i < numbers.size(); i += 37) {
        EXPECT_EQ(judge(programs, ip4(spell4(numbers[i]).c_str())), Passed) << i;
        EXPECT_EQ(judge(programs, ip4(spell4(numbers[i] + 1).c_str())), Dropped) << i;
        EXPECT_EQ(judge(programs, ip4(spell4(numbers[i] - 1).c_str())), Dropped) << i;
    }
    EXPECT_EQ(judge(programs, ip4("9.255.255.255")), Dropped);
    EXPECT_EQ(judge(programs, ip4("255.255.255.255")), Dropped);
    EXPECT_EQ(judge(programs, ip4("0.0.0.0")), Dropped);
    EXPECT_EQ(judge(programs, ip6("2001:db8::1", 17, Bytes(8, '\0'))), Dropped);
}

TEST(LinkFilter, HoldsScatteredAddressesOfIpv6) {
    std::vector<IpAddress> scattered;
    const auto spell = [](unsigned i, unsigned last) {
        char text[64];
        snprintf(text, sizeof text, "2001:db8:%x:%x:%x::%x", i % 3, i * 7919 % 65536, i, last);
        return std::string(text);
    };
    for (unsigned i = 0; i < 4000; ++i)
        scattered.push_back(IpAddress::parse(spell(i, 5)));
    scattered.push_back(IpAddress::parse("192.0.2.7"));
    const LinkPrograms programs = compile_filter(venet_filter(scattered));
    EXPECT_GT(programs.size(), 1U);
    for (unsigned i = 0; i < 4000; i += 13) {
        EXPECT_EQ(judge(programs, ip6(spell(i, 5).c_str(), 17, Bytes(8, '\0'))), Passed) << i;
        EXPECT_EQ(judge(programs, ip6(spell(i, 4).c_str(), 17, Bytes(8, '\0'))), Dropped) << i;
        EXPECT_EQ(judge(programs, ip6(spell(i, 6).c_str(), 17, Bytes(8, '\0'))), Dropped) << i;
    }
    EXPECT_EQ(judge(programs, ip6("2001:db7::5", 17, Bytes(8, '\0'))), Dropped);
    EXPECT_EQ(judge(programs, ip6("ff02::5", 17, Bytes(8, '\0'))), Dropped);
    EXPECT_EQ(judge(programs, ip4("192.0.2.7")), Passed);
    EXPECT_EQ(judge(programs, ip4("192.0.2.8")), Dropped);

    const LinkFilter of_neighbours{
        .mac = kMac, .only_addresses = true, .has_neighbours = true, .addresses = scattered};
    try {
        (void)compile_filter(of_neighbours);
        FAIL() << "it looks for each address in eight places";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::BadValue);
    }
}

}  // namespace
