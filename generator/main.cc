// systemd-vps-generator: turns /etc/vz into units, at boot and at each daemon-reload.
// Run by PID 1 with three directories (systemd.generator(7)), as root, before anything is mounted
// but the root file system; by hand or in tests with --root= and --dry-run, without privilege.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "generator/message.hh"
#include "generator/plan.hh"
#include "generator/scan.hh"
#include "generator/write.hh"
#include "sys/error.hh"
#include "version.hh"

namespace vps {

namespace {

constexpr char kHelp[] =
    "systemd-vps-generator [--root=DIR] [--dry-run] NORMAL-DIR [EARLY-DIR LATE-DIR]\n"
    "\n"
    "Writes units for the VPSes of /etc/vz below NORMAL-DIR.\n"
    "\n"
    "  --root=DIR  read DIR/etc/vz\n"
    "  --dry-run   print what would be written; needs no directories\n"
    "  --help      print this\n"
    "  --version   print the version\n";

struct Options {
    std::string root;
    bool dry_run = false;
    std::vector<std::string> directories;
};

[[noreturn]] void fail_usage(const std::string& why) {
    throw Error(ExitCode::Usage, why + "; see --help");
}

Options parse_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument.starts_with("--root="))
            options.root = argument.substr(7);
        else if (argument == "--dry-run")
            options.dry_run = true;
        else if (argument.starts_with("-"))
            fail_usage("unknown option '" + std::string(argument) + "'");
        else
            options.directories.emplace_back(argument);
    }
    while (options.root.ends_with('/'))
        options.root.pop_back();
    const auto count = options.directories.size();
    if (options.dry_run ? count != 0 && count != 1 && count != 3 : count != 1 && count != 3)
        fail_usage("one or three directories expected");
    return options;
}

void report(const std::vector<Diagnostic>& diagnostics) {
    for (const auto& diagnostic : diagnostics)
        if (diagnostic.severity != Severity::Note)
            say(Priority::Warning, diagnostic.to_string());
}

// Says what is wrong with the configuration; false if some of it could not be read.
bool report(const ScannedHost& host) {
    for (const auto& error : host.errors)
        say(Priority::Error, error);
    report(host.diagnostics);
    for (const auto& vps : host.vpses) {
        report(vps.config.diagnostics);
        if (vps.config.refusal())
            say(Priority::Warning, "vps " + vps.veid.to_string() + ": will refuse to start");
    }
    return host.errors.empty();
}

// What is in memory ends with the process: to free it piece by piece took three percent of a run.
[[noreturn]] void end(bool complete) {
    (void)std::fflush(stdout);
    _exit(static_cast<int>(complete ? ExitCode::Ok : ExitCode::System));
}

[[noreturn]] void run(const Options& options) {
    const auto host = scan(options.root);
    bool complete = report(host);
    const auto tree = plan(host);
    if (options.dry_run) {
        (void)std::fputs(print_tree(tree).c_str(), stdout);
        end(complete);
    }
    for (const auto& error : write_tree(tree, options.directories[0])) {
        say(Priority::Error, error);
        complete = false;
    }
    end(complete);
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    using namespace vps;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "--help")
            return std::puts(kHelp) < 0;
        if (std::string_view(argv[i]) == "--version")
            return std::printf("systemd-vps-generator %s\n", kVersion) < 0;
    }
    try {
        run(parse_options(argc, argv));
    } catch (const Error& error) {
        say(Priority::Error, error.what());
        return static_cast<int>(error.code());
    }
}
