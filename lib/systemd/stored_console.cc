#include "systemd/stored_console.hh"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "systemd/libsystemd.hh"

namespace vps {

static constexpr const char* kConsoleName = "console";  // in the store

std::optional<Fd> take_stored_console() {
    if (!getenv("LISTEN_FDS"))
        return std::nullopt;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    std::optional<Fd> console;
    for (int i = 0; i < count; ++i) {
        Fd fd(SD_LISTEN_FDS_START + i);
        if (std::string_view(names[i]) == kConsoleName)
            console = std::move(fd);
        std::free(names[i]);
    }
    std::free(static_cast<void*>(names));
    return console;
}

int notify_with_console(const std::string& message, const Fd& console) {
    const int fd = console.get();
    // FDPOLL=0: systemd would drop a terminal that nobody has open for the moment.
    return sd_pid_notify_with_fds(
        0, 0, fmt::format("{}\nFDSTORE=1\nFDNAME={}\nFDPOLL=0", message, kConsoleName).c_str(), &fd,
        1);
}

void forget_console() {
    (void)sd_notify(0, fmt::format("FDSTOREREMOVE=1\nFDNAME={}", kConsoleName).c_str());
}

}  // namespace vps
