#include "ploop/mount_disk.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "ploop/area_kind.hh"
#include "ploop/device_mapper.hh"
#include "ploop/disk_image.hh"
#include "ploop/file_system.hh"
#include "ploop/file_system_check.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "sys/within.hh"

namespace vps {

namespace {

constexpr ExitCode kCannotMount = ExitCode::CannotMount;
constexpr unsigned kGrace = 5;  // seconds until the kernel has removed devices that nobody uses

// False where somebody still has the device open when the time is over.
bool await_removal(Veid veid, const Deadline& deadline) {
    for (;;) {
        const std::optional<unsigned> openers = find_openers(name_of_disk_device(veid));
        if (!openers || (*openers == 0 && remove_device(name_of_disk_device(veid))))
            return true;
        if (milliseconds_until(deadline) == 0)
            return false;
        (void)poll(nullptr, 0, 10);
    }
}

// The image, once its loop device has gone as well; an empty Fd when the time is over.
Fd await_image(const std::string& image, const Deadline& deadline) {
    for (;;) {
        if (Fd file = open_unused(image); file || milliseconds_until(deadline) == 0)
            return file;
        (void)poll(nullptr, 0, 10);
    }
}

void require_no_device(Veid veid) {
    remove_left_devices();
    if (!await_removal(veid, deadline_after(kGrace)))
        throw Error(
            kCannotMount,
            "the file system of the last run is still in use, in another mount namespace "
            "of the host (grep systemd-vps- /sys/block/dm-*/dm/name names its device, grep of that "
            "in /proc/*/mountinfo the processes)");
}

// Takes the marked image to the mount: devices, file system, mount.
void mount_image(const DiskMount& mount, DiskImage& disk, const Partition& partition,
                 const Log& log) {
    const std::string& path = disk.top().path;
    if (disk.is_in_use())
        log.say(Level::Notice, fmt::format("'{}' was not closed when it was last in use", path));
    disk.begin_writing();
    const MappedDevice device =
        make_device(name_of_disk_device(mount.veid), disk, partition, DiskUse::Write);
    check_file_system(
        device.path(), FileSystemCheck::Preen,
        fmt::format("; mend it with: vps-ploop check --repair {}", mount.veid.value()),
        mount.request, log);
    const Fd tree = mount_file_system(device.path(), DiskUse::Write, mount.options);
    if (move_mount(tree.get(), "", AT_FDCWD, mount.mount_point.c_str(), MOVE_MOUNT_F_EMPTY_PATH) <
        0)
        throw SysError(errno, fmt::format("mount '{}' on", device.path()), mount.mount_point,
                       kCannotMount);
}

// What is on the disk now that nobody has it open. A disk that fails all that is written leaves the
// file system as it was while it was in use.
void require_clean(Veid veid, const std::string& image) {
    const std::string directory = std::filesystem::path(image).parent_path();
    const DiskImage disk =
        DiskImage::open(sys::open(directory, O_PATH | O_DIRECTORY), directory, ImageAccess::Look);
    if (!is_clean(disk))
        throw Error(ExitCode::System,
                    fmt::format("its file system, which is dismounted, is not clean: it has met "
                                "errors, or its last changes could not be written; journalctl -k "
                                "names the cause, and vps-ploop check {} what is lost",
                                veid.value()));
}

}  // namespace

// No name of LVM's, whose names are those of a group and a volume with one "-" between them.
std::string name_of_disk_device(Veid veid) {
    return fmt::format("systemd-vps-{}", veid.value());
}

void require_one_image(Veid veid, const DiskImage& disk) {
    if (disk.files().size() > 1)
        throw Error(
            kCannotMount,
            fmt::format("the disk has {} snapshot{}, over which nothing can be written; "
                        "merge them first: vps-ploop merge {}",
                        disk.files().size() - 1, disk.files().size() > 2 ? "s" : "", veid.value()));
    if (disk.above())
        throw Error(kCannotMount,
                    fmt::format("the snapshot '{}' lies on the disk's top image, and would be lost "
                                "by what is written there; copy the disk as it is now: "
                                "vps-ploop convert {} --to ploop",
                                *disk.above(), veid.value()));
}

void mount_disk(const DiskMount& mount, const Log& log) {
    require_no_device(mount.veid);
    const std::string directory = fmt::format("{}/{}", mount.area, kDiskDirectory);
    DiskImage disk = [&] {
        const Fd dir = sys::open(directory, O_PATH | O_DIRECTORY);
        // Snapshots are files that nobody writes to.
        require_one_image(mount.veid, DiskImage::open(dir, directory, ImageAccess::Read));
        return DiskImage::open(dir, directory, ImageAccess::Write);
    }();
    const std::string path = disk.top().path;
    within({fmt::format("ploop image '{}'", path), kCannotMount}, [&] {
        const Partition partition = find_file_system(disk);
        const bool was_in_use = disk.is_in_use();
        mount.note(path);
        Undo undo([&] {
            if (!await_removal(mount.veid, deadline_after(kGrace)))
                return;
            mark_in_use(disk.top().file, path, was_in_use);
            mount.note({});
        });
        mount_image(mount, disk, partition, log);
        undo.keep();
    });
}

void flush_disk(const std::string& mount_point, const std::string& image) {
    const Fd root(::open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root || syncfs(root.get()) < 0)
        throw Error(ExitCode::System,
                    fmt::format("ploop image '{}': not all that the VPS wrote has reached its disk "
                                "({}); journalctl -k names the cause",
                                image, std::strerror(errno)));
}

void close_disk(Veid veid, const std::string& image, const Log& log) {
    const Deadline deadline = deadline_after(kGrace);
    const Fd file = await_removal(veid, deadline) ? await_image(image, deadline) : Fd();
    if (!file) {
        log.say(Level::Warning,
                fmt::format("'{}' stays marked as in use: its file system still is, in another "
                            "mount namespace of the host, or by a program that was passed over "
                            "(umount -l)",
                            image));
        return;
    }
    within({fmt::format("ploop image '{}'", image)}, [&] {
        require_clean(veid, image);
        mark_in_use(file, image, false);
    });
}

}  // namespace vps
