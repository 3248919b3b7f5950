#include "life/end_report.hh"

#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "life/supervisor.hh"
#include "state/reboot_rate.hh"
#include "state/state.hh"
#include "systemd/notify.hh"

namespace vps {

ExitCode report_end(Veid veid, const ExitStatus& status, const Log& log) {
    const auto tell = [&](Level level, const std::string& text, std::string_view id) {
        log.say(level, text, {{"MESSAGE_ID", std::string(id)}});
        tell_status(static_cast<char>(std::toupper(text[0])) + text.substr(1));
    };
    const std::optional<VpsState> state = read_state(veid);
    const bool stopping = state && state->phase == Phase::Stopping;
    switch (classify_end(status)) {
        case InitEnd::PoweredOff:
            tell(Level::Info, stopping ? "powered off" : "halted from inside",
                 message_id::kVpsStopped);
            return ExitCode::Ok;
        case InitEnd::Rebooted:
            if (stopping)
                return ExitCode::Ok;  // init was asked to end, and has
            if (note_reboot(veid) == RebootRate::Storm) {
                tell(Level::Error,
                     fmt::format("rebooted {} times within {} seconds; it is not started again",
                                 kRebootBurst, kRebootInterval),
                     message_id::kVpsRebooted);
                return ExitCode::System;
            }
            tell(Level::Info, "rebooted from inside", message_id::kVpsRebooted);
            return ExitCode::Reboot;
        case InitEnd::Crashed:
            break;
    }
    if (stopping)
        return ExitCode::Ok;  // vps-stop killed it, and said so
    tell(Level::Error, "init ended unexpectedly: " + status.to_string(), message_id::kInitCrashed);
    return ExitCode::System;
}

}  // namespace vps
