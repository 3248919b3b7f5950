#include "systemd/own_namespaces.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <climits>

namespace vps {

namespace {

struct Kind {
    const char* file;
    const char* name;
    const char* settings;  // examples, systemd.exec(5)
};
constexpr Kind kKinds[] = {
    {"mnt", "a mount namespace",
     "PrivateTmp=, PrivateMounts=, PrivateDevices=, ProtectHome=, ProtectSystem=, ProtectProc= or "
     "PrivateNetwork="},
    {"net", "a network namespace", "PrivateNetwork= or NetworkNamespacePath="},
};

std::string read_link(const std::string& path) {
    char target[PATH_MAX];
    const ssize_t length = readlink(path.c_str(), target, sizeof target);
    return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace

std::optional<std::string> explain_own_namespaces(const std::string& unit,
                                                  const std::string& proc) {
    for (const Kind& kind : kKinds) {
        const std::string own = read_link(fmt::format("{}/self/ns/{}", proc, kind.file));
        const std::string of_host = read_link(fmt::format("{}/1/ns/{}", proc, kind.file));
        if (!own.empty() && !of_host.empty() && own != of_host)
            return fmt::format(
                "a setting of {0} gives its processes {1} of their own, in which no VPS can be "
                "started: {2} makes one, as others do; it must not be set for vps@.service, nor "
                "for all "
                "services by a drop-in of service.d ('systemctl cat {0}' shows what is set, and in "
                "which file)",
                unit, kind.name, kind.settings);
    }
    return std::nullopt;
}

}  // namespace vps
