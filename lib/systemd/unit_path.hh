// Names of units that stand for a path: of mounts, of devices (systemd.unit(5), systemd-escape(1)).
// Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace vps {

// "/vz/private/101" and ".mount": "vz-private-101.mount". Empty where the path is "/" or has "." or
// ".." in it, or the name would be longer than systemd's may be.
inline std::string unit_of_path(std::string_view path, std::string_view suffix) {
    constexpr std::size_t kMaxName = 255;
    constexpr char kHex[] = "0123456789abcdef";
    const auto stays = [](char c, bool is_first) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == ':' || c == '_' || (c == '.' && !is_first);
    };
    std::string name;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view part = path.substr(at, end - at);
        at = end + 1;
        if (part == "." || part == "..")
            return {};
        if (!part.empty() && !name.empty())
            name += '-';
        for (const char c : part)
            if (stays(c, name.empty()))
                name += c;
            else
                (name += "\\x") += {kHex[static_cast<unsigned char>(c) >> 4],
                                    kHex[static_cast<unsigned char>(c) & 15]};
    }
    if (name.empty() || name.size() + suffix.size() > kMaxName)
        return {};
    return name += suffix;
}

}  // namespace vps
