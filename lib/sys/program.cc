#include "sys/program.hh"

#include <sys/prctl.h>
#include <unistd.h>

namespace vps {

Child start_program(const std::vector<std::string>& words, int at_our_end,
                    const std::function<bool()>& prepare) {
    const std::vector<char*> argv = pointers_to(words);
    const pid_t us = getpid();
    Child child = clone_process();
    if (child.pid() == 0) {
        reset_signals();
        const bool is_ours =
            at_our_end == 0 || (prctl(PR_SET_PDEATHSIG, at_our_end) == 0 && getppid() == us);
        if (is_ours && prepare())
            execv(argv.front(), argv.data());
        _exit(127);
    }
    return child;
}

}  // namespace vps
