#include "sys/line_relay.hh"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "sys/error.hh"

namespace vps {

namespace {

// The length of the UTF-8 character at the start of `text`, 0 if there is none (overlong forms,
// surrogates, beyond U+10FFFF, a cut one). The Unicode Standard, table 3-7.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
    const unsigned char second = byte(1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        std::size_t length = utf8_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        const bool control =
            (first < 0x20 && first != '\t') || first == 0x7f ||
            (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
        if (length == 0 || control) {
            clean += '?';
            length = std::max<std::size_t>(length, 1);
        } else {
            clean += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return clean;
}

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
        feed({buffer.data(), static_cast<std::size_t>(got)});
    }
    return Progress::MoreToRead;
}

void LineRelay::feed(std::string_view text) {
    for (const char byte : text)
        feed_byte(static_cast<unsigned char>(byte));
}

void LineRelay::finish() {
    end_line();
    if (dropped_ != 0)
        sink_(std::to_string(dropped_) + " lines dropped, too many at once");
    dropped_ = 0;
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

void LineRelay::pass_on(std::string_view line) {
    const auto now = std::chrono::steady_clock::now();
    if (now - window_ >= limit_.interval) {
        if (dropped_ != 0)
            sink_(std::to_string(dropped_) + " lines dropped, too many at once");
        dropped_ = 0;
        in_window_ = 0;
        window_ = now;
    }
    if (in_window_ < limit_.lines) {
        ++in_window_;
        sink_(line);
    } else {
        ++dropped_;
    }
}

}  // namespace vps
