#include "manage/register.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_edit.hh"
#include "config/vps_list.hh"
#include "manage/config_file.hh"
#include "manage/forget_vps.hh"
#include "manage/life_verbs.hh"
#include "manage/name_link.hh"
#include "manage/sample.hh"
#include "manage/vzctl_code.hh"
#include "state/place.hh"
#include "state/state.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Complaint(vzctl_code::kRegister, "Container registration failed: " + why);
}

std::string find_area(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) < 0 || !S_ISDIR(status.st_mode))
        throw Complaint(ExitCode::NoPrivateArea,
                        fmt::format("Unable to stat {}: there is no such directory", path));
    if (HostPlaces().has(Place(path)))
        refuse(fmt::format(
            "'{}' is or holds a directory that the host needs, and is no private area", path));
    return sys::realpath(path);
}

// The place of the private area of another VPS, however it is spelled; empty: none that is there.
std::string area_of(Veid veid) {
    try {
        const VpsConfig config = load_vps_config(veid);
        return config.ve_private ? sys::realpath(*config.ve_private) : std::string();
    } catch (const Error&) {
        return {};
    }
}

void require_unregistered(Veid veid, const std::string& area) {
    for (const Veid other : list_vpses("/etc/vz/conf"))
        if (other != veid && area_of(other) == area)
            refuse(fmt::format("Container is already registered with id {}", other.to_string()));
}

bool is_link(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

std::string aside_of(Veid veid) {
    return config_path(veid) + ".unregistered";
}

// The configuration as it is, as it was when the VPS was unregistered here, or vz.conf's sample.
std::string begin_text(Veid veid, const ConfigFileEdit& file) {
    if (file.exists())
        return file.text();
    if (access(aside_of(veid).c_str(), F_OK) == 0)
        return sys::read_file(aside_of(veid));
    const std::vector<std::string> sample = values_of(read_host_conf(), "CONFIGFILE");
    if (sample.empty() || sample.front().empty())
        return {};
    return read_sample(sample.front(), static_cast<int>(vzctl_code::kNoConfig));
}

// With VE_PRIVATE, where the area is another one than it has.
std::string with_paths(Veid veid, std::string text, const std::string& area) {
    const VpsConfig now = read_config_of(veid, text);
    if (!now.ve_private || access(now.ve_private->c_str(), F_OK) < 0 ||
        sys::realpath(*now.ve_private) != area)
        text = edit_config(text, {{"VE_PRIVATE", area}});
    const VpsConfig config = read_config_of(veid, text);
    if (const Diagnostic* refusal = config.refusal())
        throw Error(ExitCode::BadValue, refusal->to_string());
    if (!config.ve_root)
        throw Complaint(ExitCode::NoVeRoot, "VE_ROOT is not set");
    return text;
}

std::string name_of(const Call& call, const std::string& text) {
    for (const GivenOption& option : call.given.options)
        if (option.name == "name")
            return option.value;
    const std::vector<std::string> values = values_of(text, "NAME");
    return values.empty() ? std::string() : values.front();
}

// A VEID whose configuration has another area, which is there, is used.
void require_free_veid(const Call& call, const std::string& area) {
    const std::string used = area_of(call.veid);
    if (!used.empty() && used != area && !call.given.has("force"))
        refuse(fmt::format("Container ID {} is used, by {}", call.veid.to_string(), used));
}

// VZ's own configuration of an area would be a file of the VPS's.
void tell_unread(const Call& call, const std::string& area) {
    if (access((area + "/ve.conf").c_str(), F_OK) == 0)
        call.talk.warn(
            fmt::format("{0}/ve.conf is not read, because the VPS may have written it; look at it, "
                        "and take from it into {1} what is right",
                        area, config_path(call.veid)));
}

void write_config(const Call& call, const std::string& area) {
    const ConfigFileEdit file(config_path(call.veid));
    if (!file.exists())
        tell_unread(call, area);
    std::string text = with_paths(call.veid, begin_text(call.veid, file), area);
    const std::string name = name_of(call, text);
    require_free_name(call.veid, name);
    if (!name.empty())
        text = edit_config(text, {{"NAME", name}});
    file.write(text);
    (void)sys::unlink_if_there(aside_of(call.veid));
    link_name(call.veid, name, "");
}

}  // namespace

ExitCode register_verb(const Call& call) {
    const std::string area = find_area(call.area);
    {
        const VpsLock lock(call.veid);
        if (is_running(call.veid))
            throw Complaint(ExitCode::Running, "Container is currently running. Stop it first.");
        require_unregistered(call.veid, area);
        require_free_veid(call, area);
        write_config(call, area);
    }
    call.talk.tell(fmt::format("Container {} was successfully registered", call.veid.to_string()));
    if (call.given.has("start"))
        (void)start_now(call);
    return ExitCode::Ok;
}

ExitCode unregister_verb(const Call& call) {
    const VpsConfig config = load_vps_config(call.veid);
    const VpsLock lock(call.veid);
    require_down(call.veid, config);
    const std::string path = config_path(call.veid);
    if (is_link(path))
        (void)sys::unlink_if_there(path);
    else if (rename(path.c_str(), aside_of(call.veid).c_str()) < 0)
        throw SysError(errno, "rename", path, vzctl_code::kUnregister);
    forget_vps(call.veid);
    call.talk.tell("Container unregistered successfully");
    return ExitCode::Ok;
}

}  // namespace vps
