#include "network/network_program.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include "state/state.hh"
#include "sys/error.hh"
#include "sys/program.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr const char* kProgram = "/usr/lib/systemd-vps/vps-network";

struct Started {
    Child program;
    Fd said;  // it prints what failed, and nothing else
};

Started run_program(std::vector<std::string> words) {
    words.insert(words.begin(), kProgram);
    auto [read_end, write_end] = sys::pipe();
    const int out = write_end.get();
    Child program = start_program(words, SIGKILL, [out] { return dup2(out, STDOUT_FILENO) >= 0; });
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
                                              kProgram, status.to_string()));
}

std::string run_for_network(Veid veid, const char* what) {
    if (access(network_record_path(veid).c_str(), F_OK) < 0)
        return {};
    Started started = run_program({veid.to_string(), what});
    return finish_program(started.program, started.said);
}

}  // namespace

NetworkStart::NetworkStart(Veid veid, pid_t init) {
    Started started = run_program({veid.to_string(), "up", std::to_string(init)});
    program_ = std::move(started.program);
    said_ = std::move(started.said);
}

void NetworkStart::finish() {
    (void)finish_program(program_, said_);
}

void change_addresses(Veid veid, pid_t init, const std::vector<IpAddress>& addresses) {
    if (addresses.empty() && access(network_record_path(veid).c_str(), F_OK) < 0)
        return;
    std::vector<std::string> words{veid.to_string(), "addresses", std::to_string(init)};
    for (const IpAddress& address : addresses)
        words.push_back(fmt::format("{}/{}", address.to_string(), address.prefix));
    Started started = run_program(std::move(words));
    (void)finish_program(started.program, started.said);
}

void renew_network_on_host(Veid veid) {
    (void)run_for_network(veid, "renew");
}

std::vector<std::string> find_missing_network(Veid veid) {
    std::istringstream lines(run_for_network(veid, "check"));
    std::vector<std::string> missing;
    for (std::string line; std::getline(lines, line);)
        missing.push_back(line);
    return missing;
}

void remove_network(Veid veid) {
    (void)run_for_network(veid, "down");
}

}  // namespace vps
