// The terminal that vps-enter was called from: raw while a terminal of the VPS takes its part, and
// then set back to the modes that it had.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <csignal>

namespace vps {

// The signals by which whoever sits there, or wants us to end, is heard.
inline constexpr std::array kCallersSignals{SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};

class OuterTerminal {
  public:
    // Takes the terminal of stdin and stdout. Throws SysError.
    OuterTerminal();
    OuterTerminal(const OuterTerminal&) = delete;
    OuterTerminal& operator=(const OuterTerminal&) = delete;
    ~OuterTerminal();

    [[nodiscard]] const termios& modes() const { return modes_; }  // as it was found
    [[nodiscard]] winsize size() const;
    // From now on every byte is passed on, and no key acts on this side.
    void make_raw();

  private:
    termios modes_{};
    bool raw_ = false;
};

}  // namespace vps
