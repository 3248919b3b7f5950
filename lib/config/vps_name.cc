#include "config/vps_name.hh"

#include "config/config.hh"
#include "config/vps_list.hh"
#include "sys/error.hh"

namespace vps {

static bool has_name(Veid veid, const std::string& name, const std::string& dir) {
    try {
        return load_vps_config(veid, dir).name == name;
    } catch (const Error&) {
        return false;  // its start tells the error
    }
}

std::vector<Veid> find_named(const std::string& name, const std::string& dir) {
    std::vector<Veid> found;
    try {
        found = list_vpses(dir + "/conf");
    } catch (const Error&) {
        // Without the directory no VPS can be found by its name.
    }
    std::erase_if(found, [&](Veid veid) { return !has_name(veid, name, dir); });
    return found;
}

}  // namespace vps
