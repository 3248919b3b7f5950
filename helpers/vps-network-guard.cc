// vps-network-guard: makes again what the networks of VPSes that run have on the host, as soon as
// something else has taken it away. The main process of vps-network-guard.service, which the units
// of VPSes with a network uphold.

#include <unistd.h>

#include "command/main.hh"
#include "network/guard.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr unsigned kPause = 5;  // seconds

const Grammar kGrammar{
    "vps-network-guard",
    "",
    "Makes again what networks of running VPSes lose on the host. Called by "
    "vps-network-guard.service.",
    {},
};

ExitCode guard(const CommandLine& line) {
    if (!line.operands.empty())
        usage_error("no arguments are wanted");
    if (geteuid() != 0)
        throw Error(ExitCode::System, "only root can do this");
    try {
        guard_networks();
    } catch (const Error&) {
        // Killed, it is started again at once; but what fails now does so at once again.
        (void)sleep(kPause);
        throw;
    }
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_main(argc, argv, vps::kGrammar, vps::guard);
}
