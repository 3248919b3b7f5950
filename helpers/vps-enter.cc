// vps-enter [--user USER] VEID [COMMAND…]: runs a command or a login shell in the VPS context of a
// running VPS. Called from a terminal, it gives the command a terminal of the VPS; else pipes.

#include "command/program.hh"
#include "enter/visit.hh"

namespace vps {

static ExitCode enter_vps(const Invocation& invocation) {
    const RunningInit init = require_init(invocation.veid);
    const ContextCommand command =
        plan_visit(init, {invocation.veid, invocation.user, invocation.command});
    return static_cast<ExitCode>(visit(init, command, streams_of_caller(), invocation.log));
}

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(argc, argv,
                            {.name = "vps-enter",
                             .summary = "Runs a command, or a login shell, in a running VPS.",
                             .has_user = true,
                             .command_usage = "[--] [COMMAND [ARGUMENT ...]]",
                             .consequence = "the VPS is not entered"},
                            vps::enter_vps);
}
