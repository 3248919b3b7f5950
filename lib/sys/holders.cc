#include "sys/holders.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <set>
#include <string_view>

#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::size_t kMostNames = 3;

// Whether the link of /proc leads to `path`, or to something below it.
bool leads_to(const std::string& link, const std::string& path, bool or_below) {
    char target[4096];
    const ssize_t length = readlink(link.c_str(), target, sizeof target);
    if (length < 0)
        return false;
    const std::string_view found(target, static_cast<std::size_t>(length));
    return found == path || (or_below && found.starts_with(path + "/"));
}

// Whether the process whose directory of /proc this is has that descriptor open for writing.
bool is_for_writing(const std::string& dir, const std::string& fd) {
    try {
        const std::string info = sys::read_file(dir + "/fdinfo/" + fd);
        const std::size_t flags = info.find("flags:");
        return flags != info.npos &&
               (std::strtoul(info.c_str() + flags + 6, nullptr, 8) & O_ACCMODE) != O_RDONLY;
    } catch (const SysError&) {
        return false;  // closed meanwhile
    }
}

bool has_open(const std::string& dir, const std::function<bool(const std::string& fd)>& is_wanted) {
    Directory files(dir + "/fd");
    while (const dirent* file = files.next())
        if (is_wanted(file->d_name))
            return true;
    return false;
}

std::string name_processes(const std::function<bool(const std::string& dir)>& is_wanted) {
    std::set<std::string> names;
    Directory proc("/proc");
    while (const dirent* entry = proc.next()) {
        const std::string dir = std::string("/proc/") + entry->d_name;
        if (names.size() >= kMostNames || !parse_pid(entry->d_name) || !is_wanted(dir))
            continue;
        try {
            std::string command = sys::read_file(dir + "/comm");
            while (command.ends_with('\n'))
                command.pop_back();
            names.insert(fmt::format("{} (pid {})", command, entry->d_name));
        } catch (const SysError&) {
            // The process ended meanwhile.
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string name_holders(const std::string& path, HoldersIn where) {
    const std::string mounts = sys::readlink("/proc/self/ns/mnt");
    return name_processes([&](const std::string& dir) {
        if (where == HoldersIn::OwnMounts && !leads_to(dir + "/ns/mnt", mounts, false))
            return false;
        return leads_to(dir + "/cwd", path, true) || leads_to(dir + "/root", path, true) ||
               leads_to(dir + "/exe", path, true) || has_open(dir, [&](const std::string& fd) {
                   return leads_to(dir + "/fd/" + fd, path, true);
               });
    });
}

std::string name_writers(const std::string& path) {
    return name_processes([&](const std::string& dir) {
        return has_open(dir, [&](const std::string& fd) {
            return leads_to(dir + "/fd/" + fd, path, false) && is_for_writing(dir, fd);
        });
    });
}

}  // namespace vps
