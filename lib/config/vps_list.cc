#include "config/vps_list.hh"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "sys/error.hh"

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

}  // namespace vps
