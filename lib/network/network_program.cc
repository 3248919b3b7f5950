#include "network/network_program.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include "installed.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/program.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

struct Started {
    Child program;
    Fd said;  // it prints what failed, and nothing else
};

Started run_program(std::vector<std::string> words, FdRef input = FdRef(-1)) {
    words.insert(words.begin(), installed::kVpsNetwork);
    auto [read_end, write_end] = sys::pipe();
    const int out = write_end.get(), in = input.get();
    Child program = start_program(words, SIGKILL, [out, in] {
        return dup2(out, STDOUT_FILENO) >= 0 && (in < 0 || dup2(in, STDIN_FILENO) >= 0);
    });
    return {std::move(program), std::move(read_end)};
}

// Returns what it printed.
std::string finish_program(Child& program, const Fd& said) {
    std::string text = sys::read_all(said, "what vps-network says");
    text.resize(text.find_last_not_of('\n') + 1);
    const ExitStatus status = program.wait().value_or(ExitStatus{});
    if (status.success())
        return text;
    if (status.signal == 0 && !text.empty())
        throw Error(static_cast<ExitCode>(status.code), text);
    throw Error(ExitCode::System, fmt::format("make or remove the network: '{}' ended with {}",
                                              installed::kVpsNetwork, status.to_string()));
}

std::string ask_program(std::vector<std::string> words) {
    Started started = run_program(std::move(words));
    return finish_program(started.program, started.said);
}

bool has_network(Veid veid) {
    return access(network_record_path(veid).c_str(), F_OK) == 0;
}

std::string run_for_network(Veid veid, const char* what) {
    return has_network(veid) ? ask_program({veid.to_string(), what}) : std::string();
}

// Gives the VPS that runs what these words name, in place of what it has.
template <typename Items, typename Spell>
void change(Veid veid, const char* what, pid_t init, const Items& items, Spell spell) {
    if (items.empty() && !has_network(veid))
        return;
    std::vector<std::string> words{veid.to_string(), what, std::to_string(init)};
    for (const auto& item : items)
        words.push_back(spell(item));
    (void)ask_program(std::move(words));
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

// As NETIF has it.
std::string spell(const NetifSpec& netif) {
    std::string text = "ifname=" + netif.ifname;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty())
            text += fmt::format(",{}={}", key, value);
    };
    add("host_ifname", netif.host_ifname);
    add("mac", netif.mac ? netif.mac->to_string() : "");
    add("host_mac", netif.host_mac ? netif.host_mac->to_string() : "");
    add("bridge", netif.bridge);
    add("mac_filter", netif.mac_filter ? "" : "off");
    add("ip_filter", netif.ip_filter ? "on" : "");
    return text;
}

}  // namespace

NetworkStart::NetworkStart(Veid veid, pid_t init) {
    auto [read_end, write_end] = sys::pipe();
    Started started = run_program({veid.to_string(), "up", std::to_string(init)}, read_end);
    program_ = std::move(started.program);
    said_ = std::move(started.said);
    go_ = std::move(write_end);
}

void NetworkStart::let_enter() {
    // It may have ended, which finish() tells.
    (void)!write(go_.get(), &kEnterable, sizeof kEnterable);
}

void NetworkStart::finish() {
    (void)finish_program(program_, said_);
}

void change_addresses(Veid veid, pid_t init, const std::vector<IpAddress>& addresses) {
    change(veid, "addresses", init, addresses, [](const IpAddress& address) {
        return fmt::format("{}/{}", address.to_string(), address.prefix);
    });
}

void change_interfaces(Veid veid, pid_t init, const std::vector<NetifSpec>& netifs) {
    change(veid, "interfaces", init, netifs, spell);
}

void change_net_devices(Veid veid, pid_t init, const std::vector<std::string>& names) {
    change(veid, "devices", init, names, [](const std::string& name) { return name; });
}

void find_network_of_running(Veid veid, pid_t init) {
    if (!has_network(veid) && access(installed::kVpsNetwork, X_OK) == 0)
        (void)ask_program({veid.to_string(), "found", std::to_string(init)});
}

void renew_network_on_host(Veid veid) {
    (void)run_for_network(veid, "renew");
}

void reload_network_on_host(Veid veid) {
    (void)run_for_network(veid, "reload");
}

std::vector<std::string> find_missing_network(Veid veid) {
    return lines_of(run_for_network(veid, "check"));
}

std::vector<std::string> find_dropping_chains_of_host(Veid veid) {
    if (access(installed::kVpsNetwork, X_OK) < 0)
        return {};
    return lines_of(ask_program({veid.to_string(), "chains"}));
}

void remove_network(Veid veid) {
    (void)run_for_network(veid, "down");
}

}  // namespace vps
