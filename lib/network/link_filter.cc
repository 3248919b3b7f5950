#include "network/link_filter.hh"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::uint32_t kDrop = TC_ACT_SHOT;
constexpr std::uint32_t kPass = static_cast<std::uint32_t>(TC_ACT_UNSPEC);

// Offsets of fields in an Ethernet frame.
constexpr std::uint32_t kTargetMac = 0, kSourceMac = 6, kType = 12, kPayload = 14;
constexpr std::uint32_t kArpKinds = kPayload, kArpSizes = kPayload + 4, kArpCode = kPayload + 6,
                        kArpMac = kPayload + 8, kArpSender = kPayload + 14,
                        kArpTarget = kPayload + 24, kArpEnd = kPayload + 28;
constexpr std::uint32_t kArpRequest = 1, kArpReply = 2;
constexpr std::uint32_t kIpFragment = kPayload + 6, kIpProtocol = kPayload + 9,
                        kIpSource = kPayload + 12, kIpTarget = kPayload + 16,
                        kIpEnd = kPayload + 20;
constexpr std::uint32_t kInnerTag = kPayload, kInnerType = kPayload + 2, kTagSize = 4;
constexpr std::uint32_t kLoopbackNet = 127, kVlanBits = 0xfff;
constexpr std::uint32_t kIp6Next = kPayload + 6, kIp6Source = kPayload + 8,
                        kIp6Target = kPayload + 24, kIp6Payload = kPayload + 40;
constexpr std::uint32_t kIp6FragmentPlace = kIp6Payload + 2, kIp6FragmentSize = 8;
constexpr std::uint32_t kNdpTarget = kIp6Payload + 8, kNdpOptions = kNdpTarget + 16,
                        kSolicitOptions = kIp6Payload + 8;
constexpr std::uint32_t kDhcpServer = 67, kDhcp6Server = 547;
constexpr std::array<char, 16> kNobody6Bytes{};
constexpr std::string_view kNobody6(kNobody6Bytes.data(), kNobody6Bytes.size());
constexpr std::uint32_t kMldReport = 131, kMldDone = 132, kMld2Report = 143;

std::uint32_t word_at(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
           std::uint32_t{bytes[2]} << 8 | bytes[3];
}

std::uint32_t half_at(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[0]} << 8 | bytes[1];
}

// An address as numbers, the first ones of it that its family has.
using AddressKey = std::array<std::uint32_t, 4>;

struct AddressSet {
    std::size_t words = 1;
    std::vector<AddressKey> keys;  // in order, each once
    // Whether an address below the first one, or above the last one, is a foreign one; else the set
    // says nothing about it.
    bool judges_all_below = true, judges_all_above = true;
};

// Conditional jumps of classic BPF reach 255 instructions: over a block that may be longer leads an
// unconditional one, whose place is a Jump until it is known where to.
class Code {
  public:
    using Jump = std::size_t;

    void load_word(std::uint32_t at) { add(BPF_LD | BPF_W | BPF_ABS, at); }
    void load_half(std::uint32_t at) { add(BPF_LD | BPF_H | BPF_ABS, at); }
    void load_byte(std::uint32_t at) { add(BPF_LD | BPF_B | BPF_ABS, at); }
    // 1 where the frame came with a tag of a VLAN, which the kernel has taken out of it.
    void load_tagged() {
        load_word(static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
    }
    // The number of that VLAN; 0 without a tag, too.
    void load_vlan() {
        load_word(static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG));
        keep_bits(kVlanBits);
    }
    // A load from beyond the frame's end ends the program with 0, which is TC_ACT_OK: what is
    // loaded before a verdict of ours has to be there.
    void require_length(std::uint32_t least) {
        add(BPF_LD | BPF_W | BPF_LEN, 0);
        add(BPF_JMP | BPF_JGE | BPF_K, least, 1, 0);
        finish(kDrop);
    }
    void keep_bits(std::uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, bits); }
    void finish(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }

    void finish_unless(std::uint32_t value, std::uint32_t verdict) {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
        finish(verdict);
    }
    void finish_if(std::uint32_t value, std::uint32_t verdict) {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
        finish(verdict);
    }
    void drop_unless(std::uint32_t value) { finish_unless(value, kDrop); }
    void drop_from_to(std::uint32_t least, std::uint32_t most) {
        add(BPF_JMP | BPF_JGE | BPF_K, least, 0, 2);
        add(BPF_JMP | BPF_JGT | BPF_K, most, 1, 0);
        finish(kDrop);
    }

    // The instructions that follow, up to land(), run only with that value loaded.
    [[nodiscard]] Jump skip_unless(std::uint32_t value) {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
        return jump();
    }
    // The same where none of these bits is set in the loaded value.
    [[nodiscard]] Jump skip_if_any(std::uint32_t bits) {
        add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
        return jump();
    }
    [[nodiscard]] Jump jump() {
        add(BPF_JMP | BPF_JA, 0);
        return code_.size() - 1;
    }
    void land(Jump jump) { code_[jump].k = static_cast<std::uint32_t>(code_.size() - jump - 1); }

    // Loads what is first behind IPv4's header, whatever the header's length.
    void load_half_behind_ip() {
        find_end_of_ip(2);
        add(BPF_LD | BPF_H | BPF_IND, kPayload);
    }
    void load_byte_behind_ip() {
        find_end_of_ip(1);
        add(BPF_LD | BPF_B | BPF_IND, kPayload);
    }

    // A place in the frame that depends on what is before it.
    void set_place(std::uint32_t at) { add(BPF_LDX | BPF_W | BPF_IMM, at); }
    void load_word_at_place(std::uint32_t behind) { add(BPF_LD | BPF_W | BPF_IND, behind); }
    void load_half_at_place(std::uint32_t behind) { add(BPF_LD | BPF_H | BPF_IND, behind); }
    void load_byte_at_place(std::uint32_t behind) { add(BPF_LD | BPF_B | BPF_IND, behind); }
    // The loaded value becomes (value + more) << shift.
    void make_size(std::uint32_t more, std::uint32_t shift) {
        add(BPF_ALU | BPF_ADD | BPF_K, more);
        add(BPF_ALU | BPF_LSH | BPF_K, shift);
    }
    void set_value(std::uint32_t value) { add(BPF_LD | BPF_W | BPF_IMM, value); }
    void move_place_by_value() {
        add(BPF_ALU | BPF_ADD | BPF_X, 0);
        add(BPF_MISC | BPF_TAX, 0);
    }
    // The same, and loads the byte that was at the place before.
    void move_place_and_load() {
        add(BPF_ALU | BPF_ADD | BPF_X, 0);
        add(BPF_ST, 0);
        add(BPF_LD | BPF_B | BPF_IND, 0);
        add(BPF_LDX | BPF_W | BPF_MEM, 0);
    }
    // Skips where fewer bytes than these follow the place. The frame is longer than that.
    [[nodiscard]] Jump skip_at_end(std::uint32_t bytes) {
        add(BPF_LD | BPF_W | BPF_LEN, 0);
        add(BPF_ALU | BPF_SUB | BPF_K, bytes);
        add(BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0);
        return jump();
    }

    // The next `size` instructions run if the bytes there are these, and are skipped if not.
    void compare(std::uint32_t at, std::string_view bytes, std::size_t size) {
        const auto* raw = reinterpret_cast<const std::uint8_t*>(bytes.data());
        const std::size_t words = bytes.size() / 4;
        for (std::size_t word = 0; word < words; ++word) {
            load_word(at + static_cast<std::uint32_t>(4 * word));
            add(BPF_JMP | BPF_JEQ | BPF_K, word_at(raw + 4 * word), 0,
                static_cast<std::uint8_t>(2 * (words - word - 1) + size));
        }
    }

    // Goes on if one of the addresses is there, and drops the frame else. Of addresses that are not
    // the set's to judge, too, it goes on.
    void require_one_of(std::uint32_t at, const AddressSet& set) {
        Search search{at, set, {}};
        if (set.judges_all_below && set.keys.empty())
            finish(kDrop);
        else if (!set.keys.empty())
            find_word(search, set.keys, 0, set.judges_all_below ? Beyond::Drop : Beyond::Pass,
                      set.judges_all_above ? Beyond::Drop : Beyond::Pass);
        for (const Jump jump : search.passed)
            land(jump);
    }

    [[nodiscard]] std::vector<sock_filter> take() { return std::move(code_); }

  private:
    using Keys = std::span<const AddressKey>;
    enum class Beyond { Drop, Pass };  // what a value beyond the least or the greatest one means
    struct Search {
        std::uint32_t at;
        const AddressSet& set;
        std::vector<Jump> passed;
    };
    // Values of one word, and the addresses that have them there.
    struct Values {
        std::uint32_t least, most;
        Keys keys;
    };

    // Looks for the word of the address that has that number, among those of the keys, which have
    // the same words before.
    void find_word(Search& search, Keys keys, std::size_t word, Beyond below, Beyond above) {
        const bool is_last = word + 1 == search.set.words;
        std::vector<Values> values;
        for (std::size_t begin = 0; begin < keys.size();) {
            std::size_t end = begin;
            while (end < keys.size() && keys[end][word] == keys[begin][word])
                ++end;
            const std::uint32_t value = keys[begin][word];
            if (is_last && !values.empty() && values.back().most + 1 == value)
                values.back().most = value;
            else
                values.push_back({value, value, keys.subspan(begin, end - begin)});
            begin = end;
        }
        load_word(search.at + static_cast<std::uint32_t>(4 * word));
        find_value(search, values, word, below, above);
    }

    // Halves the values until they are few.
    void find_value(Search& search, std::span<const Values> values, std::size_t word, Beyond below,
                    Beyond above) {
        constexpr std::size_t kFew = 16;
        if (values.size() <= kFew)
            return compare_values(search, values, word, below, above);
        const std::size_t middle = values.size() / 2;
        add(BPF_JMP | BPF_JGE | BPF_K, values[middle].least, 0, 1);
        const Jump upper = jump();
        find_value(search, values.first(middle), word, below, Beyond::Drop);
        land(upper);
        find_value(search, values.subspan(middle), word, Beyond::Drop, above);
    }

    void compare_values(Search& search, std::span<const Values> values, std::size_t word,
                        Beyond below, Beyond above) {
        const bool is_last = word + 1 == search.set.words;
        if (below == Beyond::Pass) {
            add(BPF_JMP | BPF_JGE | BPF_K, values.front().least, 1, 0);
            search.passed.push_back(jump());
        }
        if (above == Beyond::Pass) {
            add(BPF_JMP | BPF_JGT | BPF_K, values.back().most, 0, 1);
            search.passed.push_back(jump());
        }
        std::vector<Jump> further;  // jumps to the next word, by value
        std::vector<std::size_t> found;
        for (const Values& value : values) {
            if (!is_last) {
                add(BPF_JMP | BPF_JEQ | BPF_K, value.least, 0, 1);
                further.push_back(jump());
                continue;
            }
            if (value.least != value.most)  // what is in no range before is below this one
                add(BPF_JMP | BPF_JGT | BPF_K, value.most, 1, 0);
            add(value.least == value.most ? BPF_JMP | BPF_JEQ | BPF_K : BPF_JMP | BPF_JGE | BPF_K,
                value.least);
            found.push_back(code_.size() - 1);
        }
        finish(kDrop);
        for (const std::size_t one : found)
            code_[one].jt = static_cast<std::uint8_t>(code_.size() - one - 1);
        if (is_last)
            search.passed.push_back(jump());
        for (std::size_t i = 0; i < further.size(); ++i) {
            land(further[i]);
            find_word(search, values[i].keys, word + 1, i == 0 ? below : Beyond::Drop,
                      i + 1 == further.size() ? above : Beyond::Drop);
        }
    }

    void find_end_of_ip(std::uint32_t bytes_behind) {
        add(BPF_LDX | BPF_B | BPF_MSH, kPayload);
        add(BPF_LD | BPF_W | BPF_LEN, 0);
        add(BPF_ALU | BPF_SUB | BPF_X, 0);
        add(BPF_JMP | BPF_JGE | BPF_K, kPayload + bytes_behind, 1, 0);
        finish(kDrop);
    }

    void add(std::uint16_t code, std::uint32_t k, std::uint8_t if_true = 0,
             std::uint8_t if_false = 0) {
        code_.push_back({code, if_true, if_false, k});
    }

    std::vector<sock_filter> code_;
};

// A program for a part of the addresses, one of `parts`: about the others it says nothing. The
// programs of all parts together judge as one would that had no limit.
struct Part {
    std::size_t number = 0, parts = 1;
};

std::vector<std::string_view> addresses_of(const LinkFilter& filter, int family) {
    std::vector<std::string_view> found;
    for (const IpAddress& address : filter.addresses)
        if (address.family == family)
            found.push_back(address.bytes());
    return found;
}

// The part's share of the addresses, and the first one of the next part: what lies between is
// judged, too.
AddressSet make_set(const std::vector<std::string_view>& addresses, const Part& part) {
    std::vector<AddressKey> keys;
    for (const std::string_view address : addresses) {
        AddressKey key{};
        for (std::size_t word = 0; word < address.size() / 4; ++word)
            key[word] = word_at(reinterpret_cast<const std::uint8_t*>(address.data()) + 4 * word);
        keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    const std::size_t begin = keys.size() * part.number / part.parts,
                      end = keys.size() * (part.number + 1) / part.parts;
    const bool is_empty = begin == end && !keys.empty();
    AddressSet set{.words = addresses.empty() ? 1 : addresses.front().size() / 4,
                   .keys = {},
                   .judges_all_below = begin == 0 && !is_empty,
                   .judges_all_above = end == keys.size() && !is_empty};
    if (!is_empty)
        set.keys.assign(keys.begin() + static_cast<std::ptrdiff_t>(begin),
                        keys.begin() + static_cast<std::ptrdiff_t>(std::min(end + 1, keys.size())));
    return set;
}

// The link-local address that every device makes of its hardware address (RFC 4291, appendix A).
std::string link_local(const MacAddress& mac) {
    std::string bytes("\xfe\x80\0\0\0\0\0\0", 8);
    for (std::size_t i = 0; i < mac.raw.size(); ++i) {
        bytes += static_cast<char>(i == 0 ? mac.raw[i] ^ 2 : mac.raw[i]);
        if (i == 2)
            bytes += "\xff\xfe";
    }
    return bytes;
}

void require_mac(Code& code, std::uint32_t at, const MacAddress& mac) {
    code.load_word(at);
    code.drop_unless(word_at(mac.raw.data()));
    code.load_half(at + 4);
    code.drop_unless(half_at(mac.raw.data() + 4));
}

// Frames from one bridge to the next (IEEE 802.1Q, table 8-1): of the spanning tree, whose root a
// VPS could become, of pauses, of port security.
void drop_bridges_own(Code& code) {
    code.load_word(kTargetMac);
    const Code::Jump other = code.skip_unless(0x0180c200);
    code.load_half(kTargetMac + 4);
    code.keep_bits(0xfff0);
    code.finish_if(0, kDrop);
    code.land(other);
}

void judge_arp(Code& code, const LinkFilter& filter, const Part& part) {
    const AddressSet own = make_set(addresses_of(filter, AF_INET), part);
    const std::string_view nobody("\0\0\0\0", 4);
    code.require_length(kArpEnd);
    code.load_word(kArpKinds);
    code.drop_unless(0x00010800);  // of Ethernet, for IPv4
    code.load_half(kArpSizes);
    code.drop_unless(0x0604);
    if (filter.mac)
        require_mac(code, kArpMac, *filter.mac);
    code.load_half(kArpCode);
    Code::Jump other = code.skip_unless(kArpReply);
    code.require_one_of(kArpSender, own);
    code.finish(kPass);
    code.land(other);

    code.drop_unless(kArpRequest);
    code.compare(kArpSender, nobody, 1);  // asks whether another one has the address (RFC 5227)
    const Code::Jump asks = code.jump();
    code.require_one_of(kArpSender, own);
    code.finish(kPass);
    code.land(asks);
    code.require_one_of(kArpTarget, own);
    code.finish(kPass);
}

// Looks behind the header of a packet of IPv4 with that protocol. The first fragment has what is
// looked at.
template <typename Look>
void look_behind_ip(Code& code, std::uint32_t protocol, Look look) {
    code.load_byte(kIpProtocol);
    const Code::Jump other = code.skip_unless(protocol);
    code.load_half(kIpFragment);
    const Code::Jump no_first = code.skip_if_any(0x1fff);
    look();
    code.land(other);
    code.land(no_first);
}

void drop_redirects(Code& code) {
    look_behind_ip(code, IPPROTO_ICMP, [&] {
        code.load_byte_behind_ip();
        code.finish_if(ICMP_REDIRECT, kDrop);
    });
}

// Where a tool for containers has set route_localnet, the host takes what comes from outside to its
// loopback addresses, or from them (RFC 1122 has them on no wire).
void drop_loopback(Code& code, std::uint32_t further = 0) {
    for (const std::uint32_t at : {kIpSource, kIpTarget}) {
        code.load_byte(at + further);
        code.finish_if(kLoopbackNet, kDrop);
    }
}

// The same for a bridge, whose frames may have two tags: the kernel has taken the first one off.
// It takes those of number 0 off as if they were not there, and nobody has a use for these round or
// within another tag.
void drop_loopback_behind_tags(Code& code) {
    code.load_half(kType);
    for (const std::uint32_t tag :
         std::initializer_list<std::uint32_t>{ETH_P_8021Q, ETH_P_8021AD}) {
        const Code::Jump other = code.skip_unless(tag);
        code.load_vlan();
        code.finish_if(0, kDrop);
        code.require_length(kPayload + kTagSize);
        code.load_half(kInnerTag);
        code.keep_bits(kVlanBits);
        code.finish_if(0, kDrop);
        code.load_half(kInnerType);
        code.finish_unless(ETH_P_IP, kPass);
        code.require_length(kIpEnd + kTagSize);
        drop_loopback(code, kTagSize);
        code.finish(kPass);
        code.land(other);
    }
    code.finish_unless(ETH_P_IP, kPass);
    code.require_length(kIpEnd);
    drop_loopback(code);
}

void judge_ipv4(Code& code, const LinkFilter& filter, const Part& part) {
    code.require_length(kIpEnd);
    drop_loopback(code);
    drop_redirects(code);
    if (filter.has_neighbours)
        look_behind_ip(code, IPPROTO_UDP, [&] {
            code.load_half_behind_ip();
            code.finish_if(kDhcpServer, kDrop);
        });
    code.require_one_of(kIpSource, make_set(addresses_of(filter, AF_INET), part));
    code.finish(kPass);
}

// Which groups it listens to: a bridge that snoops sends it nothing else.
void judge_hop_by_hop(Code& code) {
    code.require_length(kIp6Payload + 9);
    code.load_half(kIp6Payload);
    code.drop_unless(IPPROTO_ICMPV6 << 8);  // behind eight bytes of options
    code.load_byte(kIp6Target);
    code.drop_unless(0xff);
    code.load_byte(kIp6Payload + 8);
    for (const std::uint32_t type : {kMldReport, kMldDone, kMld2Report})
        code.finish_if(type, kPass);
    code.finish(kDrop);
}

// The options of neighbour discovery from there on: the hardware addresses among them are the
// VPS's.
void require_own_options(Code& code, std::uint32_t at, const MacAddress& mac) {
    constexpr int kMost = 4;  // that one message has a use for
    constexpr std::uint32_t kUnit = 8;
    std::vector<Code::Jump> ends;
    code.set_place(at);
    for (int i = 0; i < kMost; ++i) {
        ends.push_back(code.skip_at_end(kUnit));
        for (const std::uint32_t kind :
             std::initializer_list<std::uint32_t>{ND_OPT_SOURCE_LINKADDR, ND_OPT_TARGET_LINKADDR}) {
            code.load_byte_at_place(0);
            const Code::Jump other = code.skip_unless(kind);
            code.load_byte_at_place(1);
            code.drop_unless(1);
            code.load_word_at_place(2);
            code.drop_unless(word_at(mac.raw.data()));
            code.load_half_at_place(6);
            code.drop_unless(half_at(mac.raw.data() + 4));
            code.land(other);
        }
        code.load_byte_at_place(1);
        code.finish_if(0, kDrop);
        code.make_size(0, 3);
        code.move_place_by_value();
    }
    code.finish(kDrop);
    for (const Code::Jump end : ends)
        code.land(end);
}

// Neighbour discovery speaks for one's own addresses, and is no router's.
struct Ip6Sets {
    AddressSet global;      // IP_ADDRESS's
    AddressSet all;         // and the link-local one
    AddressSet soliciting;  // and none yet
};

void judge_icmp6(Code& code, const LinkFilter& filter, const Ip6Sets& sets) {
    const AddressSet &global = sets.global, &all = sets.all;
    const auto finish_with_options = [&](std::uint32_t at) {
        if (filter.mac)
            require_own_options(code, at, *filter.mac);
        code.finish(kPass);
    };
    code.require_length(kIp6Payload + 8);
    code.load_byte(kIp6Payload);
    code.finish_if(ND_ROUTER_ADVERT, kDrop);
    code.finish_if(ND_REDIRECT, kDrop);
    Code::Jump other = code.skip_unless(ND_NEIGHBOR_ADVERT);
    code.require_length(kNdpOptions);
    code.require_one_of(kNdpTarget, all);
    code.require_one_of(kIp6Source, all);
    finish_with_options(kNdpOptions);
    code.land(other);

    other = code.skip_unless(ND_NEIGHBOR_SOLICIT);
    code.require_length(kNdpOptions);
    code.compare(kIp6Source, kNobody6, 1);  // asks whether another one has the address already
    const Code::Jump asks = code.jump();
    code.require_one_of(kIp6Source, all);
    finish_with_options(kNdpOptions);
    code.land(asks);
    code.require_one_of(kNdpTarget, all);
    finish_with_options(kNdpOptions);
    code.land(other);

    other = code.skip_unless(ND_ROUTER_SOLICIT);
    code.require_one_of(kIp6Source, sets.soliciting);
    finish_with_options(kSolicitOptions);
    code.land(other);

    code.require_one_of(kIp6Source, global);
    code.finish(kPass);
}

// Neighbour discovery has no fragments (RFC 6980). The first fragment has all that is looked at;
// the kind that a later one says it is of is nobody's.
void judge_fragment(Code& code, const AddressSet& global) {
    constexpr std::uint32_t kInside = kIp6Payload + kIp6FragmentSize;
    code.require_length(kInside);
    code.load_half(kIp6FragmentPlace);
    const Code::Jump no_first = code.skip_if_any(0xfff8);
    code.require_length(kInside + 2);
    code.load_byte(kIp6Payload);
    for (const std::uint32_t hides : std::initializer_list<std::uint32_t>{
             IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH, IPPROTO_DSTOPTS})
        code.finish_if(hides, kDrop);
    Code::Jump other = code.skip_unless(IPPROTO_ICMPV6);
    code.load_byte(kInside);
    code.drop_from_to(ND_ROUTER_SOLICIT, ND_REDIRECT);
    code.land(other);
    code.load_byte(kIp6Payload);
    other = code.skip_unless(IPPROTO_UDP);
    code.load_half(kInside);
    code.finish_if(kDhcp6Server, kDrop);
    code.land(other);
    code.land(no_first);
    code.require_one_of(kIp6Source, global);
    code.finish(kPass);
}

// Drops advertisements of routers and redirects behind any row of headers, as the host would find
// them.
void judge_advice_behind_headers(Code& code) {
    constexpr int kMost = 6;  // headers in a row; RFC 8200 has a use for no more
    code.set_place(kIp6Payload);
    code.load_byte(kIp6Next);
    for (int i = 0; i < kMost; ++i) {
        Code::Jump other = code.skip_unless(IPPROTO_ICMPV6);
        code.load_byte_at_place(0);
        code.finish_if(ND_ROUTER_ADVERT, kDrop);
        code.finish_if(ND_REDIRECT, kDrop);
        code.finish(kPass);
        code.land(other);

        std::vector<Code::Jump> sized;
        other = code.skip_unless(IPPROTO_FRAGMENT);
        code.load_half_at_place(2);
        code.keep_bits(0xfff8);
        code.finish_unless(0, kPass);  // without its first fragment, nobody puts it together
        code.set_value(kIp6FragmentSize);
        sized.push_back(code.jump());
        code.land(other);

        other = code.skip_unless(IPPROTO_AH);
        code.load_byte_at_place(1);
        code.make_size(2, 2);
        sized.push_back(code.jump());
        code.land(other);

        std::vector<Code::Jump> plain;
        for (const std::uint32_t kind : std::initializer_list<std::uint32_t>{
                 IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS}) {
            other = code.skip_unless(kind);
            plain.push_back(code.jump());
            code.land(other);
        }
        code.finish(kPass);
        for (const Code::Jump jump : plain)
            code.land(jump);
        code.load_byte_at_place(1);
        code.make_size(1, 3);
        for (const Code::Jump jump : sized)
            code.land(jump);
        code.move_place_and_load();
    }
    code.finish(kDrop);
}

// A link whose only neighbour is the host: nobody there has a use for a router's advice. Tags of
// VLANs: the kernel takes two of number 0 off as if there were none, and the filter sees but one
// gone.
void judge_advice(Code& code) {
    code.load_half(kType);
    code.finish_if(ETH_P_8021Q, kDrop);
    code.finish_if(ETH_P_8021AD, kDrop);
    Code::Jump other = code.skip_unless(ETH_P_IP);
    code.require_length(kIpEnd);
    drop_loopback(code);
    drop_redirects(code);
    code.finish(kPass);
    code.land(other);
    other = code.skip_unless(ETH_P_IPV6);
    code.require_length(kIp6Payload);
    judge_advice_behind_headers(code);
    code.land(other);
    code.finish(kPass);
}

void judge_ipv6(Code& code, const LinkFilter& filter, const Part& part) {
    const std::vector<std::string_view> global = addresses_of(filter, AF_INET6);
    std::vector<std::string_view> all = global;
    const std::string local = filter.mac ? link_local(*filter.mac) : std::string();
    if (!local.empty())
        all.push_back(local);
    std::vector<std::string_view> soliciting = all;
    soliciting.push_back(kNobody6);
    const Ip6Sets sets{make_set(global, part), make_set(all, part), make_set(soliciting, part)};
    code.require_length(kIp6Payload);
    if (filter.has_neighbours) {
        code.load_byte(kIp6Next);
        // Extension headers could hide what follows.
        for (const std::uint32_t hides :
             std::initializer_list<std::uint32_t>{IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_AH})
            code.finish_if(hides, kDrop);
        Code::Jump other = code.skip_unless(IPPROTO_HOPOPTS);
        judge_hop_by_hop(code);
        code.land(other);
        other = code.skip_unless(IPPROTO_ICMPV6);
        judge_icmp6(code, filter, sets);
        code.land(other);
        other = code.skip_unless(IPPROTO_FRAGMENT);
        judge_fragment(code, sets.global);
        code.land(other);
        other = code.skip_unless(IPPROTO_UDP);
        code.require_length(kIp6Payload + 2);
        code.load_half(kIp6Payload);
        code.finish_if(kDhcp6Server, kDrop);
        code.land(other);
    }
    code.require_one_of(kIp6Source, sets.global);
    code.finish(kPass);
}

std::vector<sock_filter> compile_part(const LinkFilter& filter, const Part& part) {
    Code code;
    code.require_length(kPayload);
    if (filter.mac)
        require_mac(code, kSourceMac, *filter.mac);
    drop_bridges_own(code);
    if (!filter.only_addresses) {
        if (filter.drops_advice)
            judge_advice(code);
        else
            drop_loopback_behind_tags(code);
        code.finish(kPass);
        return code.take();
    }
    code.load_tagged();
    code.drop_unless(0);
    code.load_half(kType);
    Code::Jump other = code.skip_unless(ETH_P_IP);
    judge_ipv4(code, filter, part);
    code.land(other);
    other = code.skip_unless(ETH_P_IPV6);
    judge_ipv6(code, filter, part);
    code.land(other);
    if (filter.has_neighbours) {
        other = code.skip_unless(ETH_P_ARP);
        judge_arp(code, filter, part);
        code.land(other);
    }
    code.finish(kDrop);
    return code.take();
}

// The programs of that many parts; nothing where one is too long for the kernel.
std::optional<LinkPrograms> compile_parts(const LinkFilter& filter, std::size_t parts) {
    LinkPrograms programs;
    for (std::size_t number = 0; number < parts; ++number) {
        programs.push_back(compile_part(filter, {number, parts}));
        if (programs.back().size() > BPF_MAXINSNS)
            return std::nullopt;
    }
    return programs;
}

}  // namespace

LinkFilter venet_filter(const std::vector<IpAddress>& addresses) {
    LinkFilter filter;
    filter.only_addresses = true;
    filter.addresses = addresses;
    return filter;
}

LinkPrograms compile_filter(const LinkFilter& filter) {
    std::vector<sock_filter> whole = compile_part(filter, {});
    const std::size_t least = (whole.size() + BPF_MAXINSNS - 1) / BPF_MAXINSNS;
    if (least == 1)
        return {std::move(whole)};
    for (std::size_t parts = least; parts <= kMostPrograms; ++parts)
        if (std::optional<LinkPrograms> programs = compile_parts(filter, parts))
            return std::move(*programs);
    throw Error(ExitCode::BadValue,
                fmt::format("the {} addresses of IP_ADDRESS are too many that do not follow one "
                            "another: a packet filter of {} times {} instructions does not hold "
                            "them; take ranges of addresses, or give some of them to other VPSes",
                            filter.addresses.size(), kMostPrograms, BPF_MAXINSNS));
}

}  // namespace vps
