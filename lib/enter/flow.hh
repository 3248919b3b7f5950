// Bytes on their way from one descriptor to another, one of which leads into a VPS. Neither side
// can block the flow, nor lose bytes that the other side has written. For a loop around poll(2).
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <vector>

#include "sys/fd.hh"

namespace vps {

class Flow {
  public:
    // `inside` is made non-blocking, and closed when the flow ends: at the end of the source, or
    // when nobody reads the destination any more.
    static Flow inwards(int outside, Fd inside);
    static Flow outwards(Fd inside, int outside);
    static Flow none();  // a flow that has ended

    enum class End { None, OfSource, OfDestination };

    [[nodiscard]] bool ended() const { return end_ != End::None; }
    [[nodiscard]] End which_end() const { return end_; }
    // The errno with which the destination refused bytes, so that they are lost; 0 for none. One
    // that nobody reads any more is no error.
    [[nodiscard]] int loss() const { return loss_; }

    // The events to poll for, of the source and of the destination.
    [[nodiscard]] std::array<pollfd, 2> events() const;
    // Reads and writes as far as the poll has found possible.
    void serve(const pollfd& from, const pollfd& to);

    // Says that the writer has ended: bytes that are there now are passed on, and no more are
    // waited for.
    void expect_no_more();
    // True when serve() has something to do without a poll.
    [[nodiscard]] bool is_hasty() const { return last_ && size_ == 0 && !ended(); }

  private:
    Flow() = default;
    Flow(int from, int to, Fd inside);
    void fill();
    void drain();
    void end(End end);

    int from_ = -1, to_ = -1;
    Fd inside_;
    End end_ = End::None;
    int loss_ = 0;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, size_ = 0;  // of the bytes in the buffer
    bool last_ = false;
    std::size_t limit_ = 0;  // with last_: bytes that may still be read
};

}  // namespace vps
