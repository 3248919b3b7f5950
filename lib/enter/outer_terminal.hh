// The terminal that vps-enter was called from: made raw while a terminal of the VPS takes its part,
// and given back as it was.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

namespace vps {

class OuterTerminal {
  public:
    // Of stdin and stdout. Throws SysError.
    OuterTerminal();
    OuterTerminal(const OuterTerminal&) = delete;
    OuterTerminal& operator=(const OuterTerminal&) = delete;
    ~OuterTerminal();

    [[nodiscard]] const termios& modes() const { return modes_; }  // as it was found
    [[nodiscard]] winsize size() const;
    // Every byte is passed on, none acts here.
    void make_raw();

  private:
    termios modes_{};
    bool raw_ = false;
};

}  // namespace vps
