#include "life/console_relay.hh"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <string_view>
#include <utility>

#include "config/config_value.hh"
#include "sys/error.hh"
#include "systemd/log_relay.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

// systemd's last words, where it cannot go on: nothing in the VPS runs, and the unit is active.
bool is_last_word(std::string_view line) {
    return line.find("reezing execution") != line.npos || line.ends_with(", freezing.");
}

}  // namespace

Fd open_console(Veid veid, const Log& log) {
    try {
        return listen_at_console(veid);
    } catch (const Error& error) {
        log.say(Level::Warning, fmt::format("{}; vzctl console cannot be used", error.what()));
        return {};
    }
}

LineRelay relay_console(Fd console, Veid veid, const Log& log, ConsoleServer& server) {
    LineRelay relay = relay_to_log(
        std::move(console), log, veid.to_string() + ".console", Level::Info,
        [log, told = false](std::string_view line) mutable {
            if (told || !is_last_word(line))
                return;
            told = true;
            log.say(
                Level::Warning,
                fmt::format("systemd in the VPS has given up ({}): it does not boot; one before "
                            "230 needs CGROUP_LAYOUT=v1",
                            quote_for_message(line)));
            tell_status("systemd in the VPS has given up; see the journal");
        });
    relay.set_tap([&server](std::string_view bytes) { server.print(bytes); });
    return relay;
}

void add_console(ConsoleServer& server, std::vector<Watched>& watched) {
    watched.push_back({server.events(), EPOLLIN, [&server] { server.serve(); }});
}

}  // namespace vps
