// Messages of a unit's program to systemd, as sd_notify(3) sends them. Not by libsystemd: a host
// has hundreds of supervisors, which would each have it in their memory for this.
#pragma once

#include <initializer_list>
#include <string>

#include "sys/fd.hh"

namespace vps {

// Sends lines of NAME=VALUE and these descriptors. Returns 1, 0 outside of a unit, or a negative
// errno.
int notify(const std::string& lines, std::initializer_list<FdRef> fds = {}) noexcept;

// Sets the text that `systemctl status` shows (STATUS=).
void tell_status(const std::string& text);

}  // namespace vps
