// mount.simfs SRC DST [-fnsv] [-o OPTIONS]: what mount(8) calls for `mount -t simfs SRC DST -o
// SRC`, the idiom of OpenVZ's mount scripts. A stock kernel has no simfs; a bind mount does the
// same.

#include "sys/mount.hh"

#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "state/state.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "version.hh"

namespace vps {

namespace {

constexpr const char* kName = "mount.simfs";

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

struct CommandLine {
    BindSpec bind;
    bool fake = false, verbose = false, help = false, version = false;
};

[[noreturn]] void usage_error(const std::string& text) {
    throw Error(ExitCode::Usage, text + " (see --help)");
}

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

// mount(8), "External helpers": -o is given as one more word, -f -n -s -v as letters, -t and -N
// with a value. Scripts that call us themselves may put the options first.
CommandLine parse(int argc, char** argv) {
    CommandLine line;
    std::vector<std::string> operands, options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto next = [&] {
            if (i + 1 >= argc)
                usage_error(fmt::format("'{}' wants a value", word));
            return std::string(argv[++i]);
        };
        if (word == "--help" || word == "-h")
            line.help = true;
        else if (word == "--version")
            line.version = true;
        else if (word == "-o")
            options.push_back(next());
        else if (word == "-t" || word == "-N")
            (void)next();
        else if (word.size() > 1 && word.front() == '-') {
            if (word.find_first_not_of("fnsvrw", 1) != std::string::npos)
                usage_error(fmt::format("unknown option '{}'", word));
            line.fake |= word.find('f') != std::string::npos;
            line.verbose |= word.find('v') != std::string::npos;
            if (word.find('r') != std::string::npos)
                options.emplace_back("ro");
        } else
            operands.push_back(word);
    }
    if (line.help || line.version)
        return line;
    if (operands.size() != 2)
        usage_error("a source and a mount point are wanted");
    line.bind.source = operands[0];
    line.bind.target = operands[1];
    for (const std::string& option : options)
        apply_options(option, line.bind);
    return line;
}

int run(int argc, char** argv) try {
    CommandLine line = parse(argc, argv);
    if (line.help) {
        fmt::print(
            "Usage: {} SRC DST [-fnsv] [-o OPTIONS]\n\n"
            "Binds SRC on DST, for mount -t simfs SRC DST -o SRC[,OPTIONS].\n\nMore: man {}\n",
            kName, kName);
        return 0;
    }
    if (line.version) {
        fmt::print("{} {}\n", kName, kVersion);
        return 0;
    }
    if (line.verbose)
        fmt::print("{}: {} on {}\n", kName, line.bind.source, line.bind.target);
    if (line.fake)
        return 0;
    // A mount that a running VPS is to see; those of its mount scripts are mapped at its start.
    const std::optional<Fd> user_namespace =
        find_user_namespace_of(sys::realpath(line.bind.target));
    if (user_namespace)
        line.bind.user_namespace = *user_namespace;
    bind_mount(line.bind).keep();
    return 0;
} catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n", kName, error.what());
    return error.code() == ExitCode::Usage ? 1 : 32;  // mount(8), "EXIT STATUS"
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", kName, error.what());
    return 2;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run(argc, argv);
}
