// Messages of a unit's program to systemd. Outside of a unit nothing happens.
#pragma once

#include <string>

namespace vps {

// Sets the text that `systemctl status` shows (STATUS= of sd_notify(3)).
void tell_status(const std::string& text);

}  // namespace vps
