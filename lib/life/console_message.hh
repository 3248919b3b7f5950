// What the supervisor of a VPS and those who are attached to its console say to each other, over
// /run/vps/N/console (unix(7), SOCK_SEQPACKET): messages of a kind, a byte, and what belongs to it.
// Both sides take a message that is none of these for the other's end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/veid.hh"

namespace vps {

inline constexpr std::size_t kMostConsoleBytes = 4096;  // of input or output in a message

enum class ConsoleMessage : char {
    // To the supervisor.
    Attach = 'A',  // AttachRequest; the first message, and the only one of its kind
    Input = 'I',   // bytes; of one who may write
    Size = 'S',    // WindowSize; likewise
    // From the supervisor.
    Writes = 'W',    // you may write
    Watches = 'R',   // you watch; the pid of the one who writes, 0: nobody, so
    Output = 'O',    // bytes
    Lost = 'L',      // a number of bytes, which you were too slow for
    Free = 'F',      // the one who wrote has left
    Full = 'B',      // too many are attached
    HasEnded = 'E',  // the VPS
};

struct WindowSize {
    std::uint16_t rows = 0, columns = 0;
    friend bool operator==(const WindowSize&, const WindowSize&) = default;
};

enum class AttachAs : std::uint8_t {
    Writer = 0,   // if nobody else is
    Watcher = 1,  // in any case
    Taker = 2,    // the one who writes now watches from then on
};

struct AttachRequest {
    AttachAs as = AttachAs::Writer;
    WindowSize size;
};

struct ParsedConsoleMessage {
    ConsoleMessage kind{};
    std::string_view bytes{};  // Input, Output
    AttachRequest request{};   // Attach
    WindowSize size{};         // Size
    std::uint64_t number = 0;  // Lost, Watches
};

// Nothing for a message of no kind, or one that is too short or too long for its kind. The bytes
// are those of `message`.
std::optional<ParsedConsoleMessage> parse_console_message(std::string_view message);

std::string format_attach(const AttachRequest& request);
std::string format_size(const WindowSize& size);
std::string format_console_bytes(ConsoleMessage kind, std::string_view bytes);
std::string format_console_number(ConsoleMessage kind, std::uint64_t number);
std::string format_console_word(ConsoleMessage kind);

std::string console_socket_path(Veid veid);

}  // namespace vps
