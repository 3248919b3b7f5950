#include "limits/in_force.hh"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"

namespace vps {

namespace {

// The file's first line; nothing where the cgroup has no such controller.
std::optional<std::string> read_control(const std::string& cgroup, const char* file) {
    try {
        const std::string text = sys::read_file(cgroup + "/" + file);
        return text.substr(0, text.find('\n'));
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT || error.errnum() == ENODEV)
            return std::nullopt;
        throw;
    }
}

// Whether the host can have this setting in force, on a VPS's slice, which lies two below the top.
bool has_controller_for(const std::string& slice, const LimitSetting& setting) {
    const std::string_view file =
        setting.kind == LimitKind::PerDevice ? "io.max" : setting.in_kernel;
    return host_has_controller(file.substr(0, file.find('.')), slice + "/../..");
}

// An Amount or Quota as the kernel writes it (cgroup-v2.rst).
std::string words_for(const LimitSetting& setting, std::uint64_t number) {
    const bool none = number == setting.none;
    if (setting.kind == LimitKind::Quota)
        return (none ? "max" : std::to_string(number * 1000)) + " 100000";
    const std::string_view file = setting.in_kernel;
    if (file.ends_with(".weight"))
        return (file == "io.weight" ? "default " : "") + (none ? "100" : std::to_string(number));
    return number == UINT64_MAX ? "max" : std::to_string(number);
}

bool is_in_force(const std::string& cgroup, const LimitSetting& setting, const SliceLimit* limit) {
    const std::optional<std::string> words = read_control(cgroup, setting.in_kernel);
    if (!words)
        return !limit;
    if (setting.kind == LimitKind::Set)
        return numbers_of(*words) == numbers_of(limit ? limit->text : std::string());
    return *words == words_for(setting, limit ? limit->number : setting.none);
}

const SliceLimit* find_limit(const std::vector<SliceLimit>& limits, const LimitSetting& setting) {
    const auto limit = std::find_if(limits.begin(), limits.end(),
                                    [&](const SliceLimit& one) { return one.setting == &setting; });
    return limit == limits.end() ? nullptr : &*limit;
}

}  // namespace

bool are_in_force(const std::string& cgroup, const std::vector<SliceLimit>& limits) {
    if (!read_control(cgroup, "io.max").value_or("").empty())
        return false;
    return std::all_of(
        kLimitSettings.begin(), kLimitSettings.end(), [&](const LimitSetting& setting) {
            const SliceLimit* limit = find_limit(limits, setting);
            return (setting.kind == LimitKind::PerDevice ? !limit
                                                         : is_in_force(cgroup, setting, limit)) ||
                   !has_controller_for(cgroup, setting);
        });
}

bool is_out_of_force(const std::string& cgroup, const LimitSetting& setting,
                     const std::vector<SliceLimit>& limits) {
    const SliceLimit* limit = find_limit(limits, setting);
    if (setting.kind == LimitKind::PerDevice)
        return !limit && !read_control(cgroup, "io.max").value_or("").empty();
    return read_control(cgroup, setting.in_kernel) && !is_in_force(cgroup, setting, limit);
}

bool is_quota_in_force(const std::string& cgroup, std::uint64_t percent) {
    const SliceLimit limit{&setting_of("CPUQuota"), percent, {}};
    return is_in_force(cgroup, *limit.setting, percent == 0 ? nullptr : &limit);
}

std::uint64_t memory_low_of(const std::string& cgroup) {
    const std::string bytes = read_control(cgroup, "memory.low").value_or("0");
    return bytes == "max" ? UINT64_MAX : std::strtoull(bytes.c_str(), nullptr, 10);
}

}  // namespace vps
