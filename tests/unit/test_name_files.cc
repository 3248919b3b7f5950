#include <gtest/gtest.h>

#include "config/config_draft.hh"
#include "files/edits.hh"

namespace {

using namespace vps;

const std::string kMark = "# Auto-generated hostname. Please do not remove this comment.\n";

const FileEdit& edit_of(const std::vector<FileEdit>& edits, const std::string& name) {
    for (const FileEdit& edit : edits)
        if (edit.name == name)
            return edit;
    throw std::out_of_range(name);
}

std::string hosts(const std::optional<std::string>& old, const std::string& name,
                  const std::optional<std::string>& address) {
    const std::vector<FileEdit> edits = plan_host_name(name, address);
    const std::string text = edit_of(edits, "hosts").change(old);
    EXPECT_EQ(edit_of(edits, "hosts").change(text), text) << "not the same the second time";
    return text;
}

TEST(HostName, HasALineInHosts) {
    EXPECT_EQ(hosts(std::nullopt, "web.example.org", "192.0.2.1"),
              "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" + kMark +
                  "192.0.2.1 web.example.org web\n");
    EXPECT_EQ(hosts("127.0.0.1 localhost", "web", std::nullopt),
              "127.0.0.1 localhost\n" + kMark + "127.0.1.1 web\n");
    EXPECT_EQ(hosts("", "web", "2001:db8::1"), kMark + "2001:db8::1 web\n");
}

TEST(HostName, ReplacesTheMarkedLineOnly) {
    const std::string before = "# mine\r\n127.0.0.1\tlocalhost\n\n", after = "::1 localhost\n";
    EXPECT_EQ(hosts(before + kMark + "192.0.2.1 old.example.org old\n" + after, "new", "192.0.2.2"),
              before + kMark + "192.0.2.2 new\n" + after);
    // Without an address in the configuration the file's address stays.
    EXPECT_EQ(hosts(kMark + "192.0.2.1 old\n" + after, "new", std::nullopt),
              kMark + "192.0.2.1 new\n" + after);
    // The marked line was removed: the next line is the user's.
    EXPECT_EQ(hosts(kMark + "\n" + after, "new", std::nullopt),
              kMark + "127.0.1.1 new\n\n" + after);
    EXPECT_EQ(hosts(kMark, "new", std::nullopt), kMark + "127.0.1.1 new\n");
    EXPECT_EQ(hosts(kMark + "# gone\n", "new", std::nullopt), kMark + "127.0.1.1 new\n# gone\n");
}

TEST(HostName, KeepsWhatTheUserWrote) {
    for (const std::string text : {
             "127.0.1.1 web.example.org web\n",
             "203.0.113.7\tother web.example.org # web\n127.0.0.1 localhost",
             "# Auto-generated hostname. Please do not remove this comment.\n"
             "192.0.2.1 web.example.org web www.example.org\n",
         })
        EXPECT_EQ(hosts(text, "web.example.org", "192.0.2.1"), text);
    // A name in a comment, as an address, or as part of another name does not count as there.
    for (const std::string text : {"# 127.0.1.1 web\n", "127.0.0.1 localhost # web\n", "web x\n",
                                   "127.0.1.1 web.example.org webs\n"})
        EXPECT_EQ(hosts(text, "web", std::nullopt), text + kMark + "127.0.1.1 web\n");
}

TEST(HostName, IsInTheFilesThatInitsRead) {
    const std::vector<FileEdit> edits = plan_host_name("web.example.org", std::nullopt);
    EXPECT_EQ(edit_of(edits, "hostname").change("old\n"), "web.example.org\n");
    EXPECT_EQ(edit_of(edits, "hostname").absent, FileEdit::Absent::Create);
    EXPECT_EQ(edit_of(edits, "HOSTNAME").absent, FileEdit::Absent::Ignore);
    EXPECT_EQ(edit_of(edits, "network").change("NETWORKING=yes\nHOSTNAME=old\nXHOSTNAME=x\n"),
              "NETWORKING=yes\nHOSTNAME=\"web.example.org\"\nXHOSTNAME=x\n");
    EXPECT_EQ(edit_of(edits, "network").change("NETWORKING=yes\n"), "NETWORKING=yes\n");
}

TEST(HostName, SurvivesAnyText) {
    using namespace std::string_literals;
    for (const std::string& text :
         {"\0\0"s, "\n\n\n"s, kMark + kMark + kMark, "web"s, std::string(100000, ' '),
          std::string(100000, '\n'), "\xff\xfe web\n"s})
        for (const FileEdit& edit : plan_host_name("web", "192.0.2.1"))
            EXPECT_EQ(edit.change(edit.change(text)), edit.change(text));
}

std::optional<std::string> first_address(const std::string& vps_conf) {
    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Vps, "101.conf", vps_conf);
    const Veid veid = *Veid::parse("101");
    return find_first_address(veid, std::move(draft).finish(veid));
}

TEST(HostName, HasTheFirstAddressOfTheConfiguration) {
    EXPECT_EQ(first_address(""), std::nullopt);
    EXPECT_EQ(first_address("IP_ADDRESS=\"\"\n"), std::nullopt);
    EXPECT_EQ(first_address("IP_ADDRESS=\" x 192.0.2.1/255.255.255.0 192.0.2.2\"\n"), "192.0.2.1");
    EXPECT_EQ(first_address("IP_ADDRESS=\"2001:db8::1/64\"\n"), "2001:db8::1");
    // An address that the VPS does not get does not count.
    EXPECT_EQ(first_address("IP_ADDRESS=\"0.0.0.0 127.0.0.5 192.0.2.1\"\n"), "192.0.2.1");
    EXPECT_EQ(first_address("IPV6=no\nIP_ADDRESS=\"2001:db8::1 192.0.2.1\"\n"), "192.0.2.1");
}

TEST(Resolver, ReplacesLinesOfItsOwnKindOnly) {
    const Resolver both{{"192.0.2.53", "2001:db8::53"}, {"example.org", "example.com"}};
    const auto change = [](const Resolver& resolver, const std::optional<std::string>& old) {
        const FileEdit edit = plan_resolver(resolver, ResolvConfOwner::Nobody);
        const std::string text = edit.change(old);
        EXPECT_EQ(edit.change(text), text);
        return text;
    };
    const std::string ours =
        "search example.org example.com\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n";
    EXPECT_EQ(change(both, std::nullopt), ours);
    EXPECT_EQ(change(both, "# mine\nnameserver 8.8.8.8\noptions timeout:1\ndomain x\nsearch y\n"),
              "# mine\n" + ours + "options timeout:1\n");
    EXPECT_EQ(change({{"192.0.2.53"}, {}}, "search y\nnameserver\t1\nnameservers 2\n"),
              "search y\nnameserver 192.0.2.53\nnameservers 2\n");
    EXPECT_EQ(change({{}, {"example.org"}}, "nameserver 192.0.2.9"),
              "nameserver 192.0.2.9\nsearch example.org\n");
}

TEST(Resolver, GoesWhereTheOwnerOfResolvConfReadsIt) {
    const Resolver resolver{{"192.0.2.53", "192.0.2.54"}, {"example.org"}};
    const FileEdit resolved = plan_resolver(resolver, ResolvConfOwner::Resolved);
    EXPECT_EQ(resolved.dir + "/" + resolved.name, "/etc/systemd/resolved.conf.d/50-vps.conf");
    EXPECT_NE(resolved.change("old").find("[Resolve]\nDNS=192.0.2.53 192.0.2.54\n"
                                          "Domains=example.org\n"),
              std::string::npos);
    const FileEdit base = plan_resolver(resolver, ResolvConfOwner::Resolvconf);
    EXPECT_EQ(base.dir + "/" + base.name, "/etc/resolvconf/resolv.conf.d/base");
    EXPECT_EQ(base.change("options rotate\n"),
              "options rotate\nsearch example.org\nnameserver "
              "192.0.2.53\nnameserver 192.0.2.54\n");
    EXPECT_EQ(plan_resolver(resolver, ResolvConfOwner::Nobody).link, FileEdit::Link::Replace);
}

}  // namespace
