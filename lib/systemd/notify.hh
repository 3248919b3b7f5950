// What a program of a unit tells systemd. Outside of a unit nothing happens.
#pragma once

#include <string>

namespace vps {

// What `systemctl status` shows (STATUS= of sd_notify(3)).
void tell_status(const std::string& text);

}  // namespace vps
