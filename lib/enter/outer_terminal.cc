#include "enter/outer_terminal.hh"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sys/error.hh"

namespace vps {

OuterTerminal::OuterTerminal() {
    if (tcgetattr(STDIN_FILENO, &modes_) < 0)
        throw SysError(errno, "read the modes of the terminal");
}

OuterTerminal::~OuterTerminal() {
    if (!raw_)
        return;
    // A background process that sets a terminal is stopped by SIGTTOU, and the terminal would stay
    // raw.
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    (void)sigprocmask(SIG_BLOCK, &stop, nullptr);
    // TCSADRAIN would wait for a terminal that is stuck. The terminal may have gone, so
    // errors are ignored.
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &modes_);
}

winsize OuterTerminal::size() const {
    winsize size{};
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);  // a terminal without a size has 0 by 0
    return size;
}

void OuterTerminal::make_raw() {
    termios raw = modes_;
    cfmakeraw(&raw);
    raw_ = true;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
        throw SysError(errno, "set the modes of the terminal");
}

}  // namespace vps
