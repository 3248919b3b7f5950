// The last bytes that a VPS has printed on its console, for whoever attaches to it later. Takes as
// much memory as was printed, kMost at most.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vps {

class RecentOutput {
  public:
    static constexpr std::size_t kMost = 16U << 10;

    void add(std::string_view bytes);

    // The bytes in their order. Where older ones are gone, it begins with a whole line, so that no
    // part of a character or of a terminal's sequence comes first, unless there is no line's end.
    [[nodiscard]] std::string text() const;

  private:
    void make_room(std::size_t more);

    std::vector<char> bytes_;  // once it is full, the oldest byte is at `begin_`
    std::size_t begin_ = 0;
    bool lacks_older_ = false;
};

}  // namespace vps
