#include "snapshot/copy_volume.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>

#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include "state/place.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/holders.hh"
#include "sys/mount.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr unsigned kPatience = 5;  // seconds for those who look at each new mount
constexpr int kPause = 100;        // milliseconds

[[noreturn]] void fail(const std::string& why) {
    throw Error(ExitCode::System, why);
}

void dismount(const std::string& area) {
    const Deadline deadline = deadline_after(kPatience);
    while (umount2(area.c_str(), UMOUNT_NOFOLLOW) < 0) {
        if (errno == EBUSY && milliseconds_until(deadline) != 0) {
            (void)poll(nullptr, 0, kPause);
            continue;
        }
        const SysError error(errno, "dismount", area);
        const std::string holders = name_holders(area, HoldersIn::OwnMounts);
        fail(error.what() + (holders.empty() ? std::string() : ", held by " + holders));
    }
}

// A process in whose mount namespace the device is mounted, and stays so when it is dismounted
// here; empty where there is none. The VPS is no matter: it will be down.
std::string find_keeper(const std::string& device, Veid veid) {
    const std::string slice = "/" + slice_unit(veid) + "/";
    std::set<std::string> seen{sys::readlink("/proc/self/ns/mnt")};
    Directory proc("/proc");
    while (const dirent* entry = proc.next()) {
        const std::string pid = entry->d_name;
        try {
            if (!parse_pid(pid) || !seen.insert(sys::readlink("/proc/" + pid + "/ns/mnt")).second ||
                cgroup_of(pid).find(slice) != std::string::npos)
                continue;
            for (const MountEntry& mount : read_mounts(pid))
                if (mount.device == device && mount.peer_group == 0 && !mount.is_slave)
                    return fmt::format("{} (pid {})", sys::read_line("/proc/" + pid + "/comm"),
                                       pid);
        } catch (const Error&) {
            // The process has ended meanwhile.
        }
    }
    return {};
}

class VolumeCopier final : public AreaCopier {
  public:
    VolumeCopier(Veid veid, AreaVolume volume)
        : veid_(veid), volume_(std::move(volume)), manager_(manager_called(volume_.manager)) {}

    [[nodiscard]] Pace pace() const override { return Pace::AtOnce; }

    void prepare(const std::string& place) const override {
        (void)write_note(place, volume_, "vps-" + veid_.to_string());
    }

    void save(const std::string& place, const CopyTick& /*tick*/) const override {
        manager_.snapshot(volume_, require_note(place));
    }

    void restore(const std::string& from, const std::string& place,
                 const CopyTick& /*tick*/) const override {
        const VolumeNote snapshot = require_note(from);
        if (snapshot.manager != volume_.manager || snapshot.group != volume_.group)
            fail(
                fmt::format("the snapshot is in another group of volumes than '{}'", volume_.name));
        manager_.copy(volume_, snapshot, require_note(place));
    }

    void require_unused(const std::string& ve_root) const override {
        const std::string& area = volume_.target;
        manager_.dismount_own(volume_);
        std::string device;
        for (const MountEntry& mount : read_mounts())
            if (mount.target == area) {
                if (!device.empty())
                    fail(fmt::format("more than one file system is mounted on '{}'", area));
                device = mount.device;
            }
        for (const MountEntry& mount : read_mounts()) {
            if (mount.target == area || (!ve_root.empty() && is_at_or_below(mount.target, ve_root)))
                continue;
            if (is_at_or_below(mount.target, area))
                fail(fmt::format("something is mounted on '{}'", mount.target));
            if (mount.device == device)
                fail(fmt::format("'{}' is mounted on '{}', too: dismount it there", volume_.name,
                                 mount.target));
        }
        if (const std::string holders = name_holders(area, HoldersIn::OwnMounts); !holders.empty())
            fail(
                fmt::format("'{}' is to be dismounted for that, and is used by {}", area, holders));
        if (const std::string keeper = find_keeper(device, veid_); !keeper.empty())
            fail(
                fmt::format("'{}' is to be dismounted for that, and stays mounted in the mount "
                            "namespace of {}",
                            area, keeper));
    }

    [[nodiscard]] std::string identity() const override { return format_area_volume(volume_); }

    void exchange(const std::string& place) const override {
        const VolumeNote note = require_note(place);
        manager_.dismount_own(volume_);
        dismount(volume_.target);
        manager_.exchange(volume_, note);
        manager_.mount_area(volume_);
    }

  private:
    Veid veid_;
    AreaVolume volume_;
    const VolumeManager& manager_;
};

}  // namespace

std::unique_ptr<AreaCopier> make_volume_copier(Veid veid, AreaVolume volume) {
    return std::make_unique<VolumeCopier>(veid, std::move(volume));
}

bool settle_volume(const AreaVolume& former, const std::string& place) {
    const std::optional<VolumeNote> note = open_note(place);
    if (!note)
        return false;  // nothing was begun
    const VolumeManager& manager = manager_called(former.manager);
    const bool is_other = manager.settle(former, *note);
    if (!is_mount_point(former.target))
        manager.mount_area(former);
    if (const AreaVolume now = find_area_volume(former.target);
        now.group != former.group || (now.id != former.id) != is_other)
        fail(
            fmt::format("another volume than '{}' is mounted on '{}'", former.name, former.target));
    return is_other;
}

}  // namespace vps
