#include "manage/reinstall.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_edit.hh"
#include "context/vps_root.hh"
#include "files/write.hh"
#include "life/settings.hh"
#include "manage/area_lease.hh"
#include "manage/config_file.hh"
#include "manage/cut_switch.hh"
#include "manage/life_verbs.hh"
#include "manage/merge_accounts.hh"
#include "manage/new_area.hh"
#include "manage/remove_tree.hh"
#include "manage/snapshot_area.hh"
#include "manage/unpack.hh"
#include "manage/vzctl_code.hh"
#include "ploop/area_kind.hh"
#include "state/place.hh"
#include "state/state.hh"
#include "sys/guest_file.hh"
#include "sys/mount.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

constexpr std::size_t kLargestFile = 16 << 20;

[[noreturn]] void refuse(const std::string& why) {
    throw Complaint(vzctl_code::kReinstall, "Unable to reinstall the container: " + why);
}

void require_files(const VpsConfig& config) {
    if (HostPlaces().has(Place(*config.ve_private)))
        refuse(fmt::format(
            "VE_PRIVATE '{}' is or holds a directory that the host needs, and is no private area",
            *config.ve_private));
    const Fd area = sys::open(*config.ve_private, O_PATH | O_DIRECTORY);
    if (find_area_kind(config, find_disk_maker(area), *config.ve_private) == AreaKind::Disk)
        throw Complaint(ExitCode::Ploop,
                        "the VPS's files are in a ploop image; vps-ploop converts it to files");
    const std::string place = sys::realpath(*config.ve_private);
    for (const MountEntry& mount : read_mounts())
        if (is_at_or_below(mount.target, place))
            refuse(fmt::format("something is mounted on '{}'", mount.target));
}

std::string find_tarball(const Call& call) {
    const std::string host = read_host_conf();
    std::string name;
    for (const GivenOption& option : call.given.options)
        if (option.name == "ostemplate")
            name = option.value;
    if (name.empty())
        name = first_value_of(ConfigFileEdit(config_path(call.veid)).text(), "OSTEMPLATE");
    if (name.empty())
        throw Complaint(vzctl_code::kNoTemplateGiven,
                        "OSTEMPLATE is not set; --ostemplate names a template");
    const std::string dir = first_value_of(host, "TEMPLATE");
    if (dir.empty())
        throw Complaint(vzctl_code::kNoTemplateDir, "TEMPLATE is not set");
    return find_template(dir, name);
}

// The old files are below the new ones by now.
void keep_accounts(const std::string& area, const std::string& old, const VpsConfig& config,
                   const Log& log) {
    const Fd new_root = sys::open(area, O_PATH | O_DIRECTORY);
    const Fd old_root = sys::open(old, O_PATH | O_DIRECTORY);
    const FileOwner owner = owner_on_disk(find_shifted_ids_of(config));
    for (const auto& [name, kind] : {std::pair("passwd", AccountFile::Passwd),
                                     {"shadow", AccountFile::Shadow},
                                     {"group", AccountFile::Group}}) {
        const std::string path = fmt::format("/etc/{}", name);
        const Fd file = find_guest_file(old_root, path);
        if (!file)
            continue;
        const std::string text = sys::read_all(file, path, kLargestFile);
        edit_file(new_root,
                  {.key = "reinstall",
                   .dir = "/etc",
                   .name = name,
                   .change =
                       [&, which = kind](const std::optional<std::string>& now) {
                           return merge_accounts(which, text, now.value_or(""));
                       },
                   .absent = FileEdit::Absent::Ignore},
                  owner, log);
    }
}

// A name in the new files that is free: "old", or "old.1", …
std::string find_place_for_old(const std::string& area) {
    std::string place = area + "/old";
    struct stat status {};
    for (unsigned number = 1; lstat(place.c_str(), &status) == 0; ++number)
        place = fmt::format("{}/old.{}", area, number);
    return place;
}

void exchange(const std::string& one, const std::string& other) {
    if (renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) < 0)
        throw SysError(errno, fmt::format("exchange '{}' and", one), other, vzctl_code::kReinstall);
}

}  // namespace

// Until the exchange the old files are untouched; after it the VPS has the new ones, and the old
// ones are beside them until they are below.
ExitCode reinstall_verb(const Call& call) {
    VpsConfig config = load_usable_config(call.veid);
    const VpsLock lock(call.veid);
    require_down(call.veid, config);
    require_files(config);
    // A switch that was cut off is ended while the area is still one of the two that it knows, and
    // may bring another configuration.
    const SnapshotStore snapshots =
        open_snapshots(call, find_snapshot_area(call.veid), SnapshotStore::Create::No);
    config = load_usable_config(call.veid);
    const std::string area = sys::realpath(*config.ve_private), beside = area + ".reinstall";
    struct stat status {};
    if (lstat(beside.c_str(), &status) == 0)
        refuse(
            fmt::format("'{}' is left of one that was cut off; look at it, and remove it", beside));
    // Until the old files are out of the area's place.
    Lease lease = take_lease_to_change(call.veid, area, call.talk);
    const std::string tarball = find_tarball(call);
    call.talk.tell("Creating container private area");
    make_area(call, config, tarball, beside);
    {
        Undo remove([&] { remove_tree(beside); });
        exchange(beside, area);
        remove.keep();
    }
    lease.file.reset();  // a file that is open keeps NFS from removing its directory
    const std::string old = find_place_for_old(area);
    if (rename(beside.c_str(), old.c_str()) < 0)
        throw SysError(errno, "rename", beside, vzctl_code::kReinstall);
    if (!call.given.has("resetpwdb")) {
        call.talk.tell("Copying container credentials...");
        keep_accounts(area, old, config, Log("vzctl", call.veid));
    }
    if (call.given.has("skipbackup"))
        remove_tree(old);
    else
        call.talk.tell(fmt::format("The old files are in {}", old.substr(area.size())));
    call.talk.tell("Container was successfully reinstalled");
    return ExitCode::Ok;
}

}  // namespace vps
