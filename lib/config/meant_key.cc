#include "config/meant_key.hh"

#include <cstddef>
#include <string>
#include <utility>

#include "sys/utf8.hh"

namespace vps {

namespace {

// The text without characters that may stand around a name by mistake and can hardly be seen:
// blanks, no-break and zero width spaces, byte order marks.
std::string_view strip_unseen(std::string_view text) {
    constexpr std::string_view kUnseen[] = {" ",  "\t",       "\v",           "\f",
                                            "\r", "\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf"};
    for (bool again = true; again;) {
        again = false;
        for (const auto unseen : kUnseen) {
            if (text.starts_with(unseen))
                text.remove_prefix(unseen.size());
            else if (text.ends_with(unseen))
                text.remove_suffix(unseen.size());
            else
                continue;
            again = true;
        }
    }
    return text;
}

// The name behind sh's own words, as in "export NAME=" and "declare -x NAME=".
std::string_view last_word(std::string_view text) {
    const auto blank = text.find_last_of(" \t");
    return blank == text.npos ? text : text.substr(blank + 1);
}

// The name in capitals; a character of another alphabet, which may look like a letter, is one "?".
std::string in_capitals(std::string_view name) {
    std::string capitals;
    while (!name.empty()) {
        const char c = take_character(name).bytes.front();
        const bool is_small = c >= 'a' && c <= 'z';
        capitals += is_small ? static_cast<char>(c - 'a' + 'A') : (c & 0x80) != 0 ? '?' : c;
    }
    return capitals;
}

// Whether the words differ by one letter, which is missing, too many or another one, or by two
// letters that have changed places.
bool differs_by_one(std::string_view a, std::string_view b) {
    if (a.size() > b.size())
        std::swap(a, b);
    std::size_t same = 0;
    while (same < a.size() && a[same] == b[same])
        ++same;
    a.remove_prefix(same);
    b.remove_prefix(same);
    if (b.empty())
        return false;
    if (b.size() > a.size())
        return a == b.substr(1);
    const bool swapped = a.size() > 1 && a[0] == b[1] && a[1] == b[0];
    return a.substr(1) == b.substr(1) || (swapped && a.substr(2) == b.substr(2));
}

}  // namespace

const ConfigKey* find_meant_key(std::string_view name) {
    constexpr std::size_t kLongest = 32, kShortest = 4;
    name = strip_unseen(last_word(strip_unseen(name)));
    if (name.size() < kShortest || name.size() > kLongest)
        return nullptr;
    const std::string upper = in_capitals(name);
    if (const auto* key = find_config_key(upper))
        return key;
    for (const auto& key : config_keys())
        if (key.guards == Guards::Yes && differs_by_one(upper, key.name))
            return &key;
    return nullptr;
}

}  // namespace vps
