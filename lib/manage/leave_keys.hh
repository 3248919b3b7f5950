// The keys of one who is attached to a console. At the start of a line, Esc and a full stop leave
// it, Esc and an exclamation mark end what runs on it; all other keys are for the VPS.
#pragma once

#include <string>
#include <string_view>

namespace vps {

enum class ConsoleOrder { None, Leave, Kill };

class LeaveKeys {
  public:
    // What of `keys` goes to the VPS, up to an order, which order() tells; the keys that were taken
    // are taken from `keys`. An Esc at the start of a line is held back until the next key tells
    // what it is.
    std::string pass_on(std::string_view& keys);

    // The order with which the last pass_on() has ended.
    [[nodiscard]] ConsoleOrder order() const { return order_; }

  private:
    enum class At { LineStart, AfterEsc, InLine };

    At at_ = At::LineStart;
    ConsoleOrder order_ = ConsoleOrder::None;
};

}  // namespace vps
