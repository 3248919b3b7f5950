// mount.simfs SRC DST [-fnsv] [-o OPTIONS]: what mount(8) calls for `mount -t simfs SRC DST -o
// SRC`, the idiom of OpenVZ's mount scripts. A stock kernel has no simfs; a bind mount does the
// same.

#include "sys/mount.hh"

#include <fmt/format.h>
#include <sys/mount.h>

#include <array>
#include <string>
#include <string_view>

#include "command/main.hh"
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
    "SRC DST",
    "Binds SRC on DST, for mount -t simfs SRC DST -o SRC[,OPTIONS].",
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

// The first of the options is the source's path once more, which may itself hold commas.
std::string without_source(std::string options, const std::string& source) {
    const std::string padded = "," + options + ",", wanted = "," + source + ",";
    const std::size_t at = padded.find(wanted);
    return at == std::string::npos ? options
                                   : padded.substr(0, at) + "," + padded.substr(at + wanted.size());
}

void apply_option(std::string_view name, BindSpec& spec) {
    for (const MountOption& option : kOptions)
        if (option.name == name) {
            // The last of two that contradict each other wins.
            spec.set = (spec.set & ~option.clear) | option.set;
            spec.clear = (spec.clear & ~option.set) | option.clear;
            return;
        }
    if (name.starts_with('/'))
        return;  // the source under another name
    throw Error(
        ExitCode::Usage,
        fmt::format("mount option '{}' is not known for simfs, which is a bind mount here", name));
}

void apply_options(const std::string& text, BindSpec& spec) {
    const std::string options = without_source(text, spec.source);
    for (std::size_t at = 0; at < options.size();) {
        const std::size_t comma = std::min(options.find(',', at), options.size());
        if (comma > at)
            apply_option(std::string_view(options).substr(at, comma - at), spec);
        at = comma + 1;
    }
}

BindSpec plan_bind(const CommandLine& line) {
    if (line.operands.size() != 2)
        usage_error("a source and a mount point are wanted");
    BindSpec bind;
    bind.source = line.operands[0];
    bind.target = line.operands[1];
    if (line.has("-r"))
        apply_option("ro", bind);
    for (const std::string& options : line.values("-o"))
        apply_options(options, bind);
    return bind;
}

// In a running VPS root owns what root owns in the source, where the file system can do that.
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
    // A mount that a running VPS is to see; those of its mount scripts are mapped at its start.
    const std::optional<Fd> user_namespace = find_user_namespace_of(sys::realpath(bind.target));
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
