// vps-network VEID up PID: makes the network that a VPS's configuration asks for, on the host and
// in the network namespace of its first process PID; its standard input says when the VPS can be
// entered (network_program.hh). vps-network VEID down: removes from the host what is left of it.
// vps-run and vps-umount call it, who have the VPS's lock. What fails it prints on its standard
// output, for them to tell. vps-network VEID renew: makes again what is missing on the host; vzctl
// set calls it. vps-network VEID reload: likewise, calls EXTERNAL_SCRIPT, and fails where something
// stays missing; vps-reload calls it. vps-network VEID check: prints what is missing, a line each;
// vps-check calls it. vps-network VEID chains: prints the chains of the host's firewall that drop
// what it passes on. vps-network VEID addresses PID [ADDRESS …]: gives the VPS that runs these
// addresses in place of those it has. vps-network VEID interfaces PID [DEVICE …]: likewise these
// devices, as NETIF spells them. vps-network VEID devices PID [NAME …]: likewise these devices of
// the host. vps-network VEID found PID: writes the record of the network again where it is lost
// while the VPS runs.

#include <fmt/format.h>
#include <unistd.h>

#include "command/program.hh"
#include "life/settings.hh"
#include "network/forward_chain.hh"
#include "network/found_network.hh"
#include "network/live_network.hh"
#include "network/network_program.hh"
#include "network/network_spec.hh"
#include "network/upkeep.hh"
#include "network/vps_network.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/streams.hh"
#include "systemd/libsystemd.hh"

namespace vps {

namespace {

constexpr const char* kUsage =
    "up PID | down | renew | reload | check | chains | found PID | "
    "addresses PID [ADDRESS ...] | interfaces PID [DEVICE ...] | devices PID [NAME ...]";

// A text of this host alone that does not give its machine id away.
std::string host_name_for_hashes() {
    constexpr sd_id128_t kPurpose =
        SD_ID128_ARRAY(9d, 2f, 5c, 0e, 5b, 0a, 4a, 6e, 8d, 0c, 0f, 5a, 61, 5e, 7f, 33);
    sd_id128_t id{};
    if (sd_id128_get_machine_app_specific(kPurpose, &id) < 0)
        return {};  // no machine-id(5): the same on all such hosts
    char text[SD_ID128_STRING_MAX];
    return sd_id128_to_string(id, text);
}

pid_t parse_init(const std::string& pid) {
    const std::optional<pid_t> init = parse_pid(pid);
    if (!init || *init <= 1)
        throw Error(ExitCode::Usage, fmt::format("'{}' is no PID (see --help)", pid));
    return *init;
}

NetworkSpec plan(const Invocation& invocation, const VpsConfig& config) {
    std::vector<ConfigProblem> problems;
    NetworkSpec spec = plan_network(invocation.veid, config, host_name_for_hashes(), problems);
    tell_ignored(config, problems, invocation.log);
    return spec;
}

// The program has nobody to wait for when it is called by hand.
void await_entry() {
    char word = 0;
    if (isatty(STDIN_FILENO) || (read(STDIN_FILENO, &word, 1) == 1 && word == kEnterable))
        return;
    throw Error(ExitCode::System, "the start was given up before the VPS could be entered");
}

void bring_up(const Invocation& invocation, const std::string& pid) {
    const pid_t init = parse_init(pid);
    const VpsConfig config = load_usable_config(invocation.veid);
    const NetworkSpec spec = plan(invocation, config);
    if (!spec.empty())
        make_network(spec, init, await_entry, script_settings(invocation.veid, config),
                     invocation.log);
}

void reload(const Invocation& invocation) {
    const VpsConfig config = load_usable_config(invocation.veid);
    reload_network(plan(invocation, config), script_settings(invocation.veid, config),
                   invocation.log);
}

void find_again(const Invocation& invocation, const std::string& pid) {
    find_network_again(plan(invocation, load_usable_config(invocation.veid)), parse_init(pid),
                       invocation.veid, invocation.log);
}

void give_addresses(const Invocation& invocation, const std::vector<std::string>& words) {
    VpsConfig config = load_usable_config(invocation.veid);
    find_network_again(plan(invocation, config), parse_init(words[1]), invocation.veid,
                       invocation.log);
    config.addresses.clear();
    for (auto word = words.begin() + 2; word != words.end(); ++word)
        config.addresses.push_back(IpAddress::parse(*word));
    change_network_addresses(plan(invocation, config), parse_init(words[1]), invocation.veid,
                             invocation.log);
}

NetifSpec parse_device(const std::string& word) {
    std::string why;
    const std::optional<NetifSpec> netif = parse_netif(word, why);
    if (!netif)
        throw Error(ExitCode::Usage, fmt::format("'{}': {} (see --help)", word, why));
    return *netif;
}

void give_interfaces(const Invocation& invocation, const std::vector<std::string>& words) {
    VpsConfig config = load_usable_config(invocation.veid);
    const NetworkSpec before = plan(invocation, config);
    find_network_again(before, parse_init(words[1]), invocation.veid, invocation.log);
    config.netifs.clear();
    for (auto word = words.begin() + 2; word != words.end(); ++word)
        config.netifs.push_back(parse_device(*word));
    change_network_interfaces(plan(invocation, config), before, parse_init(words[1]),
                              script_settings(invocation.veid, config), invocation.log);
}

void give_devices(const Invocation& invocation, const std::vector<std::string>& words) {
    VpsConfig config = load_usable_config(invocation.veid);
    find_network_again(plan(invocation, config), parse_init(words[1]), invocation.veid,
                       invocation.log);
    config.netdevs.assign(words.begin() + 2, words.end());
    change_network_devices(plan(invocation, config).devices, parse_init(words[1]), invocation.veid,
                           invocation.log);
}

void print_missing(Veid veid) {
    HostWays ways;
    for (const std::string& missing : shorten(keep_up_vps(veid, Upkeep::Look, ways).missing))
        fmt::print("{}\n", missing);
}

void print_dropping_chains() {
    for (const std::string& chain : find_dropping_chains())
        fmt::print("{}\n", chain);
}

ExitCode run_network(const Invocation& invocation) {
    try {
        const std::vector<std::string>& words = invocation.command;
        if (words.size() == 2 && words[0] == "up")
            bring_up(invocation, words[1]);
        else if (words.size() == 2 && words[0] == "found")
            find_again(invocation, words[1]);
        else if (words.size() >= 2 && words[0] == "addresses")
            give_addresses(invocation, words);
        else if (words.size() >= 2 && words[0] == "interfaces")
            give_interfaces(invocation, words);
        else if (words.size() >= 2 && words[0] == "devices")
            give_devices(invocation, words);
        else if (words.size() == 1 && words[0] == "down")
            undo_network(invocation.veid, invocation.log);
        else if (words.size() == 1 && words[0] == "renew")
            renew_network(invocation.veid, invocation.log);
        else if (words.size() == 1 && words[0] == "reload")
            reload(invocation);
        else if (words.size() == 1 && words[0] == "check")
            print_missing(invocation.veid);
        else if (words.size() == 1 && words[0] == "chains")
            print_dropping_chains();
        else
            throw Error(ExitCode::Usage, fmt::format("after VEID, {} is wanted", kUsage));
    } catch (const Error& error) {
        sys::print_line(sys::kOutput, error.what());
        return error.code();
    }
    return ExitCode::Ok;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(argc, argv,
                            {.name = "vps-network",
                             .summary = "Makes or removes the network of a VPS. Called by vps-run "
                                        "and vps-umount.",
                             .command_usage = vps::kUsage},
                            vps::run_network);
}
