// mount.simfs LABEL DST [-fnsv] [-o OPTIONS]: what mount(8) calls for `mount -t simfs LABEL DST -o
// SRC`, the idiom of OpenVZ's mount scripts. A stock kernel has no simfs; a bind mount does the
// same. Nothing is mounted outside of VE_ROOT by way of a symbolic link of the VPS's.

#include "sys/mount.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "command/main.hh"
#include "state/root_bounds.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

struct MountOption {
    std::string_view name;
    std::uint64_t set, clear;
};

// mount(8), "Filesystem-independent mount options", as far as a mount of its own can have them.
constexpr std::array kOptions{
    MountOption{"ro", MOUNT_ATTR_RDONLY, 0},
    MountOption{"rw", 0, MOUNT_ATTR_RDONLY},
    MountOption{"nosuid", MOUNT_ATTR_NOSUID, 0},
    MountOption{"suid", 0, MOUNT_ATTR_NOSUID},
    MountOption{"nodev", MOUNT_ATTR_NODEV, 0},
    MountOption{"dev", 0, MOUNT_ATTR_NODEV},
    MountOption{"noexec", MOUNT_ATTR_NOEXEC, 0},
    MountOption{"exec", 0, MOUNT_ATTR_NOEXEC},
    MountOption{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    MountOption{"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    MountOption{"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    MountOption{"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    MountOption{"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    MountOption{"diratime", 0, MOUNT_ATTR_NODIRATIME},
    MountOption{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    MountOption{"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    MountOption{"defaults", 0, 0},
    MountOption{"bind", 0, 0},
};

// mount(8), "External helpers", and -r and -w, which scripts give that call us themselves.
const Grammar kGrammar{
    "mount.simfs",
    "LABEL DST",
    "Binds SRC on DST, for mount -t simfs LABEL DST -o SRC[,OPTIONS]. Without SRC, LABEL is bound.",
    {{"", 'f', {}, "do everything but the mount"},
     {"", 'n', {}, "ignored"},
     {"", 'N', "NAMESPACE", "ignored"},
     {"", 'o', "OPTIONS", "mount options"},
     {"", 'r', {}, "as -o ro"},
     {"", 's', {}, "ignored"},
     {"", 't', "TYPE", "ignored"},
     {"", 'v', {}, "say what is mounted"},
     {"", 'w', {}, "ignored"}},
};

// Takes the source out of the options: an absolute path, which may hold commas. Of the paths that
// it may be, the longest that exists.
std::string take_source(const std::string& options, std::string& source) {
    const std::size_t start = options.starts_with('/') ? 0 : options.find(",/") + 1;
    if (start == 0 && !options.starts_with('/'))
        return options;
    std::size_t end = std::min(options.find(',', start), options.size());
    for (std::size_t at = end; at < options.size();) {
        at = std::min(options.find(',', at + 1), options.size());
        if (access(options.substr(start, at - start).c_str(), F_OK) == 0)
            end = at;
    }
    source = options.substr(start, end - start);
    return options.substr(0, start) + options.substr(std::min(end + 1, options.size()));
}

void apply_option(std::string_view name, BindSpec& spec) {
    for (const MountOption& option : kOptions)
        if (option.name == name) {
            // The last of two that contradict each other wins.
            spec.set = (spec.set & ~option.clear) | option.set;
            spec.clear = (spec.clear & ~option.set) | option.clear;
            return;
        }
    throw Error(
        ExitCode::Usage,
        fmt::format("mount option '{}' is not known for simfs, which is a bind mount here", name));
}

void apply_options(const std::string& text, BindSpec& spec) {
    const std::string options = take_source(text, spec.source);
    for (std::size_t at = 0; at < options.size();) {
        const std::size_t comma = std::min(options.find(',', at), options.size());
        if (comma > at)
            apply_option(std::string_view(options).substr(at, comma - at), spec);
        at = comma + 1;
    }
}

BindSpec plan_bind(const CommandLine& line) {
    if (line.operands.size() != 2)
        usage_error("a source or label and a mount point are wanted");
    BindSpec bind;
    bind.source = line.operands[0];
    bind.target = line.operands[1];
    if (line.has("-r"))
        apply_option("ro", bind);
    for (const std::string& options : line.values("-o"))
        apply_options(options, bind);
    return bind;
}

// The words that the caller was called with: mount(8) resolves symbolic links before it calls us.
std::vector<std::string> read_words_of_caller() {
    std::vector<std::string> words;
    std::string text;
    try {
        text = sys::read_file(fmt::format("/proc/{}/cmdline", getppid()));
    } catch (const SysError&) {
        return words;  // it has ended: mount(8) waits for us
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\0', at), text.size());
        const std::string word = text.substr(at, end - at);
        words.push_back(word.starts_with("--target=") ? word.substr(word.find('=') + 1) : word);
        at = end + 1;
    }
    return words;
}

// The path of an open mount point, which no symbolic link diverts any more.
std::string path_to_attach(FdRef file, const std::string& place) {
    struct stat status {};
    const bool is_dir = fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode);
    return is_dir ? fmt::format("/proc/self/fd/{}/.", file.get()) : place;
}

// The mount in a running VPS shows root's files as the VPS's root's, where the file system can do
// that.
void show_as_in_vps(BindSpec& bind, FdRef user_namespace) {
    if (DetachedMount::copy_of(bind.source).map_ids(user_namespace))
        bind.user_namespace = user_namespace;
    else
        sys::print_line(sys::kErrors,
                        fmt::format("mount.simfs: user ids cannot be mapped in '{}': its file "
                                    "system cannot do that; in the running VPS its files are "
                                    "nobody's",
                                    bind.source));
}

ExitCode mount_simfs(const CommandLine& line) {
    BindSpec bind = plan_bind(line);
    if (line.has("-v"))
        sys::print_line(sys::kOutput,
                        fmt::format("mount.simfs: {} on {}", bind.source, bind.target));
    if (line.has("-f"))
        return ExitCode::Ok;
    const Fd target = sys::open(bind.target, O_PATH);
    const std::string place = sys::readlink(fmt::format("/proc/self/fd/{}", target.get()));
    refuse_to_leave_roots(bind.target, place, read_words_of_caller());
    bind.target = path_to_attach(target, place);
    // A mount that a running VPS is to see; those of its mount scripts are mapped at its start.
    const std::optional<Fd> user_namespace = find_user_namespace_of(place);
    if (user_namespace)
        show_as_in_vps(bind, *user_namespace);
    bind_mount(bind).keep();
    return ExitCode::Ok;
}

// mount(8), "EXIT STATUS"
int to_mount_code(int code) {
    return code == 0 ? 0 : code == static_cast<int>(ExitCode::Usage) ? 1 : 32;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::to_mount_code(vps::run_main(argc, argv, vps::kGrammar, vps::mount_simfs));
}
