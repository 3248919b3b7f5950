// libFuzzer target: any bytes as a VPS prints them on its console. What the host is shown has no
// control characters, is UTF-8, and comes in lines of bounded length and number.

#include "check/plain_text.hh"
#include "require.hh"
#include "sys/line_relay.hh"
#include "sys/utf8.hh"

using namespace vps;

static void check_text(const std::string& shown) {
    std::string_view text = shown;
    for (const char c : text)
        require((static_cast<unsigned char>(c) >= 0x20 || c == '\t') && c != 0x7f,
                "control character", shown);
    std::string plain = shown;
    std::erase(plain, '\\');
    require(to_json(plain).find("\\ufffd") == std::string::npos, "no UTF-8", shown);
    require(printable(shown) == shown, "cleaned twice", shown);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_text(printable(text));

    constexpr unsigned kLines = 10;
    unsigned lines = 0;
    LineRelay relay(
        Fd(),
        [&](std::string_view line) {
            ++lines;
            require(line.size() <= LineRelay::kMaxLine, "long line", std::string(line));
            check_text(std::string(line));
        },
        RateLimit{kLines, std::chrono::hours(1), kLines * LineRelay::kMaxLine});
    relay.feed(text);
    relay.finish();
    require(lines <= kLines + 1, "too many lines", std::string(text));
    return 0;
}
