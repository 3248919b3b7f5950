#include "manage/name_link.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "config/vps_name.hh"
#include "manage/call.hh"
#include "manage/config_file.hh"
#include "manage/vzctl_code.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

constexpr const char* kNames = "/etc/vz/names";

bool is_good_name(const std::string& name) {
    constexpr std::string_view kOthers = " -+_.";
    constexpr std::size_t kLongest = 255;  // of a file's name
    return name.empty() || (name.size() <= kLongest && is_link_name(name) &&
                            std::all_of(name.begin(), name.end(), [&](char c) {
                                return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                       (c >= '0' && c <= '9') || kOthers.find(c) != kOthers.npos;
                            }));
}

bool leads_to(const fs::path& link, Veid veid) {
    std::error_code none;  // what is no link leads nowhere
    return fs::read_symlink(link, none).filename() == veid.to_string() + ".conf";
}

}  // namespace

void require_free_name(Veid veid, const std::string& name) {
    if (!is_good_name(name))
        throw Complaint(vzctl_code::kBadName, fmt::format("Error: invalid name {}", name));
    if (name.empty())
        return;
    // It would be another VPS in each command, and look like that one in vzlist -n.
    if (const std::optional<Veid> other = Veid::parse(name); other && *other != veid)
        throw Complaint(vzctl_code::kBadName,
                        fmt::format("Error: invalid name {}, which is the VEID of a VPS", name));
    for (const Veid other : find_named(name))
        if (other != veid)
            throw Complaint(vzctl_code::kBadName,
                            fmt::format("Conflict: name {} already used by container {}", name,
                                        other.to_string()));
}

void link_name(Veid veid, const std::string& name, const std::string& former) {
    if (!name.empty()) {
        sys::mkdir_all(kNames, 0755);
        const std::string path = fmt::format("{}/{}", kNames, name);
        const std::string temporary = fmt::format("{}/.{}.new", kNames, veid.to_string());
        (void)unlink(temporary.c_str());  // of one that was killed
        if (symlink(config_path(veid).c_str(), temporary.c_str()) < 0 ||
            rename(temporary.c_str(), path.c_str()) < 0) {
            const int error = errno;
            (void)unlink(temporary.c_str());
            throw SysError(error, "make the link", path, vzctl_code::kBadName);
        }
    }
    if (former.empty() || former == name || !is_link_name(former))
        return;
    const std::string path = fmt::format("{}/{}", kNames, former);
    if (leads_to(path, veid))
        (void)sys::unlink_if_there(path);
}

void unlink_names(Veid veid) {
    std::error_code none;  // without the directory there are no names
    for (const auto& entry : fs::directory_iterator(kNames, none))
        if (leads_to(entry.path(), veid))
            (void)sys::unlink_if_there(entry.path().string());
}

}  // namespace vps
