#include "systemd/notify.hh"

#include <array>
#include <cerrno>
#include <cstdlib>

#include "sys/send_fds.hh"
#include "sys/unix_address.hh"
#include "sys/utf8.hh"

namespace vps {

int notify(const std::string& lines, std::initializer_list<FdRef> fds) noexcept {
    const char* path = getenv("NOTIFY_SOCKET");
    if (!path || *path == '\0')
        return 0;
    sockaddr_un address = sys::unix_address(path);
    const std::size_t length = offsetof(sockaddr_un, sun_path) + std::string_view(path).size();
    if (length >= sizeof address || fds.size() > kMaxSentFds)
        return -E2BIG;
    if (*path == '@')  // an abstract address
        address.sun_path[0] = '\0';
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket || connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                           static_cast<socklen_t>(length)) < 0)
        return -errno;
    std::array<int, kMaxSentFds> sent{};
    std::size_t count = 0;
    for (const FdRef fd : fds)
        sent[count++] = fd.get();
    const int error = send_fds(socket.get(), lines.data(), lines.size(), sent.data(), count);
    return error == 0 ? 1 : -error;
}

void tell_status(const std::string& text) {
    (void)notify("STATUS=" + printable(text));
}

}  // namespace vps
