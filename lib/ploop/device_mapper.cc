#include "ploop/device_mapper.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/dm-ioctl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

constexpr ExitCode kCannotMount = ExitCode::CannotMount;
constexpr std::size_t kAlignment = 8;

// libdevmapper's DM_UDEV_DISABLE_*_FLAG: udev's rules make no links to the device, look for no file
// system on it and tell nobody of it. What is on the disk is a VPS's; with the host's own UUID it
// would take the place of the host's disk in /dev/disk.
constexpr std::uint32_t kUdevFlags = 0x2F;

// Before a device's name in its UUID; before the process in the name of a passing one.
constexpr std::string_view kUuid = "SYSTEMD-VPS-", kPassing = "systemd-vps-for-";

// A request: the fixed part, then the lines of a table. A device is asked for by its UUID: one of
// another program's may have our name, such as the volume 101 of a group "vps" of LVM's.
class Request {
  public:
    explicit Request(const std::string& name) : bytes_(sizeof(dm_ioctl), '\0') {
        dm_ioctl& head = this->head();
        head.version[0] = DM_VERSION_MAJOR;
        std::strncpy(head.uuid, fmt::format("{}{}", kUuid, name).c_str(), sizeof head.uuid - 1);
        head.event_nr = kUdevFlags << 16;
    }

    dm_ioctl& head() { return *reinterpret_cast<dm_ioctl*>(bytes_.data()); }

    void add_line(const Run& run, const std::string& target, const std::string& words) {
        const std::size_t at = bytes_.size();
        std::size_t size = sizeof(dm_target_spec) + words.size() + 1;
        size = (size + kAlignment - 1) / kAlignment * kAlignment;
        bytes_.resize(at + size, '\0');
        dm_target_spec line{};
        line.sector_start = run.start;
        line.length = run.length;
        line.next = static_cast<std::uint32_t>(size);
        std::strncpy(line.target_type, target.c_str(), sizeof line.target_type - 1);
        std::memcpy(bytes_.data() + at, &line, sizeof line);
        std::memcpy(bytes_.data() + at + sizeof line, words.c_str(), words.size());
        ++head().target_count;
    }

    // An errno, 0 for success.
    int send(unsigned long command) {
        const Fd control(::open("/dev/mapper/control", O_RDWR | O_CLOEXEC));
        if (!control)
            throw SysError(errno, "open", "/dev/mapper/control (modprobe dm-mod)", kCannotMount);
        head().data_start = sizeof(dm_ioctl);
        head().data_size = static_cast<std::uint32_t>(bytes_.size());
        return ioctl(control.get(), command, bytes_.data()) < 0 ? errno : 0;
    }

  private:
    std::string bytes_;
};

void require(int error, const char* verb, const std::string& name) {
    if (error != 0)
        throw SysError(error, verb, name, kCannotMount);
}

dev_t create(const std::string& name) {
    Request request(name);
    std::strncpy(request.head().name, name.c_str(), sizeof request.head().name - 1);
    require(request.send(DM_DEV_CREATE), "create the device", name);
    return static_cast<dev_t>(request.head().dev);
}

void load(const std::string& name, const DiskMap& map, const std::vector<dev_t>& layers,
          bool read_only) {
    Request request(name);
    if (read_only)
        request.head().flags |= DM_READONLY_FLAG;
    for (const Run& run : map)
        if (run.layer)
            request.add_line(run, "linear",
                             fmt::format("{}:{} {}", major(layers[*run.layer]),
                                         minor(layers[*run.layer]), run.at));
        else
            request.add_line(run, "zero", "");
    require(request.send(DM_TABLE_LOAD), "load the map of the device", name);
}

void resume(const std::string& name) {
    Request request(name);
    require(request.send(DM_DEV_SUSPEND), "resume the device", name);
}

// An errno: EBUSY where it is open.
int remove(const std::string& name, std::uint32_t flags) {
    Request request(name);
    request.head().flags |= flags;
    return request.send(DM_DEV_REMOVE);
}

}  // namespace

MappedDevice MappedDevice::make(const std::string& name, const DiskMap& map,
                                const std::vector<dev_t>& layers, bool read_only) {
    const dev_t number = create(name);
    Undo undo([&] { (void)remove(name, 0); });
    load(name, map, layers, read_only);
    resume(name);
    std::string path = fmt::format("/dev/dm-{}", minor(number));
    Fd device = sys::open(path, read_only ? O_RDONLY : O_RDWR);
    // Now that it is open, it is removed when it is closed for the last time: no crash leaves it.
    require(remove(name, DM_DEFERRED_REMOVE), "defer the removal of the device", name);
    undo.keep();
    return {std::move(path), std::move(device)};
}

std::optional<unsigned> find_openers(const std::string& name) {
    if (access("/sys/module/dm_mod", F_OK) < 0)
        return std::nullopt;
    Request request(name);
    const int error = request.send(DM_DEV_STATUS);
    if (error == ENXIO)
        return std::nullopt;
    require(error, "look at the device", name);
    return static_cast<unsigned>(request.head().open_count);
}

std::string make_passing_name() {
    // The kernel removes the device of the last one a moment later.
    static unsigned count = 0;
    return fmt::format("{}{}-{}", kPassing, getpid(), ++count);
}

void remove_left_devices() {
    constexpr int kMoment = 200;  // ms until the loop devices below have gone as well
    const std::string prefix = fmt::format("{}{}", kUuid, kPassing);
    bool removed = false;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block", none)) {
        std::ifstream file(entry.path() / "dm/uuid");
        std::string uuid;
        if (!std::getline(file, uuid) || !uuid.starts_with(prefix))
            continue;
        const std::string name = uuid.substr(kUuid.size());
        const pid_t maker = std::atoi(uuid.c_str() + prefix.size());
        if (maker > 0 && kill(maker, 0) < 0 && errno == ESRCH)
            removed = remove_device(name) || removed;
    }
    if (removed)
        (void)poll(nullptr, 0, kMoment);
}

bool remove_device(const std::string& name) {
    const int error = remove(name, 0);
    if (error == EBUSY)
        return false;
    if (error != ENXIO)
        require(error, "remove the device", name);
    return true;
}

}  // namespace vps
