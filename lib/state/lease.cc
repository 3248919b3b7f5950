#include "state/lease.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

constexpr std::size_t kLongestText = 4096;

// File systems that are damaged at once when a second host mounts them, so that none does. Of any
// other one it is not known. Those without a name in linux/magic.h: ZFS, bcachefs.
constexpr std::array<unsigned long, 9> kOfOneHost{
    EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,      BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC,
    RAMFS_MAGIC,      REISERFS_SUPER_MAGIC, 0x2fc12fc1UL,      0xca451a4eUL};

std::string text_of(const Leaseholder& holder) {
    return fmt::format("host={}\nboot_id={}\nveid={}\n", holder.host, holder.boot_id, holder.veid);
}

// A VPS can write anything into the file.
Leaseholder read_holder(FdRef file) {
    std::array<char, kLongestText> bytes{};
    const ssize_t count = pread(file.get(), bytes.data(), bytes.size(), 0);
    std::istringstream lines(
        std::string(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))));
    Leaseholder holder;
    for (std::string line; std::getline(lines, line);)
        for (const auto& [key, value] : {std::pair("host=", &holder.host),
                                         {"boot_id=", &holder.boot_id},
                                         {"veid=", &holder.veid}})
            if (line.rfind(key, 0) == 0)
                *value = printable(line.substr(std::strlen(key)));
    return holder;
}

// What is in the file is told to whoever asks for the lease later, on any host.
void write_holder(FdRef file, const Leaseholder& holder) {
    const std::string text = text_of(holder);
    if (ftruncate(file.get(), 0) < 0 ||
        pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
        fdatasync(file.get()) < 0)
        throw SysError(errno, "write", kLeaseFile);
}

[[noreturn]] void refuse(const Leaseholder& found, const std::string& area) {
    throw Error(ExitCode::Running,
                fmt::format("the private area '{}' is in use {}, which has the lock on '{}'; stop "
                            "the VPS there",
                            area,
                            found.host.empty()
                                ? std::string("on another host")
                                : fmt::format("by VPS {} of host '{}'", found.veid, found.host),
                            kLeaseFile));
}

}  // namespace

Leaseholder leaseholder_here(Veid veid) {
    utsname names{};
    if (uname(&names) < 0)
        throw SysError(errno, "ask for the name of this host");
    return {names.nodename, sys::read_line("/proc/sys/kernel/random/boot_id"), veid.to_string()};
}

bool is_of_one_host(FdRef file) {
    struct statfs system {};
    if (fstatfs(file.get(), &system) < 0)
        throw SysError(errno, "look at the file system");
    return std::find(kOfOneHost.begin(), kOfOneHost.end(),
                     static_cast<unsigned long>(system.f_type)) != kOfOneHost.end();
}

Lease take_lease_in(FdRef directory, const Leaseholder& holder, const std::string& area) {
    const auto trouble = [&](const std::string& why) {
        return Lease{.trouble = fmt::format("no lock on '{}/{}': {}; another host could start a "
                                            "VPS from this area, too",
                                            area, kLeaseFile, why)};
    };
    Fd file(::openat(directory.get(), kLeaseFile,
                     O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
    if (!file && errno == EROFS)
        return {};
    struct stat status {};
    if (!file || fstat(file.get(), &status) < 0)
        return trouble(std::strerror(errno));
    if (!S_ISREG(status.st_mode))
        return trouble("it is no regular file");
    struct flock whole {};
    whole.l_type = F_WRLCK;
    if (fcntl(file.get(), F_OFD_SETLK, &whole) < 0) {
        if (errno != EAGAIN && errno != EACCES)
            return trouble(std::strerror(errno));
        const Leaseholder found = read_holder(file);
        if (found.host == holder.host && found.boot_id == holder.boot_id)
            return {};
        refuse(found, area);
    }
    try {
        write_holder(file, holder);
    } catch (const SysError&) {
        // The lock counts; who is refused is not told by whom.
    }
    return {.file = std::move(file)};
}

Lease take_lease(Veid veid, const std::string& area) {
    const Fd directory = sys::open(area, O_RDONLY | O_DIRECTORY);
    if (is_of_one_host(directory))
        return {};
    return take_lease_in(directory, leaseholder_here(veid), area);
}

}  // namespace vps
