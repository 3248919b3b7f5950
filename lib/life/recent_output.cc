#include "life/recent_output.hh"

#include <algorithm>

namespace vps {

// A vector that grows by itself may take twice of what it needs.
void RecentOutput::make_room(std::size_t more) {
    const std::size_t needed = bytes_.size() + more;
    if (needed > bytes_.capacity())
        bytes_.reserve(std::min(kMost, std::max(needed, 2 * bytes_.capacity())));
}

void RecentOutput::add(std::string_view bytes) {
    if (bytes.size() > kMost) {
        bytes.remove_prefix(bytes.size() - kMost);
        lacks_older_ = true;
    }
    const std::size_t appended = std::min(bytes.size(), kMost - bytes_.size());
    make_room(appended);
    bytes_.insert(bytes_.end(), bytes.begin(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(appended));
    bytes.remove_prefix(appended);
    lacks_older_ |= !bytes.empty();
    for (const char byte : bytes) {
        bytes_[begin_] = byte;
        begin_ = (begin_ + 1) % kMost;
    }
}

std::string RecentOutput::text() const {
    const auto oldest = bytes_.begin() + static_cast<std::ptrdiff_t>(begin_);
    std::string text(oldest, bytes_.end());
    text.append(bytes_.begin(), oldest);
    if (!lacks_older_)
        return text;
    const std::size_t line_end = text.find('\n');
    return line_end == text.npos ? text : text.substr(line_end + 1);
}

}  // namespace vps
