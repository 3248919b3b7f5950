// How far long work has come, as one line of a terminal that is written over, and gone at the end.
// Where standard error is no terminal, nothing is said.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace vps::sys {

class [[nodiscard]] ProgressLine {
  public:
    explicit ProgressLine(std::string doing);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // Both in bytes. Says it five times a second at most.
    void tell(std::uint64_t done, std::uint64_t all);
    // Whether anybody is told.
    [[nodiscard]] bool is_shown() const { return is_terminal_; }

    static constexpr std::chrono::milliseconds kPause{200};

  private:
    std::string doing_;
    bool is_terminal_;
    bool is_written_ = false;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace vps::sys
