// vzrestore ARCHIVE VEID: makes a VPS of an archive of OpenVZ's vzdump, in the words of the program
// of this name that came with vzdump.

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>

#include "command/main.hh"
#include "config/veid.hh"
#include "manage/import_dump.hh"
#include "sys/error.hh"

namespace vps {

namespace {

ExitCode restore(const CommandLine& line) {
    if (line.operands.size() != 2)
        usage_error("an archive and a VEID are wanted");
    const std::optional<Veid> veid = Veid::parse(line.operands[1]);
    if (!veid)
        usage_error(
            fmt::format("'{}' is no VEID, a number from 1 to {}", line.operands[1], Veid::kMax));
    if (line.has("force"))
        throw Error(ExitCode::Usage,
                    fmt::format("--force is refused: no VPS is overwritten; 'vzctl destroy {}' "
                                "removes one that is there",
                                veid->to_string()));
    if (geteuid() != 0)
        throw Error(ExitCode::System, "only root can do this");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would take exit codes of children
    import_dump(line.operands[0], *veid, Talk());
    return ExitCode::Ok;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_main(argc, argv,
                         {.program = "vzrestore",
                          .operands = "ARCHIVE VEID",
                          .summary = "Makes a VPS of an archive of OpenVZ's vzdump.",
                          .options = {{"force", 0, {}, "refused: no VPS is overwritten"}}},
                         vps::restore);
}
