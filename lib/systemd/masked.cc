#include "systemd/masked.hh"

#include <unistd.h>

#include <string_view>

namespace vps {

bool is_masked(const std::string& unit) {
    for (const char* dir : {"/etc/systemd/system/", "/run/systemd/system/"}) {
        char target[16];
        const ssize_t length = readlink((dir + unit).c_str(), target, sizeof target);
        if (length > 0 && std::string_view(target, static_cast<std::size_t>(length)) == "/dev/null")
            return true;
    }
    return false;
}

}  // namespace vps
