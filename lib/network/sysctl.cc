#include "network/sysctl.hh"

#include <algorithm>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

std::string path_of(const std::string& name) {
    return "/proc/sys/" + name;
}

bool is_absent(const SysError& error) {
    return error.errnum() == ENOENT || error.errnum() == ENODEV;
}

}  // namespace

std::string read_sysctl(const std::string& name) {
    try {
        return sys::read_line(path_of(name));
    } catch (const SysError& error) {
        if (is_absent(error))
            return {};
        throw;
    }
}

bool set_sysctl(const std::string& name, const std::string& value) {
    if (const std::string now = read_sysctl(name); now.empty() || now == value)
        return false;
    try {
        sys::write_all(sys::open(path_of(name), O_WRONLY), value, path_of(name));
    } catch (const SysError& error) {
        if (!is_absent(error))
            throw;
    }
    return true;
}

std::string spell_sysctl(std::string name) {
    if (name.find('.') == name.npos)
        std::replace(name.begin(), name.end(), '/', '.');
    return name;
}

}  // namespace vps
