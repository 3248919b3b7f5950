#include "sys/line_relay.hh"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "sys/error.hh"
#include "sys/utf8.hh"

namespace vps {

LineRelay::LineRelay(Fd source, Sink sink, RateLimit limit)
    : source_(std::move(source)), sink_(std::move(sink)), limit_(limit) {
    if (source_ && fcntl(source_.get(), F_SETFL, O_NONBLOCK) < 0)
        throw SysError(errno, "make non-blocking");
}

LineRelay::Progress LineRelay::pump() {
    std::array<char, 4096> buffer;
    for (int reads = 0; reads < 16; ++reads) {
        const ssize_t got = read(source_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EIO))
            return Progress::Drained;
        if (got <= 0) {
            finish();
            return Progress::Ended;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
        if (tap_)
            tap_(bytes);
        feed(bytes);
    }
    return Progress::MoreToRead;
}

void LineRelay::feed(std::string_view text) {
    for (const char byte : text)
        feed_byte(static_cast<unsigned char>(byte));
}

void LineRelay::finish() {
    end_line();
    tell_dropped();
}

void LineRelay::feed_byte(unsigned char byte) {
    switch (escape_) {
        case Escape::Started:  // ECMA-48: ESC [ … final byte, ESC ] … BEL, ESC and one more
            escape_ = byte == '[' ? Escape::Csi : byte == ']' ? Escape::Osc : Escape::None;
            if (byte != '\n')
                return;
            break;
        case Escape::Csi:
            if (byte >= 0x40 && byte <= 0x7e)
                escape_ = Escape::None;
            if (byte != '\n')
                return;
            break;
        case Escape::Osc:
            if (byte == 0x07)
                escape_ = Escape::None;
            if (byte == 0x1b)
                escape_ = Escape::Started;
            if (byte != '\n')
                return;
            break;
        case Escape::None:
            break;
    }
    if (byte == '\n' || byte == '\r') {
        escape_ = Escape::None;
        end_line();
    } else if (byte == 0x1b) {
        escape_ = Escape::Started;
    } else if (byte >= 0x20 || byte == '\t') {
        line_ += static_cast<char>(byte);
        if (line_.size() >= kMaxLine)
            end_line();
    }
}

void LineRelay::end_line() {
    if (line_.find_first_not_of(" \t") != std::string::npos)
        pass_on(printable(line_));
    line_.clear();
}

void LineRelay::tell_dropped() {
    if (dropped_ != 0)
        sink_(std::to_string(dropped_) + " lines dropped, too many at once");
    dropped_ = 0;
}

void LineRelay::renew_budget() {
    constexpr int kParts = 10;
    const auto now = std::chrono::steady_clock::now();
    const auto parts = (now - renewed_) * kParts / limit_.interval;
    if (parts < 1)
        return;
    tell_dropped();
    renewed_ = now;
    const auto back = static_cast<unsigned>(std::min<std::int64_t>(parts, kParts));
    lines_used_ -= std::min(lines_used_, back * std::max(1U, limit_.lines / kParts));
    bytes_used_ -= std::min(bytes_used_, back * (limit_.bytes / kParts));
}

void LineRelay::pass_on(std::string_view line) {
    renew_budget();
    if (lines_used_ >= limit_.lines || line.size() > limit_.bytes - bytes_used_) {
        ++dropped_;
        return;
    }
    ++lines_used_;
    bytes_used_ += line.size();
    sink_(line);
}

}  // namespace vps
