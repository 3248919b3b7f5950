#include "ploop/loop_device.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "ploop/image_header.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr ExitCode kCannotMount = ExitCode::CannotMount;
constexpr int kTries = 64;      // others attach loop devices, too
constexpr unsigned kGrace = 5;  // seconds

// False where another process was faster.
bool configure(FdRef device, FdRef file, const std::string& path) {
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(file.get());
    config.block_size = kSector;
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
    if ((fcntl(file.get(), F_GETFL) & O_ACCMODE) == O_RDONLY)
        config.info.lo_flags |= LO_FLAGS_READ_ONLY;
    auto* name = reinterpret_cast<char*>(config.info.lo_file_name);
    std::strncpy(name, path.c_str(), LO_NAME_SIZE - 1);
    if (ioctl(device.get(), LOOP_CONFIGURE, &config) == 0)
        return true;
    if (errno != EBUSY)
        throw SysError(errno, "make a loop device of", path, kCannotMount);
    return false;
}

// Whether it goes when who has it open at the moment closes it, unless that is a mount.
bool may_be_going(const std::string& loop) {
    const Fd device(::open(loop.c_str(), O_RDONLY | O_CLOEXEC));
    loop_info64 info{};
    std::error_code none;
    return !device || ioctl(device.get(), LOOP_GET_STATUS64, &info) < 0 ||
           ((info.lo_flags & LO_FLAGS_AUTOCLEAR) != 0 &&
            std::filesystem::is_empty(
                fmt::format("/sys/block/{}/holders", loop.substr(loop.rfind('/') + 1)), none));
}

}  // namespace

LoopDevice attach_loop(FdRef file, const std::string& path) {
    const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control)
        throw SysError(errno, "open", "/dev/loop-control (modprobe loop)", kCannotMount);
    for (int tries = 0; tries < kTries; ++tries) {
        const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0)
            throw SysError(errno, "find a free loop device", {}, kCannotMount);
        const std::string name = fmt::format("/dev/loop{}", number);
        LoopDevice loop{Fd(::open(name.c_str(), O_RDWR | O_CLOEXEC)), 0};
        struct stat status {};
        if (!loop.device || fstat(loop.device.get(), &status) < 0)
            throw SysError(errno, "open", name, kCannotMount);
        loop.number = status.st_rdev;
        if (configure(loop.device, file, path))
            return loop;
    }
    throw Error(kCannotMount, "no loop device is free");
}

std::vector<std::string> find_loops_of(FdRef file, Loops which) {
    std::vector<std::string> loops;
    struct stat status {};
    if (fstat(file.get(), &status) < 0)
        throw SysError(errno, "look at a file");
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block", none)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with("loop") || !std::filesystem::exists(entry.path() / "loop", none))
            continue;
        const Fd device(::open(("/dev/" + name).c_str(), O_RDONLY | O_CLOEXEC));
        loop_info64 info{};
        if (device && ioctl(device.get(), LOOP_GET_STATUS64, &info) == 0 &&
            info.lo_device == status.st_dev && info.lo_inode == status.st_ino &&
            (which == Loops::All || (info.lo_flags & LO_FLAGS_READ_ONLY) == 0))
            loops.push_back("/dev/" + name);
    }
    std::sort(loops.begin(), loops.end());
    return loops;
}

std::vector<std::string> find_lasting_loops_of(FdRef file, Loops which) {
    const Deadline deadline = deadline_after(kGrace);
    for (;;) {
        std::vector<std::string> loops = find_loops_of(file, which);
        if (!std::all_of(loops.begin(), loops.end(), may_be_going) || loops.empty() ||
            milliseconds_until(deadline) == 0)
            return loops;
        (void)poll(nullptr, 0, 10);
    }
}

}  // namespace vps
