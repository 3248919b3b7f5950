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

    // Say it five times a second at most. Bytes, of all that there are; and files, of nobody knows
    // how many.
    void tell_bytes(std::uint64_t done, std::uint64_t all);
    void tell_files(std::uint64_t done);
    // Whether anybody is told.
    [[nodiscard]] bool is_shown() const { return is_terminal_; }

    static constexpr std::chrono::milliseconds kPause{200};

  private:
    bool is_due();

    std::string doing_;
    bool is_terminal_;
    bool is_written_ = false;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace vps::sys
