// libFuzzer target: any bytes as /etc/hosts, /etc/resolv.conf and /etc/sysconfig/network of a VPS,
// and as a resolv.conf of the host. What is changed holds, changing it again changes nothing, and
// all the other lines stay.

#include <algorithm>

#include "config/config_list.hh"
#include "config/config_value.hh"
#include "files/edits.hh"
#include "files/resolver.hh"
#include "require.hh"

using namespace vps;

static std::size_t count_lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) +
           (!text.empty() && !text.ends_with('\n'));
}

static std::string check_edit(const FileEdit& edit, const std::string& old, std::size_t more) {
    const std::string text = edit.change(old);
    require(edit.change(text) == text, "changed twice", text);
    require(count_lines(text) <= count_lines(old) + more, "more lines", text);
    return text;
}

static void check_hosts(const FileEdit& edit, const std::string& old) {
    const std::string text = check_edit(edit, old, 2);
    require(text.find("web.example") != text.npos, "no name", text);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string old(text_of(data, size));

    for (const std::optional<std::string>& address :
         {std::optional<std::string>(), std::optional<std::string>("192.0.2.7")})
        for (const FileEdit& edit : plan_host_name("web.example", address)) {
            if (edit.name == "hosts")
                check_hosts(edit, old);
            else
                check_edit(edit, old, 1);
        }

    const Resolver ours{{"192.0.2.53", "2001:db8::53"}, {"example"}};
    const std::string text = check_edit(plan_resolver(ours, ResolvConfOwner::Nobody), old, 3);
    require(read_resolv_conf(text) == ours, "another resolver", text);

    const Resolver host = read_resolv_conf(old);
    for (const std::string& server : host.servers)
        require(is_ip_address(server), "bad server", server);
    for (const std::string& domain : host.domains)
        require(is_one_line(domain) && domain.find(' ') == domain.npos, "bad domain", domain);
    (void)owner_of_link(old);
    return 0;
}
