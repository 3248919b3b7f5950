#include "life/console_message.hh"

#include <cstring>

#include "state/state.hh"

namespace vps {

namespace {

// Both ends are processes of one machine, so numbers go as they lie in memory.
template <typename Number>
void append(std::string& message, Number number) {
    message.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// The text is exactly these numbers.
template <typename... Numbers>
bool take_all(std::string_view text, Numbers&... numbers) {
    if (text.size() != (sizeof numbers + ...))
        return false;
    const auto take = [&](auto& number) {
        std::memcpy(&number, text.data(), sizeof number);
        text.remove_prefix(sizeof number);
    };
    (take(numbers), ...);
    return true;
}

bool take_request(std::string_view text, AttachRequest& request) {
    std::uint8_t as = 0;
    if (!take_all(text, as, request.size.rows, request.size.columns) ||
        as > static_cast<std::uint8_t>(AttachAs::Taker))
        return false;
    request.as = static_cast<AttachAs>(as);
    return true;
}

bool take_rest(std::string_view rest, ParsedConsoleMessage& parsed) {
    switch (parsed.kind) {
        case ConsoleMessage::Attach:
            return take_request(rest, parsed.request);
        case ConsoleMessage::Size:
            return take_all(rest, parsed.size.rows, parsed.size.columns);
        case ConsoleMessage::Input:
        case ConsoleMessage::Output:
            parsed.bytes = rest;
            return !rest.empty() && rest.size() <= kMostConsoleBytes;
        case ConsoleMessage::Lost:
        case ConsoleMessage::Watches:
            return take_all(rest, parsed.number);
        case ConsoleMessage::Writes:
        case ConsoleMessage::Free:
        case ConsoleMessage::Full:
        case ConsoleMessage::HasEnded:
            return rest.empty();
    }
    return false;
}

}  // namespace

std::optional<ParsedConsoleMessage> parse_console_message(std::string_view message) {
    if (message.empty())
        return std::nullopt;
    ParsedConsoleMessage parsed;
    parsed.kind = static_cast<ConsoleMessage>(message.front());
    if (!take_rest(message.substr(1), parsed))
        return std::nullopt;
    return parsed;
}

std::string format_console_word(ConsoleMessage kind) {
    return {static_cast<char>(kind)};
}

std::string format_attach(const AttachRequest& request) {
    std::string message = format_console_word(ConsoleMessage::Attach);
    append(message, static_cast<std::uint8_t>(request.as));
    append(message, request.size.rows);
    append(message, request.size.columns);
    return message;
}

std::string format_size(const WindowSize& size) {
    std::string message = format_console_word(ConsoleMessage::Size);
    append(message, size.rows);
    append(message, size.columns);
    return message;
}

std::string format_console_bytes(ConsoleMessage kind, std::string_view bytes) {
    return format_console_word(kind).append(bytes);
}

std::string format_console_number(ConsoleMessage kind, std::uint64_t number) {
    std::string message = format_console_word(kind);
    append(message, number);
    return message;
}

std::string console_socket_path(Veid veid) {
    return std::string(kRunDir) + "/" + veid.to_string() + "/console";
}

}  // namespace vps
