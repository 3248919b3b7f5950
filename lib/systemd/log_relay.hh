// What a VPS prints, on its way to the journal.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sys/fd.hh"
#include "sys/line_relay.hh"
#include "systemd/log.hh"

namespace vps {

// A relay of the lines of `source` to `log`, under `identifier`, and after that to `listener`.
LineRelay relay_to_log(Fd source, const Log& log, const std::string& identifier, Level level,
                       std::function<void(std::string_view)> listener = {});

}  // namespace vps
