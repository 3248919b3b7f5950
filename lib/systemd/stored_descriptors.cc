#include "systemd/stored_descriptors.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string_view>

#include "systemd/libsystemd.hh"
#include "systemd/notify.hh"

namespace vps {

// In the store.
static constexpr const char* kConsoleName = "console";
static constexpr const char* kLeaseName = "lease";

namespace {

// An older version had the socket of those who attach to the console kept, too, by the same name.
bool is_socket(FdRef fd) {
    struct stat status {};
    return fstat(fd.get(), &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

StoredDescriptors take_stored_descriptors() {
    StoredDescriptors stored;
    if (!getenv("LISTEN_FDS"))
        return stored;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    for (int i = 0; i < count; ++i) {
        Fd fd(SD_LISTEN_FDS_START + i);
        if (std::string_view(names[i]) == kConsoleName && !is_socket(fd))
            stored.console = std::move(fd);
        else if (std::string_view(names[i]) == kLeaseName)
            stored.lease = std::move(fd);
        std::free(names[i]);
    }
    std::free(static_cast<void*>(names));
    return stored;
}

int notify_with_console(const std::string& message, FdRef console) {
    // FDPOLL=0: systemd would drop a terminal that nobody has open for the moment.
    return notify(fmt::format("{}\nFDSTORE=1\nFDNAME={}\nFDPOLL=0", message, kConsoleName),
                  {console});
}

void forget_console() {
    (void)notify(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", kConsoleName));
}

void store_lease(FdRef lease) {
    if (lease.get() >= 0)
        (void)notify(fmt::format("FDSTORE=1\nFDNAME={}\nFDPOLL=0", kLeaseName), {lease});
}

void forget_lease() {
    (void)notify(fmt::format("FDSTOREREMOVE=1\nFDNAME={}", kLeaseName));
}

}  // namespace vps
