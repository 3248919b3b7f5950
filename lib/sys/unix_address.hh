// The address of a socket in the file system (unix(7)).
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

namespace vps::sys {

// The path is shorter than 108 bytes.
inline sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (void)path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    return address;
}

}  // namespace vps::sys
