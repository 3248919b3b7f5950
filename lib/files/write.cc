#include "files/write.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include "config/config_value.hh"
#include "files/edits.hh"
#include "sys/error.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

constexpr std::size_t kLargestFile = 16 << 20;  // lists of blocked hosts have megabytes

[[noreturn]] void leave(const std::string& why) {
    throw Error(ExitCode::System, why);
}

// The target of a symbolic link; nothing if the file is no link.
std::optional<std::string> find_link_target(FdRef file) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlinkat(file.get(), "", target.data(), target.size());
    if (length < 0)
        return std::nullopt;
    return std::string(target.data(), static_cast<std::size_t>(length));
}

// A link that a program has left behind which is not installed any more has no owner.
ResolvConfOwner find_resolv_conf_owner(FdRef root) {
    const Fd etc = sys::find_in_root(root, "/etc", O_PATH | O_DIRECTORY);
    const Fd file = etc ? sys::find_in_root(etc, "resolv.conf", O_PATH | O_NOFOLLOW) : Fd();
    const auto target = file ? find_link_target(file) : std::nullopt;
    const auto owner = target ? owner_of_link(*target) : ResolvConfOwner::Nobody;
    const bool is_installed =
        (owner == ResolvConfOwner::Resolved &&
         sys::find_in_root(root, "/lib/systemd/systemd-resolved", O_PATH)) ||
        (owner == ResolvConfOwner::Resolvconf &&
         sys::find_in_root(root, "/etc/resolvconf/resolv.conf.d", O_PATH | O_DIRECTORY));
    return is_installed ? owner : ResolvConfOwner::Nobody;
}

// The directory of the file; made where the file is to be created in a directory that the VPS
// lacks.
Fd find_dir(FdRef root, const FileEdit& edit, FileOwner owner) {
    Fd dir = sys::find_in_root(root, edit.dir, O_PATH | O_DIRECTORY);
    if (dir || edit.absent == FileEdit::Absent::Ignore)
        return dir;
    const std::size_t slash = edit.dir.rfind('/');
    const std::string name = edit.dir.substr(slash + 1);
    const Fd parent =
        slash == 0 ? Fd()
                   : sys::find_in_root(root, edit.dir.substr(0, slash), O_PATH | O_DIRECTORY);
    if (!parent)
        leave(fmt::format("there is no directory '{}'", edit.dir));
    if (mkdirat(parent.get(), name.c_str(), 0755) < 0)
        throw SysError(errno, "make", edit.dir);
    if (fchownat(parent.get(), name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0)
        throw SysError(errno, "change the owner of", edit.dir);
    return sys::find_in_root(parent, name, O_PATH | O_DIRECTORY);
}

// Owner and mode are those of the file that is replaced.
void replace_file(FdRef dir, const std::string& name, const std::string& text,
                  const struct stat& like, bool keep_safe) {
    const std::string temporary = fmt::format(".{}.systemd-vps", name);
    (void)unlinkat(dir.get(), temporary.c_str(), 0);  // left by a start that was cut off
    const Fd file = sys::openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    Undo remove([&] { (void)unlinkat(dir.get(), temporary.c_str(), 0); });
    sys::write_all(file, text, temporary);
    if (fchown(file.get(), like.st_uid, like.st_gid) < 0 ||
        fchmod(file.get(), like.st_mode & 0777) < 0)
        throw SysError(errno, "change the owner of", temporary);
    // A file with words of the VPS's users outlives a power cut.
    if (keep_safe && fdatasync(file.get()) < 0)
        throw SysError(errno, "write", temporary);
    if (renameat(dir.get(), temporary.c_str(), dir.get(), name.c_str()) < 0)
        throw SysError(errno, "replace", name);
    remove.keep();
}

void apply(FdRef root, const FileEdit& edit, FileOwner owner, const Log& log) {
    const std::string path = edit.dir + "/" + edit.name;
    const Fd dir = find_dir(root, edit, owner);
    if (!dir)
        return;
    std::optional<std::string> old, link;
    struct stat status {};
    status.st_uid = owner.uid;
    status.st_gid = owner.gid;
    status.st_mode = 0644;
    // O_PATH only looks at the file: to open a fifo or a device would have effects.
    if (const Fd file = sys::find_in_root(dir, edit.name, O_PATH | O_NOFOLLOW)) {
        struct stat found {};
        if (fstat(file.get(), &found) < 0)
            throw SysError(errno, "look at", path);
        if (S_ISREG(found.st_mode)) {
            old = sys::read_all(open_guest_file(file), path, kLargestFile);
            status = found;
        } else {
            link = find_link_target(file);
            if (!link || edit.link == FileEdit::Link::Keep)
                leave(link ? "it is a symbolic link" : "it is no regular file");
        }
    } else if (edit.absent == FileEdit::Absent::Ignore) {
        return;
    }
    const std::string text = edit.change(old);
    if (old == text)
        return;
    replace_file(dir, edit.name, text, status, old.has_value());
    if (link)
        log.say(Level::Notice, fmt::format("{}: '{}' in the VPS is a file now; it was a link to {}",
                                           edit.key, path, quote_for_message(*link)));
}

}  // namespace

FileOwner owner_on_disk(const std::optional<UserIds>& ids) {
    return ids && ids->shifted ? FileOwner{ids->first_uid, ids->first_gid} : FileOwner{0, 0};
}

void edit_file(FdRef root, const FileEdit& edit, FileOwner owner, const Log& log) {
    apply(root, edit, owner, log);
}

void write_name_files(Veid veid, const std::string& mount_point, const VpsConfig& config,
                      const Resolver& resolver, FileOwner owner, const Log& log) {
    const bool resolves = !resolver.servers.empty() || !resolver.domains.empty();
    if (!config.hostname && !resolves)
        return;
    const auto attempt = [&](const std::string& key, const std::string& path, auto write) {
        try {
            write();
        } catch (const Error& error) {
            log.say(Level::Warning,
                    fmt::format("{}: '{}' in the VPS stays as it is: {}", key, path, error.what()));
        }
    };
    const Fd root = sys::open(mount_point, O_PATH | O_DIRECTORY);
    std::vector<FileEdit> edits;
    if (config.hostname)
        edits = plan_host_name(*config.hostname, find_first_address(veid, config));
    if (resolves)
        attempt("NAMESERVER", "/etc/resolv.conf",
                [&] { edits.push_back(plan_resolver(resolver, find_resolv_conf_owner(root))); });
    for (const FileEdit& edit : edits)
        attempt(edit.key, edit.dir + "/" + edit.name, [&] { apply(root, edit, owner, log); });
}

}  // namespace vps
