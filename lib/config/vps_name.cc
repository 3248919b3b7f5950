#include "config/vps_name.hh"

#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "config/config.hh"
#include "config/vps_list.hh"
#include "sys/error.hh"

namespace vps {

namespace fs = std::filesystem;

static bool has_name(Veid veid, const std::string& name, const std::string& dir) {
    try {
        return load_vps_config(veid, dir).name == name;
    } catch (const Error&) {
        return false;  // its start tells the error
    }
}

// The VPS that the link DIR/names/NAME leads to, by the last part of its target, as vzctl reads it.
static std::optional<Veid> find_linked(const std::string& name, const std::string& dir) {
    if (!is_link_name(name))
        return std::nullopt;
    std::error_code none;
    const fs::path target = fs::read_symlink(fs::path(dir) / "names" / name, none).filename();
    return target.extension() == ".conf" ? Veid::parse(target.stem().string()) : std::nullopt;
}

bool is_link_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\0", 2)) == name.npos;
}

std::vector<Veid> find_named(const std::string& name, const std::string& dir) {
    if (const std::optional<Veid> linked = find_linked(name, dir);
        linked && has_name(*linked, name, dir))
        return {*linked};
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
