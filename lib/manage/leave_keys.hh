// The keys of one who is attached to a console: Esc and a full stop, at the start of a line, leave
// it; all others are for the VPS.
#pragma once

#include <string>
#include <string_view>

namespace vps {

class LeaveKeys {
  public:
    // What of `keys` goes to the VPS. An Esc at the start of a line is held back until the next key
    // tells what it is. Whatever follows the keys that leave is nobody's.
    std::string pass_on(std::string_view keys);

    // True once the keys that leave have come.
    [[nodiscard]] bool left() const { return left_; }

  private:
    enum class At { LineStart, AfterEsc, InLine };

    At at_ = At::LineStart;
    bool left_ = false;
};

}  // namespace vps
