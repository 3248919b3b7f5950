#include "context/device_node.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

[[noreturn]] void fail_to_make(const std::string& name) {
    throw SysError(errno, "make", "/dev/" + name, ExitCode::CannotMount);
}

// An empty descriptor where there is no such name, or a link or a mount on the way.
Fd find_entry(FdRef dir, const std::string& name, std::uint64_t flags) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW | flags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    return Fd(static_cast<int>(syscall(SYS_openat2, dir.get(), name.c_str(), &how, sizeof how)));
}

std::string path_of(FdRef file) {
    return fmt::format("/proc/self/fd/{}", file.get());
}

// The file that is open, whatever its name leads to by now.
bool give_to(const UserIds& owner, FdRef file, mode_t mode) {
    return chmod(path_of(file).c_str(), mode) == 0 &&
           fchownat(file.get(), "", owner.first_uid, owner.first_gid, AT_EMPTY_PATH) == 0;
}

mode_t kind_of(const Device& device) {
    return device.block ? S_IFBLK : S_IFCHR;
}

bool is_node_of(const Device& device, FdRef file) {
    struct stat status {};
    return fstat(file.get(), &status) == 0 && (status.st_mode & S_IFMT) == kind_of(device) &&
           status.st_rdev == makedev(device.major, device.minor.value_or(0));
}

// The directory of the node, made as far as it is not there.
Fd make_way(FdRef dev, const std::string& node, const UserIds& owner) {
    Fd dir = sys::duplicate(dev);
    for (std::size_t begin = 0, slash = 0; (slash = node.find('/', begin)) != node.npos;
         begin = slash + 1) {
        const std::string name = node.substr(begin, slash - begin);
        const bool is_new = mkdirat(dir.get(), name.c_str(), 0755) == 0;
        if (!is_new && errno != EEXIST)
            fail_to_make(node.substr(0, slash));
        Fd next = find_entry(dir, name, O_DIRECTORY);
        if (!next || (is_new && !give_to(owner, next, 0755)))
            fail_to_make(node.substr(0, slash));
        dir = std::move(next);
    }
    return dir;
}

}  // namespace

NodeMade make_device_node(FdRef dev, const Device& device, const UserIds& owner) {
    const std::string name = device.node.substr(device.node.rfind('/') + 1);
    const Fd dir = make_way(dev, device.node, owner);
    const dev_t number = makedev(device.major, device.minor.value_or(0));
    const bool is_new = mknodat(dir.get(), name.c_str(), kind_of(device) | 0600, number) == 0;
    if (!is_new && errno != EEXIST)
        fail_to_make(device.node);
    const Fd node = find_entry(dir, name, 0);
    if (!node || !is_node_of(device, node))
        return NodeMade::NameTaken;
    if (!is_new)
        return NodeMade::Before;
    // The node's group is the VPS's root: the host's groups are nobody's there.
    if (!give_to(owner, node, device.mode))
        fail_to_make(device.node);
    return NodeMade::Now;
}

void remove_device_node(FdRef dev, const Device& device) {
    const std::size_t slash = device.node.rfind('/');
    const Fd dir = slash == device.node.npos
                       ? sys::duplicate(dev)
                       : find_entry(dev, device.node.substr(0, slash), O_DIRECTORY);
    const std::string name = device.node.substr(slash + 1);
    if (!dir)
        return;
    // A name that changes meanwhile is one of the VPS's own /dev.
    if (const Fd node = find_entry(dir, name, 0); node && is_node_of(device, node))
        (void)unlinkat(dir.get(), name.c_str(), 0);
}

}  // namespace vps
