// VEID: the number of a VPS, 1 to 2147483644 (vzctl's range; 0 is the host and starts nothing).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vps {

class Veid {
  public:
    static constexpr std::uint32_t kMax = 2147483644;

    // The VEID that `text` spells in plain decimal, without sign, blanks or leading zeros; nothing
    // for any other text. "007" and "7" would otherwise be two units for one VPS.
    static std::optional<Veid> parse(std::string_view text);

    [[nodiscard]] std::uint32_t value() const { return value_; }
    [[nodiscard]] std::string to_string() const { return std::to_string(value_); }
    auto operator<=>(const Veid&) const = default;

  private:
    explicit constexpr Veid(std::uint32_t value) : value_(value) {}
    std::uint32_t value_;
};

}  // namespace vps
