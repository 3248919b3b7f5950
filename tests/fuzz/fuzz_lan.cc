// libFuzzer target: any bytes as an ARP packet and as a message of ICMPv6 from the host's network.
// An answer has an address of the right kind and a machine that can be shown, and what we ask and
// tell is no answer to ourselves.

#include <arpa/inet.h>

#include <cstring>

#include "network/lan_packet.hh"
#include "require.hh"

using namespace vps;

static void check_answer(const std::optional<LanAnswer>& answer, int family) {
    if (!answer)
        return;
    require(answer->address.family == family, "another kind of address", answer->machine);
    IpAddress spelled;
    require(inet_pton(family, answer->address.to_string().c_str(), spelled.raw.data()) == 1 &&
                spelled.raw == answer->address.raw,
            "bad address", answer->address.to_string());
    require(!answer->machine.empty() && is_one_line(answer->machine), "bad machine",
            answer->machine);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view packet = text_of(data, size);
    MacAddress ours;
    std::memcpy(ours.raw.data(), data, std::min(size, ours.raw.size()));
    in6_addr from{};
    std::memcpy(&from, data, std::min(size, sizeof from));

    const std::optional<LanAnswer> arp = parse_arp(packet, ours);
    check_answer(arp, AF_INET);
    if (arp)
        require(!parse_arp(make_arp(LanMessage::Announcement, arp->address, ours), ours),
                "our own answer", arp->machine);
    const std::optional<LanAnswer> advert = parse_advertisement(packet, from, 255);
    check_answer(advert, AF_INET6);
    require(!parse_advertisement(packet, from, 254), "from behind a router", std::string(packet));
    if (advert) {
        const std::string told =
            make_neighbour_message(LanMessage::Announcement, advert->address, ours);
        const std::optional<LanAnswer> heard = parse_advertisement(told, from, 255);
        require(heard && heard->address == advert->address, "another address", advert->machine);
    }
    return 0;
}
