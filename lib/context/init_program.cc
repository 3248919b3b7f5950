#include "context/init_program.hh"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <vector>

#include "sys/error.hh"
#include "sys/file_kind.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"

namespace vps {

Fd find_init_program(FdRef root) {
    for (const char* path : kInits)
        if (Fd found = sys::find_in_root(root, path, O_PATH))
            return found;
    return {};
}

std::optional<std::string> explain_no_init(FdRef root, const std::string& shown) {
    for (const char* path : kInits) {
        const Fd found = sys::find_in_root(root, path, O_PATH);
        struct stat status {};
        if (!found)
            continue;
        if (fstat(found.get(), &status) < 0)
            throw SysError(errno, "look at", shown + path);
        if (!S_ISREG(status.st_mode))
            return fmt::format(
                "init, '{}' in '{}', is {}, and no program; put the VPS's init there", path, shown,
                name_of_file_kind(status.st_mode));
        if ((status.st_mode & 0111) == 0)
            return fmt::format("init, '{}' in '{}', has no run bit (chmod +x)", path, shown);
        return std::nullopt;
    }
    return fmt::format("there is no init in '{}' (looked for {})", shown, fmt::join(kInits, ", "));
}

// The first EI_NIDENT bytes of init, or what there is.
static std::string head_of_init(FdRef root) {
    const Fd found = find_init_program(root);
    const Fd program = found ? open_guest_file(found) : Fd();
    char head[EI_NIDENT];
    const ssize_t got = program ? pread(program.get(), head, sizeof head, 0) : 0;
    return {head, static_cast<std::size_t>(got > 0 ? got : 0)};
}

bool is_init_32_bit(FdRef root) {
    const std::string head = head_of_init(root);
    return head.size() == EI_NIDENT && head.starts_with(ELFMAG) && head[EI_CLASS] == ELFCLASS32;
}

bool is_init_script(FdRef root) {
    return head_of_init(root).starts_with("#!");
}

static std::vector<std::string> names_in(FdRef root, const std::string& path) {
    constexpr std::size_t kMost = 100'000;  // the directory is the VPS's
    std::vector<std::string> names;
    const Fd dir = sys::find_in_root(root, path, O_RDONLY | O_DIRECTORY);
    if (!dir)
        return names;
    std::error_code ignored;  // names that cannot be read are not there
    for (std::filesystem::directory_iterator at(fmt::format("/proc/self/fd/{}", dir.get()),
                                                ignored);
         at != std::filesystem::directory_iterator() && names.size() < kMost; at.increment(ignored))
        names.push_back(at->path().filename());
    return names;
}

static bool has_shared_library(FdRef root, const std::string& dir) {
    constexpr std::string_view kLibrary = "libsystemd-shared-";
    for (const std::string& name : names_in(root, dir + "/systemd")) {
        unsigned version = 0;
        if (name.starts_with(kLibrary) &&
            std::from_chars(name.data() + kLibrary.size(), name.data() + name.size(), version).ec ==
                std::errc() &&
            version >= 230)
            return true;
    }
    return false;
}

bool is_init_old_systemd(FdRef root) {
    const Fd program = find_init_program(root);
    if (!program || !sys::readlink(fmt::format("/proc/self/fd/{}", program.get()))
                         .ends_with("/systemd"))  // behind all symbolic links
        return false;
    // Debian has the library below the directory of an architecture, others have it in lib64.
    for (const char* lib : {"/lib", "/usr/lib", "/lib64", "/usr/lib64"}) {
        if (has_shared_library(root, lib))
            return false;
        for (const std::string& name : names_in(root, lib))
            if (name.find("-linux-gnu") != name.npos &&
                has_shared_library(root, fmt::format("{}/{}", lib, name)))
                return false;
    }
    return true;
}

}  // namespace vps
