#include "systemd/notify.hh"

#include "sys/utf8.hh"
#include "systemd/libsystemd.hh"

namespace vps {

void tell_status(const std::string& text) {
    (void)sd_notify(0, ("STATUS=" + printable(text)).c_str());
}

}  // namespace vps
