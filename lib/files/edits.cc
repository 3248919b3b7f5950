#include "files/edits.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/config_list.hh"
#include "network/network_spec.hh"

namespace vps {

namespace {

using Text = std::optional<std::string>;

// vzctl's mark: the line after it is vzctl's or the project's, not the user's.
constexpr std::string_view kMark = "# Auto-generated hostname. Please do not remove this comment.";
constexpr std::string_view kNewHosts =
    "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        lines.push_back(line);
    }
    return lines;
}

// The address and names of a line of /etc/hosts.
std::vector<std::string_view> split_host_line(std::string_view line) {
    return words_of(line.substr(0, line.find('#')), " \t\r");
}

bool names(std::string_view line, std::string_view host) {
    const auto words = split_host_line(line);
    return words.size() > 1 && std::find(words.begin() + 1, words.end(), host) != words.end();
}

std::string change_hosts(const Text& old, const std::string& name, const Text& address) {
    const std::string text = old.value_or(std::string(kNewHosts));
    std::vector<std::string_view> lines = split_lines(text);
    const auto mark = std::find(lines.begin(), lines.end(), kMark);
    const auto marked = mark == lines.end() ? mark : mark + 1;
    const auto words =
        marked == lines.end() ? std::vector<std::string_view>() : split_host_line(*marked);
    const bool is_ours = !words.empty() && is_ip_address(words[0]);
    // Names that the user has added to the line stay, too.
    if (is_ours && names(*marked, name) && address.value_or(std::string(words[0])) == words[0])
        return text;
    if (mark == lines.end() && std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
            return names(line, name);
        }))
        return text;

    const std::string short_name = name.substr(0, name.find('.'));
    const std::string ours =
        fmt::format("{} {}{}", address.value_or(is_ours ? std::string(words[0]) : "127.0.1.1"),
                    name, short_name == name ? "" : " " + short_name);
    if (mark == lines.end())
        lines.insert(lines.end(), {kMark, ours});
    else if (is_ours)
        *marked = ours;
    else
        lines.insert(marked, ours);
    return fmt::format("{}\n", fmt::join(lines, "\n"));
}

// The file with another value of its assignment `variable`; unchanged where it has none.
std::string change_assignment(const Text& old, std::string_view variable,
                              const std::string& value) {
    std::string text;
    for (const std::string_view line : split_lines(*old))
        text += line.starts_with(fmt::format("{}=", variable))
                    ? fmt::format("{}=\"{}\"\n", variable, value)
                    : fmt::format("{}\n", line);
    return text;
}

std::string change_resolv_conf(const Text& old, const Resolver& resolver) {
    std::string ours;
    if (!resolver.domains.empty())
        ours += fmt::format("search {}\n", fmt::join(resolver.domains, " "));
    for (const std::string& server : resolver.servers)
        ours += fmt::format("nameserver {}\n", server);

    std::string text;
    const std::string_view before = old ? *old : std::string_view();
    for (const std::string_view line : split_lines(before)) {
        const auto keyword = line.substr(0, line.find_first_of(" \t"));
        const bool replaced =
            keyword == "nameserver"
                ? !resolver.servers.empty()
                : (keyword == "search" || keyword == "domain") && !resolver.domains.empty();
        text += replaced ? std::exchange(ours, {}) : fmt::format("{}\n", line);
    }
    return text + ours;
}

std::string resolved_conf(const Resolver& resolver) {
    std::string text =
        "# From NAMESERVER and SEARCHDOMAIN of this VPS's configuration, at each start.\n"
        "[Resolve]\n";
    if (!resolver.servers.empty())
        text += fmt::format("DNS={}\n", fmt::join(resolver.servers, " "));
    if (!resolver.domains.empty())
        text += fmt::format("Domains={}\n", fmt::join(resolver.domains, " "));
    return text;
}

}  // namespace

std::vector<FileEdit> plan_host_name(const std::string& name, const Text& address) {
    const auto whole_file = [name](const Text&) { return name + "\n"; };
    return {
        {"HOSTNAME", "/etc", "hostname", whole_file},
        // SUSE, Slackware
        {"HOSTNAME", "/etc", "HOSTNAME", whole_file, FileEdit::Absent::Ignore},
        // Red Hat before systemd
        {"HOSTNAME", "/etc/sysconfig", "network",
         [name](const Text& old) { return change_assignment(old, "HOSTNAME", name); },
         FileEdit::Absent::Ignore},
        {"HOSTNAME", "/etc", "hosts",
         [name, address](const Text& old) { return change_hosts(old, name, address); }},
    };
}

std::optional<std::string> find_first_address(Veid veid, const VpsConfig& config) {
    std::vector<ConfigProblem> problems;  // vps-network tells these
    const NetworkSpec network = plan_network(veid, config, {}, problems);
    if (network.addresses.empty())
        return std::nullopt;
    return network.addresses.front().to_string();
}

FileEdit plan_resolver(const Resolver& resolver, ResolvConfOwner owner) {
    const auto lines = [resolver](const Text& old) { return change_resolv_conf(old, resolver); };
    const std::string key = resolver.servers.empty() ? "SEARCHDOMAIN" : "NAMESERVER";
    if (owner == ResolvConfOwner::Resolved)
        return {key, "/etc/systemd/resolved.conf.d", "50-vps.conf",
                [resolver](const Text&) { return resolved_conf(resolver); }};
    if (owner == ResolvConfOwner::Resolvconf)
        return {key, "/etc/resolvconf/resolv.conf.d", "base", lines};
    return {key, "/etc", "resolv.conf", lines, FileEdit::Absent::Create, FileEdit::Link::Replace};
}

}  // namespace vps
