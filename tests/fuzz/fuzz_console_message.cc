// libFuzzer target: any bytes as a message to or from a VPS's console. What is taken for one is the
// whole message, and says the same when it is written again.

#include "life/console_message.hh"
#include "require.hh"

using namespace vps;

static std::string format(const ParsedConsoleMessage& message) {
    switch (message.kind) {
        case ConsoleMessage::Attach:
            return format_attach(message.request);
        case ConsoleMessage::Size:
            return format_size(message.size);
        case ConsoleMessage::Input:
        case ConsoleMessage::Output:
            require(message.bytes.size() <= kMostConsoleBytes, "many bytes",
                    std::string(message.bytes));
            return format_console_bytes(message.kind, message.bytes);
        case ConsoleMessage::Lost:
        case ConsoleMessage::Watches:
            return format_console_number(message.kind, message.number);
        default:
            return format_console_word(message.kind);
    }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    if (const auto message = parse_console_message(text))
        require(format(*message) == text, "another message", std::string(text));
    return 0;
}
