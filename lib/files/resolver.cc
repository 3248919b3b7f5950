#include "files/resolver.hh"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "config/config_list.hh"
#include "config/config_text.hh"
#include "sys/error.hh"

namespace vps {

namespace {

// Takes the first word off a line and returns it.
std::string_view take_word(std::string_view& line) {
    constexpr std::string_view kBlanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    const auto word = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(word.size());
    return word;
}

// Files of the host; the first one that has a server or domain counts.
constexpr std::array kHostFiles{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf",
                                "/run/NetworkManager/no-stub-resolv.conf"};

bool is_of_use_elsewhere(std::string_view server) {
    return is_ip_address(server) && !server.starts_with("127.") && !server.starts_with("fe80:") &&
           server != "0.0.0.0" && server != "::" && server != "::1";
}

Resolver read_host_resolver(const std::string& host) {
    Resolver resolver;
    for (const char* file : kHostFiles) {
        Resolver here;
        try {
            here = read_resolv_conf(read_config_text(AT_FDCWD, (host + file).c_str(), file));
        } catch (const Error&) {
            continue;  // most hosts have only one of these files
        }
        if (resolver.servers.empty())
            resolver.servers = std::move(here.servers);
        if (resolver.domains.empty())
            resolver.domains = std::move(here.domains);
    }
    return resolver;
}

bool inherits(const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), "inherit") != list.end();
}

std::vector<std::string> replace_inherit(const std::vector<std::string>& list,
                                         const std::vector<std::string>& inherited) {
    std::vector<std::string> words;
    for (const std::string& word : list) {
        if (word == "inherit")
            words.insert(words.end(), inherited.begin(), inherited.end());
        else
            words.push_back(word);
    }
    return words;
}

}  // namespace

Resolver read_resolv_conf(std::string_view text) {
    Resolver resolver;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto keyword = take_word(line);
        if (keyword == "nameserver") {
            if (const auto server = take_word(line); is_of_use_elsewhere(server))
                resolver.servers.emplace_back(server);
        } else if (keyword == "search" || keyword == "domain") {
            std::vector<std::string> domains;
            Reading reading;  // bad domains are left out
            (void)read_search_domains(domains, line, reading);
            std::erase(domains, ".");
            resolver.domains = std::move(domains);
        }
    }
    return resolver;
}

Resolver find_resolver(const VpsConfig& config, std::vector<ConfigProblem>& problems,
                       const std::string& host) {
    const bool servers = inherits(config.nameservers), domains = inherits(config.searchdomains);
    const Resolver inherited = servers || domains ? read_host_resolver(host) : Resolver();
    if (servers && inherited.servers.empty())
        problems.push_back({"NAMESERVER", "'inherit': the host has no nameserver of use in a VPS"});
    if (domains && inherited.domains.empty())
        problems.push_back({"SEARCHDOMAIN", "'inherit': the host searches no domain"});
    return {replace_inherit(config.nameservers, inherited.servers),
            replace_inherit(config.searchdomains, inherited.domains)};
}

ResolvConfOwner owner_of_link(std::string_view target) {
    const auto has = [&](std::string_view part) { return target.find(part) != target.npos; };
    if (has("run/systemd/resolve/") || has("lib/systemd/resolv.conf"))
        return ResolvConfOwner::Resolved;
    if (has("resolvconf/"))
        return ResolvConfOwner::Resolvconf;
    return ResolvConfOwner::Nobody;
}

}  // namespace vps
