#include "enter/flow.hh"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::size_t kBuffer = 64U << 10;
constexpr std::size_t kTerminalBuffers = 128U << 10;  // more than the kernel buffers for a terminal

}  // namespace

Flow::Flow(int from, int to, Fd inside)
    : from_(from), to_(to), inside_(std::move(inside)), buffer_(kBuffer) {
    if (fcntl(inside_.get(), F_SETFL, O_NONBLOCK) < 0)
        throw SysError(errno, "make non-blocking");
}

Flow Flow::inwards(int outside, Fd inside) {
    const int to = inside.get();
    return {outside, to, std::move(inside)};
}

Flow Flow::outwards(Fd inside, int outside) {
    const int from = inside.get();
    return {from, outside, std::move(inside)};
}

Flow Flow::none() {
    Flow flow;
    flow.end_ = End::OfSource;
    return flow;
}

std::array<pollfd, 2> Flow::events() const {
    if (ended())
        return {pollfd{-1, 0, 0}, pollfd{-1, 0, 0}};
    // While the buffer is full its source is not polled: poll would report again and again that it
    // has ended.
    return {pollfd{size_ == 0 ? from_ : -1, POLLIN, 0},
            pollfd{to_, static_cast<short>(size_ == 0 ? 0 : POLLOUT), 0}};
}

void Flow::serve(const pollfd& from, const pollfd& to) {
    if (ended())
        return;
    if ((to.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        end(End::OfDestination);
    else if ((to.revents & POLLOUT) != 0)
        drain();
    else if (from.revents != 0 || (last_ && size_ == 0))
        fill();
}

void Flow::expect_no_more() {
    int waiting = 0;
    (void)ioctl(from_, FIONREAD, &waiting);
    last_ = true;
    limit_ = static_cast<std::size_t>(std::max(waiting, 0)) + kTerminalBuffers;
}

void Flow::fill() {
    const std::size_t wanted = last_ ? std::min(limit_, buffer_.size()) : buffer_.size();
    const ssize_t got = read(from_, buffer_.data(), wanted);
    if (got > 0) {
        begin_ = 0;
        size_ = static_cast<std::size_t>(got);
        limit_ -= last_ ? size_ : 0;
    } else if (got == 0 || last_ || (errno != EAGAIN && errno != EINTR)) {
        end(End::OfSource);
    }
}

void Flow::drain() {
    // A pipe that poll calls writable takes PIPE_BUF bytes at once.
    const std::size_t wanted = std::min<std::size_t>(size_, PIPE_BUF);
    const ssize_t put = write(to_, buffer_.data() + begin_, wanted);
    if (put >= 0) {
        begin_ += static_cast<std::size_t>(put);
        size_ -= static_cast<std::size_t>(put);
    } else if (errno != EAGAIN && errno != EINTR) {
        loss_ = errno == EPIPE ? 0 : errno;
        end(End::OfDestination);
    }
}

void Flow::end(End end) {
    end_ = end;
    inside_.reset();
    size_ = 0;
}

}  // namespace vps
