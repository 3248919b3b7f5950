// vzctl [--quiet|--verbose] VERB VEID|NAME …: OpenVZ's command, by systemd. lib/manage/ has the
// verbs.

#include "manage/vzctl.hh"

#include <csignal>

#include "manage/call.hh"

int main(int argc, char** argv) {
    using namespace vps;
    try {
        sys::open_standard_streams();
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would take exit codes of children
        return static_cast<int>(run_vzctl({argv + (argc > 0 ? 1 : 0), argv + argc}));
    } catch (const std::exception& error) {
        sys::print_line(sys::kErrors, std::string("vzctl: ") + printable(error.what()));
        return static_cast<int>(ExitCode::System);
    }
}
