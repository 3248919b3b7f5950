#include "vps_name.hh"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "config.hh"
#include "error.hh"

namespace vps {

std::vector<Veid> find_named(const std::string& name, const std::string& dir) {
    std::vector<Veid> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(dir + "/conf", ignored)) {
        const std::optional<Veid> veid = Veid::parse(entry.path().stem().string());
        if (!veid || entry.path().extension() != ".conf")
            continue;
        try {
            if (load_vps_config(*veid, dir).name == name)
                found.push_back(*veid);
        } catch (const Error&) {
            // Who starts it is told.
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace vps
