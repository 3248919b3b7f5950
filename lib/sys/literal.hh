// A string literal of this program's source: the name of a setting, never a value.
#pragma once

#include <cstddef>
#include <string_view>

namespace vps {

class Literal {
  public:
    template <std::size_t N>
    consteval Literal(const char (&text)[N])
        : text_(text, N - 1) {}  // NOLINT: implicit, as text is
    [[nodiscard]] constexpr std::string_view text() const { return text_; }

  private:
    std::string_view text_;
};

}  // namespace vps
