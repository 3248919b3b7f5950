#include "config/vps_list.hh"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "sys/error.hh"
#include "sys/followed_links.hh"

namespace vps {

namespace fs = std::filesystem;

std::vector<Veid> list_vpses(const std::string& dir) {
    std::vector<Veid> veids;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(dir, failure)) {
        const fs::path name = entry.path().filename();
        if (name.extension() == ".conf")
            if (const std::optional<Veid> veid = Veid::parse(name.stem().string()))
                veids.push_back(*veid);
    }
    if (failure && failure != std::errc::no_such_file_or_directory)
        throw SysError(failure.value(), "open", dir);
    std::sort(veids.begin(), veids.end());
    return veids;
}

std::optional<std::string> explain_no_conf_dir(const std::string& root) {
    const std::string dir = "/etc/vz/conf";
    std::error_code failure;
    if (fs::exists(find_below(root, dir), failure) || failure)
        return std::nullopt;
    if (const fs::path target = fs::read_symlink(root + dir, failure); !failure)
        return "'/etc/vz/conf' is a symbolic link to '" + target.string() +
               "', which does not exist: no VPS is known; if it is mounted later, run systemctl "
               "daemon-reload then";
    if (!fs::exists(find_below(root, "/etc/vz/vz.conf"), failure))
        return std::nullopt;
    return "'/etc/vz/conf' does not exist: no VPS is known";
}

}  // namespace vps
