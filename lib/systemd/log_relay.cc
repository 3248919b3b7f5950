#include "systemd/log_relay.hh"

#include <utility>

namespace vps {

LineRelay relay_to_log(Fd source, const Log& log, const std::string& identifier, Level level,
                       std::function<void(std::string_view)> listener) {
    return {std::move(source),
            [log, identifier, level, listener = std::move(listener)](std::string_view line) {
                log.pass_on(identifier, level, line);
                if (listener)
                    listener(line);
            },
            kConsoleRate};
}

}  // namespace vps
