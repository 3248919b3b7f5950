#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "config/config_draft.hh"
#include "files/resolver.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

Resolver find(const std::string& vps_conf, const std::string& host,
              std::vector<ConfigProblem>* problems = nullptr) {
    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Vps, "101.conf", vps_conf);
    std::vector<ConfigProblem> here;
    const Resolver resolver =
        find_resolver(std::move(draft).finish(*Veid::parse("101")), here, host);
    if (problems)
        *problems = here;
    else
        EXPECT_TRUE(here.empty());
    return resolver;
}

TEST(Resolver, TakesFromTheHostWhatIsOfUseElsewhere) {
    EXPECT_EQ(read_resolv_conf("; comment\nnameserver 127.0.0.53\nnameserver ::1\n"
                               "nameserver fe80::1%eth0\nnameserver\t192.0.2.53 # x\n"
                               "nameserver\nnameserver 0.0.0.0\n nameserver 2001:db8::53\n"
                               "search a.example\nsearch . b.example \"x\"\noptions edns0"),
              (Resolver{{"192.0.2.53", "2001:db8::53"}, {"b.example"}}));
    EXPECT_EQ(read_resolv_conf(""), Resolver());
    EXPECT_EQ(read_resolv_conf("domain c.example\n"), (Resolver{{}, {"c.example"}}));
}

TEST(Resolver, InheritsTheServersBehindAStub) {
    const TemporaryDirectory host;
    std::filesystem::create_directories(host.path() + "/etc");
    std::filesystem::create_directories(host.path() + "/run/systemd/resolve");
    (void)host.write("etc/resolv.conf", "nameserver 127.0.0.53\nsearch example.org\n");
    (void)host.write("run/systemd/resolve/resolv.conf",
                     "nameserver 192.0.2.53\nsearch other.example\n");
    const std::string both = "NAMESERVER=\"192.0.2.1 inherit\"\nSEARCHDOMAIN=\"inherit\"\n";
    EXPECT_EQ(find(both, host.path()), (Resolver{{"192.0.2.1", "192.0.2.53"}, {"example.org"}}));
    EXPECT_EQ(find("SEARCHDOMAIN=\"inherit\"\n", host.path()), (Resolver{{}, {"example.org"}}));

    // A resolver that asks other machines itself has no other resolver behind it.
    (void)host.write("etc/resolv.conf", "nameserver 192.0.2.9\n");
    EXPECT_EQ(find("NAMESERVER=\"inherit\"\n", host.path()), (Resolver{{"192.0.2.9"}, {}}));
}

TEST(Resolver, WaitsForNoFifo) {
    const TemporaryDirectory host;
    std::filesystem::create_directories(host.path() + "/etc");
    std::filesystem::create_directories(host.path() + "/run/NetworkManager");
    ASSERT_EQ(mkfifo((host.path() + "/etc/resolv.conf").c_str(), 0644), 0);
    (void)host.write("run/NetworkManager/no-stub-resolv.conf", "nameserver 192.0.2.53\n");
    EXPECT_EQ(find("NAMESERVER=\"inherit\"\n", host.path()), (Resolver{{"192.0.2.53"}, {}}));
}

TEST(Resolver, SaysThatTheHostHasNothing) {
    const TemporaryDirectory host;
    std::vector<ConfigProblem> problems;
    EXPECT_EQ(find("NAMESERVER=\"inherit\"\nSEARCHDOMAIN=\"inherit\"\n", host.path(), &problems),
              Resolver());
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_EQ(problems[0].key, "NAMESERVER");
    EXPECT_EQ(problems[1].key, "SEARCHDOMAIN");
    EXPECT_EQ(find("", host.path()), Resolver());
}

TEST(Resolver, KnowsWhoMakesResolvConf) {
    const std::pair<const char*, ResolvConfOwner> cases[] = {
        {"../run/systemd/resolve/stub-resolv.conf", ResolvConfOwner::Resolved},
        {"/run/systemd/resolve/resolv.conf", ResolvConfOwner::Resolved},
        {"/usr/lib/systemd/resolv.conf", ResolvConfOwner::Resolved},
        {"/run/resolvconf/resolv.conf", ResolvConfOwner::Resolvconf},
        {"/etc/resolvconf/run/resolv.conf", ResolvConfOwner::Resolvconf},
        {"/run/NetworkManager/resolv.conf", ResolvConfOwner::Nobody},
        {"../../../../etc/passwd", ResolvConfOwner::Nobody},
        {"", ResolvConfOwner::Nobody},
    };
    for (const auto& [target, owner] : cases)
        EXPECT_EQ(owner_of_link(target), owner) << target;
}

}  // namespace
