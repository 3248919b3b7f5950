// vps-network-guard: makes again what the networks of VPSes that run have on the host, as soon as
// something else has taken it away. The main process of vps-network-guard.service, which the units
// of VPSes with a network uphold.

#include <unistd.h>

#include "command/main.hh"
#include "network/guard.hh"
#include "sys/error.hh"

namespace vps {

namespace {

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
    guard_networks();
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_main(argc, argv, vps::kGrammar, vps::guard);
}
