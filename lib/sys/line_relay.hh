// Carries what a VPS prints (its console, its N.start and N.stop) to the host, line by line. The
// text is the customer's: control characters and terminal sequences are taken out, what is not
// UTF-8 becomes '?', lines have a bounded length, and a flood is cut, so that it can neither act on
// an admin's terminal nor drown other lines.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "sys/fd.hh"

namespace vps {

// A relay passes on `lines` of `bytes` together at once, and gets a tenth of both back in each
// tenth of `interval`, so that what comes after a flood is not lost with it. The lines over that
// are counted, and told in one line once something is back.
struct RateLimit {
    unsigned lines;
    std::chrono::seconds interval;
    std::size_t bytes;
};

// A boot prints some 1000 lines of 80 bytes at most. The journal gets 1.5 MiB a minute at most.
inline constexpr RateLimit kConsoleRate{1000, std::chrono::seconds(10), 256 << 10};

class LineRelay {
  public:
    using Sink = std::function<void(std::string_view line)>;

    static constexpr std::size_t kMaxLine = 4096;  // bytes; a longer line is broken there

    // Makes `source` non-blocking.
    LineRelay(Fd source, Sink sink, RateLimit limit);

    [[nodiscard]] const Fd& source() const { return source_; }

    // `tap` is called with the bytes that pump() reads, as they are.
    void set_tap(Sink tap) { tap_ = std::move(tap); }

    enum class Progress { Drained, MoreToRead, Ended };

    // Passes on what can be read now, 64 KiB at most. Ended: the source is at its end, and an
    // unfinished last line has been passed on. A terminal that nobody has open (EIO) is Drained:
    // somebody may open it again.
    Progress pump();

    // The same for text that is at hand, as pump() does it.
    void feed(std::string_view text);
    void finish();

    // Finishes, and gives the source to somebody else.
    Fd give_up() {
        finish();
        return std::move(source_);
    }

  private:
    void feed_byte(unsigned char byte);
    void end_line();
    void pass_on(std::string_view line);
    void renew_budget();
    void tell_dropped();

    enum class Escape { None, Started, Csi, Osc };

    Fd source_;
    Sink sink_, tap_;
    RateLimit limit_;
    std::string line_;
    Escape escape_ = Escape::None;
    std::chrono::steady_clock::time_point renewed_{};
    unsigned lines_used_ = 0;
    std::size_t bytes_used_ = 0;
    std::size_t dropped_ = 0;
};

}  // namespace vps
