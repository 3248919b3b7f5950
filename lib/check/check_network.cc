#include "check/check_network.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "network/forwarding.hh"
#include "network/network_program.hh"
#include "network/network_record.hh"
#include "sys/error.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

// Tells of missing settings with the first VPS that wants them: the others miss the same.
void check_forwarding(const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    std::vector<std::string> missing = find_missing_forwarding(network.addresses);
    if (missing.empty() || missing == checked.forwarding)
        return;
    file.findings.push_back(
        file.about(Grade::Warning, "IP_ADDRESS", explain_missing_forwarding(missing)));
    checked.forwarding = std::move(missing);
}

// The same of the firewall, which only root can look into.
void check_firewall(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    if (geteuid() != 0 || network.addresses.empty() || std::exchange(checked.judged_firewall, true))
        return;
    try {
        const std::vector<std::string> chains =
            select_dropping_chains(find_dropping_chains_of_host(veid), network.addresses);
        if (!chains.empty())
            file.findings.push_back(
                file.about(Grade::Note, "IP_ADDRESS", explain_dropping_chains(chains)));
    } catch (const Error& error) {
        file.findings.push_back({Grade::Warning, 0, 0, {}, error.what()});
    }
}

// Compares the network of a VPS that runs with its record. Only root can look.
void check_running_network(Veid veid, CheckedFile& file) {
    if (geteuid() != 0)
        return;
    try {
        for (const std::string& missing : find_missing_network(veid))
            file.findings.push_back(
                {Grade::Warning,
                 0,
                 0,
                 {},
                 fmt::format(
                     "runs, but not all of its network is on this host: {}; systemctl reload "
                     "vps@{} makes it again",
                     missing, veid.to_string())});
    } catch (const Error& error) {
        file.findings.push_back({Grade::Warning, 0, 0, {}, error.what()});
    }
}

// Without it, what is missing stays so. A masked unit keeps nobody from starting a VPS.
void check_guard(Veid veid, Checked& checked, CheckedFile& file) {
    constexpr const char* kGuardGroup = "/sys/fs/cgroup/system.slice/vps-network-guard.service";
    const std::string whole = fmt::format("{}/{}", kWholeDir, veid.to_string());
    if (geteuid() != 0 || access(whole.c_str(), F_OK) < 0 || !processes_in(kGuardGroup).empty() ||
        std::exchange(checked.told_of_guard, true))
        return;
    file.findings.push_back(
        {Grade::Warning,
         0,
         0,
         {},
         "runs, but vps-network-guard does not: what this host loses of networks of VPSes "
         "(filters, "
         "routes, answers) stays away; systemctl status vps-network-guard says why"});
}

}  // namespace

void check_network(Veid veid, const NetworkSpec& network, Checked& checked, CheckedFile& file) {
    check_forwarding(network, checked, file);
    check_firewall(veid, network, checked, file);
    check_running_network(veid, file);
    check_guard(veid, checked, file);
}

}  // namespace vps
