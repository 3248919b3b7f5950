#include <gtest/gtest.h>

#include "config/config_list.hh"

namespace vps {

using namespace std::string_view_literals;

TEST(ConfigList, ReadsListsOfWords) {
    const struct {
        Verdict (*read)(std::vector<std::string>&, std::string_view, Reading&);
        std::string_view text;
        Verdict::Grade grade;
        std::vector<std::string> words;
        std::size_t left_out;
    } cases[] = {
        {read_name_servers, "192.0.2.1", Verdict::Good, {"192.0.2.1"}, 0},
        {read_name_servers,
         " inherit\n 2001:db8::1\t",
         Verdict::Good,
         {"inherit", "2001:db8::1"},
         0},
        {read_name_servers, "", Verdict::Good, {}, 0},
        {read_name_servers, "inherit # as the host", Verdict::Good, {"inherit"}, 0},
        {read_name_servers,
         "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4",
         Verdict::Odd,
         {"1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"},
         0},
        {read_name_servers, "192.0.2.1 ns.example.org", Verdict::Good, {"192.0.2.1"}, 1},
        {read_name_servers, "ns.example.org", Verdict::Bad, {}, 1},
        {read_name_servers, "192.0.2", Verdict::Bad, {}, 1},
        {read_name_servers, "192.0.2.1\0x"sv, Verdict::Bad, {}, 1},
        {read_name_servers, "fe80::1%eth0", Verdict::Bad, {}, 1},
        {read_search_domains,
         "example.org sub.example.org. .",
         Verdict::Good,
         {"example.org", "sub.example.org.", "."},
         0},
        {read_search_domains, "inherit", Verdict::Good, {"inherit"}, 0},
        {read_mount_options,
         "noatime,commit=30 data=ordered,",
         Verdict::Good,
         {"noatime", "commit=30", "data=ordered"},
         0},
        {read_mount_options,
         "errors=panic,source=/dev/sda journal_path=/dev/sda,nodev",
         Verdict::Good,
         {"nodev"},
         3},
        {read_mount_options, "../x", Verdict::Bad, {}, 1},
        {read_search_domains, "a..b example.org", Verdict::Good, {"example.org"}, 1},
        {read_search_domains, "..", Verdict::Bad, {}, 1},
        {read_search_domains, "a/b", Verdict::Bad, {}, 1},
    };
    for (const auto& [read, text, grade, words, left_out] : cases) {
        std::vector<std::string> list;
        Reading reading;
        EXPECT_EQ(read(list, text, reading).grade, grade) << text;
        EXPECT_EQ(list, words) << text;
        EXPECT_EQ(reading.left_out.size(), left_out) << text;
    }
    const std::string part(64, 'a'), name(254, '.');
    std::vector<std::string> list;
    for (const std::string& text : {part, part + ".org", name}) {
        Reading reading;
        EXPECT_EQ(read_search_domains(list, text, reading).grade, Verdict::Bad);
    }
}

TEST(ConfigList, ExtendsOrReplacesWhatIsThere) {
    using enum Reading::Field;
    std::vector<std::string> list{"a"};
    Reading extend{ToExtend}, replace{ToReplace}, bad{ToReplace};
    (void)read_netdevs(list, "b,c", extend);
    EXPECT_EQ(list, (std::vector<std::string>{"a", "b", "c"}));
    (void)read_netdevs(list, "d", replace);
    EXPECT_EQ(list, std::vector<std::string>{"d"});
    EXPECT_EQ(read_netdevs(list, "lo a/b", bad).grade, Verdict::Bad);
    EXPECT_EQ(list, std::vector<std::string>{"d"});
    ASSERT_EQ(bad.left_out.size(), 2u);
    EXPECT_EQ(bad.left_out[1].word, "a/b");
}

TEST(ConfigList, OrsCapabilitiesTogether) {
    CapabilityChanges changes;
    Reading first, second{Reading::Field::ToExtend}, third;
    (void)read_capabilities(changes, "CHOWN:off KILL:off", first);
    EXPECT_EQ(changes, (CapabilityChanges{0x21, 0}));
    (void)read_capabilities(changes, "CHOWN:on", second);
    EXPECT_EQ(changes, (CapabilityChanges{0x20, 1}));
    (void)read_capabilities(changes, "FOWNER:off", third);
    EXPECT_EQ(changes, (CapabilityChanges{0x8, 0}));
}

TEST(ConfigList, ReadsFamiliesOfSockets) {
    const auto bit = [](unsigned family) { return std::uint64_t{1} << family; };
    struct Row {
        std::string_view text;
        std::uint64_t families;
        std::string_view left_out;
    };
    for (const Row& row : {
             Row{"vsock alg", bit(40) | bit(38), ""},
             Row{"", 0, ""},
             Row{"unix  vsock\t# alg", bit(1) | bit(40), ""},
             Row{"vsock VSOCK AF_ALG 40 vsock,alg", bit(40), "VSOCK AF_ALG 40 vsock,alg "},
             Row{"bluetooth\nmctp", bit(31) | bit(45), ""},
         }) {
        std::uint64_t families = bit(63);
        Reading reading;
        EXPECT_EQ(read_socket_families(families, row.text, reading).grade, Verdict::Good);
        EXPECT_EQ(families, row.families) << row.text;
        std::string left_out;
        for (const auto& [word, why, refuses] : reading.left_out)
            left_out += std::string(word) + " ";
        EXPECT_EQ(left_out, row.left_out);
    }
    std::uint64_t families = bit(40);
    Reading bad;
    EXPECT_EQ(read_socket_families(families, "nonsense", bad).grade, Verdict::Bad);
    EXPECT_EQ(families, bit(40));
    Reading more{.field = Reading::Field::ToExtend};
    EXPECT_EQ(read_socket_families(families, "alg", more).grade, Verdict::Good);
    EXPECT_EQ(families, bit(40) | bit(38));
}

}  // namespace vps
