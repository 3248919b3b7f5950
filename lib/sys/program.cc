#include "sys/program.hh"

#include <sys/prctl.h>
#include <unistd.h>

namespace vps {

// `prepare` is the caller's: a child whose step throws ends here, and not in the caller's code.
[[noreturn]] static void become_program(char* const* argv, pid_t parent, int at_our_end,
                                        const std::function<bool()>& prepare) noexcept {
    reset_signals();
    const bool is_ours =
        at_our_end == 0 || (prctl(PR_SET_PDEATHSIG, at_our_end) == 0 && getppid() == parent);
    if (is_ours && prepare())
        execv(argv[0], argv);
    _exit(127);
}

Child start_program(const std::vector<std::string>& words, int at_our_end,
                    const std::function<bool()>& prepare) {
    const std::vector<char*> argv = pointers_to(words);
    const pid_t us = getpid();
    Child child = clone_process();
    if (child.pid() == 0)
        become_program(argv.data(), us, at_our_end, prepare);
    return child;
}

}  // namespace vps
