#include "ploop/copy_files.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fts.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "ploop/file_bytes.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/program.hh"
#include "sys/sys.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

constexpr const char* kProgram = "/bin/cp";
constexpr std::size_t kMostSaid = 1 << 16, kPiece = 1 << 20;

// A file in the root of a file system that is ploop's own (libploop's BALLOON_FNAME).
constexpr std::string_view kBalloon = ".balloon-c3a5ae3d-ce7f-43c4-a1ea-c61e2b4504e8";

[[noreturn]] void fail(const std::string& path, const std::string& how) {
    throw Error(ExitCode::System, fmt::format("'{}' {}", path, how));
}

std::string place_of(FdRef tree) {
    return fmt::format("/proc/self/fd/{}", tree.get());
}

std::vector<std::string> names_in(FdRef tree, const char* path = ".") {
    Directory dir(sys::openat(tree, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    std::vector<std::string> names;
    while (const dirent* entry = dir.next())
        names.emplace_back(entry->d_name);
    std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
    std::sort(names.begin(), names.end());
    return names;
}

// Names at the top that are no files of the VPS's: ploop's own, and e2fsck's directory, unless it
// has found files.
std::vector<std::string> left_out_of(FdRef tree) {
    constexpr const char* kFound = "lost+found";
    std::vector<std::string> names{std::string(kBalloon)};
    struct stat status {};
    if (fstatat(tree.get(), kFound, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode) &&
        names_in(tree, kFound).empty())
        names.emplace_back(kFound);
    return names;
}

Child run_cp(const std::vector<std::string>& names, FdRef from, FdRef to, FdRef said) {
    // Within the tree, so that a name that begins with "-" or is long is no matter.
    std::vector<std::string> words{kProgram,
                                   "--archive",
                                   "--one-file-system",
                                   "--sparse=auto",
                                   fmt::format("--target-directory=/proc/self/fd/{}", to.get()),
                                   "--"};
    words.insert(words.end(), names.begin(), names.end());
    return start_program(words, SIGKILL, [&] {
        return fchdir(from.get()) == 0 && fcntl(to.get(), F_SETFD, 0) == 0 &&
               dup2(said.get(), STDOUT_FILENO) >= 0 && dup2(said.get(), STDERR_FILENO) >= 0;
    });
}

struct Room {
    std::uint64_t used, free;  // bytes
};

Room room_in(FdRef tree) {
    struct statvfs status {};
    if (fstatvfs(tree.get(), &status) < 0)
        throw SysError(errno, "look at a file system");
    return {(std::uint64_t{status.f_blocks} - status.f_bfree) * status.f_frsize,
            std::uint64_t{status.f_bfree} * status.f_frsize};
}

// Waits for cp; what it has said, its first line.
void finish_cp(Child& child, const Fd& said, FdRef from, FdRef to, const TellProgress& tell) {
    const std::uint64_t all = room_in(from).used, before = room_in(to).free;
    std::string text;
    for (;;) {
        pollfd waiting{said.get(), POLLIN, 0};
        if (poll(&waiting, 1, 500) > 0) {
            char piece[4096];
            const ssize_t got = read(said.get(), piece, sizeof piece);
            if (got <= 0)
                break;
            if (text.size() < kMostSaid)
                text.append(piece, static_cast<std::size_t>(got));
        }
        const std::uint64_t free = room_in(to).free;
        tell(std::min(all, before > free ? before - free : 0), all);
    }
    const ExitStatus status = child.wait().value_or(ExitStatus{});
    if (!status.success())
        throw Error(ExitCode::System,
                    fmt::format("'{}' ended with {}: {}", kProgram, status.to_string(),
                                printable(text.substr(0, text.find('\n')))));
}

// The attributes of a file by name; those of a symbolic link, too.
std::vector<std::pair<std::string, std::string>> attributes_of(const std::string& path) {
    std::string names(1 << 16, '\0');
    const ssize_t size = llistxattr(path.c_str(), names.data(), names.size());
    std::vector<std::pair<std::string, std::string>> attributes;
    for (ssize_t at = 0; at < size;) {
        const std::string name(names.c_str() + at);
        at += static_cast<ssize_t>(name.size()) + 1;
        std::string value(1 << 16, '\0');
        const ssize_t got = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
        value.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        attributes.emplace_back(name, value);
    }
    std::sort(attributes.begin(), attributes.end());
    return attributes;
}

void compare_bytes(const std::string& one, const std::string& other, const std::string& shown) {
    const Fd first = sys::open(one, O_RDONLY | O_NOFOLLOW),
             second = sys::open(other, O_RDONLY | O_NOFOLLOW);
    for (std::uint64_t at = 0;; at += kPiece) {
        const std::string piece = read_at(first, at, kPiece, shown);
        if (piece != read_at(second, at, kPiece, shown))
            fail(shown, fmt::format("differs in its content, behind byte {}", at));
        if (piece.size() < kPiece)
            return;
    }
}

const char* find_difference(const struct stat& one, const struct stat& other) {
    if (one.st_mode != other.st_mode)
        return "has another mode";
    if (one.st_uid != other.st_uid || one.st_gid != other.st_gid)
        return "has another owner";
    if (one.st_rdev != other.st_rdev)
        return "is another device";
    if (S_ISDIR(one.st_mode))
        return nullptr;
    if (one.st_size != other.st_size)
        return "has another size";
    if (one.st_nlink != other.st_nlink)
        return "has another number of names";
    if (one.st_mtim.tv_sec != other.st_mtim.tv_sec)
        return "has another time";
    return nullptr;
}

std::unique_ptr<FTS, int (*)(FTS*)> open_tree_of(FdRef tree) {
    std::string path = place_of(tree) + "/.";
    char* const roots[] = {path.data(), nullptr};
    std::unique_ptr<FTS, int (*)(FTS*)> walk(
        fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr), fts_close);
    if (!walk)
        throw SysError(errno, "read the files");
    return walk;
}

// Gives each file below the tree to `take`: its path there, the top as ".".
template <typename Take>
std::uint64_t walk(FdRef tree, Take take) {
    const std::size_t prefix = place_of(tree).size() + 1;
    const auto entries = open_tree_of(tree);
    const std::vector<std::string> left_out = left_out_of(tree);
    std::uint64_t count = 0;
    while (FTSENT* entry = fts_read(entries.get())) {
        if (entry->fts_info == FTS_DP)
            continue;
        const std::string path(entry->fts_path + prefix);
        if (entry->fts_level == 1 &&
            std::find(left_out.begin(), left_out.end(), entry->fts_name) != left_out.end()) {
            fts_set(entries.get(), entry, FTS_SKIP);
            continue;
        }
        if (entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR)
            throw SysError(entry->fts_errno, "look at", path);
        ++count;
        take(path, *entry->fts_statp);
    }
    return count;
}

void take_owner_and_mode(FdRef from, FdRef to) {
    struct stat status {};
    if (fstat(from.get(), &status) < 0 || fchown(to.get(), status.st_uid, status.st_gid) < 0 ||
        fchmod(to.get(), status.st_mode & 07777) < 0)
        throw SysError(errno, "set the owner and the mode of the copy");
    for (const auto& [name, value] : attributes_of(place_of(from) + "/."))
        if (fsetxattr(to.get(), name.c_str(), value.data(), value.size(), 0) < 0)
            throw SysError(errno, "set an attribute of the copy", name);
}

}  // namespace

std::uint64_t bytes_in_files(FdRef tree) {
    return room_in(tree).used;
}

void copy_files(FdRef from, FdRef to, const TellProgress& tell) {
    std::vector<std::string> names = names_in(from);
    for (const std::string& name : left_out_of(from))
        std::erase(names, name);
    if (!names.empty()) {
        auto [read_end, write_end] = sys::pipe();
        Child child = run_cp(names, from, to, write_end);
        write_end.reset();
        finish_cp(child, read_end, from, to, tell);
    }
    take_owner_and_mode(from, to);
}

void compare_files(FdRef from, FdRef to, Bytes bytes, const TellProgress& tell) {
    const std::string source = place_of(from) + "/", copy = place_of(to) + "/";
    const std::uint64_t all = bytes_in_files(from);
    std::uint64_t done = 0;
    const std::uint64_t files = walk(from, [&](const std::string& path, const struct stat& one) {
        struct stat other {};
        if (fstatat(to.get(), path.c_str(), &other, AT_SYMLINK_NOFOLLOW) < 0)
            fail(path, "is missing in the copy");
        if (const char* how = find_difference(one, other))
            fail(path, fmt::format("{} in the copy", how));
        if (S_ISLNK(one.st_mode) && sys::readlink(source + path) != sys::readlink(copy + path))
            fail(path, "leads elsewhere in the copy");
        if (attributes_of(source + path) != attributes_of(copy + path))
            fail(path, "has other attributes in the copy");
        if (bytes == Bytes::Compared && S_ISREG(one.st_mode))
            compare_bytes(source + path, copy + path, path);
        done += static_cast<std::uint64_t>(one.st_blocks) * 512;
        tell(std::min(done, all), all);
    });
    const std::uint64_t copied = walk(to, [](const std::string&, const struct stat&) {});
    if (files != copied)
        throw Error(ExitCode::System,
                    fmt::format("the copy has {} files, the disk {}", copied, files));
}

}  // namespace vps
