// The messages of the programs. Under their unit messages go to the journal with structured fields,
// VEID among them; from a terminal, cron or another script they go to stderr. Not for a process
// that has entered a VPS, which has a socket of the journal's name of its own.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "config/veid.hh"
#include "sys/fd.hh"

namespace vps {

enum class Level : int { Error = 3, Warning = 4, Notice = 5, Info = 6 };  // syslog(3)'s priorities

struct LogField {
    std::string_view name;
    std::string value;  // empty: no such field
};

// Message ids, explained by the catalog (journalctl -x). 128 bits in hex, made with systemd-id128.
namespace message_id {
inline constexpr std::string_view kScriptFailed = "7ccccd7b0446417da51cdb2551efd0bf";
inline constexpr std::string_view kScriptDone = "2eb63f6e97764ddc8e8c09c28e720f81";
inline constexpr std::string_view kVpsStarted = "07569a861a7d46438018a64cb72495c1";
inline constexpr std::string_view kVpsStopped = "8bbae5a9d16e40b293918ee02738ad21";
inline constexpr std::string_view kVpsRebooted = "ca6fa4673fcd4532af13a92763521261";
inline constexpr std::string_view kInitCrashed = "2cbf423a9d5c41aa8b9b1af04714a10e";
inline constexpr std::string_view kInitKilled = "88578e21c266413faf3819b5a961338d";
inline constexpr std::string_view kFailed = "6cc59da69a8842b9a6fdb3f47fbce0f7";
}  // namespace message_id

class Log {
  public:
    // `program` is the identifier of its lines; `unit` the one under which they go to the journal
    // (empty: vps@N.service). `journalctl -u vps@N` shows lines of either unit.
    Log(std::string program, Veid veid, const std::string& unit = {});

    // One line about the VPS: "vps 101: <text>".
    void say(Level level, const std::string& text,
             std::initializer_list<LogField> fields = {}) const;

    // The same line for the unit's journal alone, whoever has called the program. `systemctl status
    // vps@101` shows it, of a unit that is not active, too.
    void record(Level level, const std::string& text) const;

    // Passes on a line that was printed by or in the VPS, under an identifier of its own
    // ("101.console"). Outside the unit the line goes to stdout, or to stderr from Warning on.
    void pass_on(const std::string& identifier, Level level, std::string_view line) const;

    [[nodiscard]] bool to_journal() const { return to_journal_; }

    // A stream whose lines go to the journal under vps@N.service as `identifier`, and stay there
    // for processes that outlive us. systemd-journald's stream protocol as sd_journal_stream_fd(3)
    // speaks it, plus the unit's name, which that function cannot pass: without it the last lines
    // of a process that has already been reaped are filed under no unit.
    [[nodiscard]] Fd open_stream(const std::string& identifier, Level level) const;

  private:
    // False where journald does not take it.
    [[nodiscard]] bool send(const std::string& identifier, Level level, const std::string& message,
                            std::initializer_list<LogField> fields) const;
    [[nodiscard]] std::string line_of(const std::string& text) const;

    std::string program_;
    Veid veid_;
    bool to_journal_;
};

// Does `step`, whose failure, an Error, is told as a warning and then ignored.
void attempt(const Log& log, const std::function<void()>& step);

}  // namespace vps
