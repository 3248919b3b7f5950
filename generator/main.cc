// systemd-vps-generator: turns /etc/vz into units, at boot and at each daemon-reload.
// Run by PID 1 with three directories (systemd.generator(7)), as root, before anything is mounted
// but the root file system; by hand or in tests with --root= and --dry-run, without privilege.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "generator/message.hh"
#include "generator/plan.hh"
#include "generator/scan.hh"
#include "generator/write.hh"
#include "sys/error.hh"
#include "sys/parts.hh"
#include "sys/streams.hh"
#include "sys/utf8.hh"
#include "version.hh"

namespace vps {

namespace {

constexpr char kHelp[] =
    "Usage: systemd-vps-generator [--root DIR] [--dry-run] NORMAL-DIR [EARLY-DIR LATE-DIR]\n"
    "\n"
    "Writes units for the VPSes of /etc/vz below NORMAL-DIR, and links below LATE-DIR.\n"
    "\n"
    "      --root DIR  read DIR/etc/vz\n"
    "      --dry-run   print what would be written; needs no directories\n"
    "  -h, --help      show this help\n"
    "      --version   show the version\n"
    "\n"
    "More: man systemd-vps-generator\n";

struct Options {
    std::string root;
    bool dry_run = false, help = false, version = false;
    std::vector<std::string> directories;
};

[[noreturn]] void fail_usage(const std::string& why) {
    throw Error(ExitCode::Usage, why + " (see --help)");
}

void require_directories(const Options& options) {
    const auto count = options.directories.size();
    if (options.dry_run ? count != 0 && count != 1 && count != 3 : count != 1 && count != 3)
        fail_usage("one or three directories are wanted");
}

// The grammar of all programs (grammar.hh), by hand: PID 1 waits for us.
Options parse_options(const std::vector<std::string>& words) {
    Options options;
    for (auto word = words.begin(); word != words.end(); ++word) {
        const std::string name = word->substr(0, word->starts_with("--") ? word->find('=') : 2);
        const bool has_value = name.size() < word->size();
        if (*word == "--") {
            options.directories.insert(options.directories.end(), word + 1, words.end());
            break;
        }
        if (name == "--root") {
            if (!has_value && word + 1 != words.end() && !(word + 1)->starts_with('-'))
                options.root = *++word;
            else if (has_value && word->size() > name.size() + 1)
                options.root = word->substr(name.size() + 1);
            else
                fail_usage("--root wants a value, DIR");
        } else if (bool* const flag = name == "--dry-run"                ? &options.dry_run
                                      : name == "--help" || name == "-h" ? &options.help
                                      : name == "--version"              ? &options.version
                                                                         : nullptr) {
            if (has_value)
                fail_usage(name + " takes no value");
            *flag = true;
        } else if (word->starts_with('-') && *word != "-") {
            fail_usage("unknown option '" + name + "'");
        } else {
            options.directories.push_back(*word);
        }
    }
    while (options.root.ends_with('/'))
        options.root.pop_back();
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

// Leaves all memory to the end of the process: to free it piece by piece took three percent of a
// run.
[[noreturn]] void end(bool complete) {
    _exit(static_cast<int>(complete ? ExitCode::Ok : ExitCode::System));
}

// Plans and writes the units of a few VPSes after the other, so that the processor's caches hold
// them; on all CPUs. Returns a line for each entry that could not be made.
std::vector<std::string> write_units(const Plan& plan, std::size_t vpses,
                                     const UnitWriter& writer) {
    constexpr std::size_t kAtOnce = 64;
    std::vector<std::string> errors;
    writer.write(plan.of_all(), errors);
    const auto parts = in_parts(vpses, [&](std::size_t first, std::size_t end) {
        std::vector<std::string> failed;
        for (; first < end; first += std::min(kAtOnce, end - first))
            writer.write(plan.of_vpses(first, first + std::min(kAtOnce, end - first)), failed);
        return failed;
    });
    for (const auto& failed : parts)
        errors.insert(errors.end(), failed.begin(), failed.end());
    return errors;
}

[[noreturn]] void run(const Options& options) {
    const auto host = scan(options.root);
    bool complete = report(host);
    const Plan plan(host);
    const auto count = host.vpses.size();
    if (options.dry_run) {
        sys::print(print_trees({plan.of_vpses(0, count), plan.of_all()}));
        end(complete);
    }
    const UnitWriter writer(options.directories.front(),
                            options.directories.size() == 3 ? options.directories[2] : "");
    for (const auto& error : write_units(plan, count, writer)) {
        say(Priority::Error, error);
        complete = false;
    }
    end(complete);
}

void run_as_told(const std::vector<std::string>& words) {
    sys::open_standard_streams();
    const Options options = parse_options(words);
    if (options.help)
        sys::print(kHelp);
    else if (options.version)
        sys::print(std::string("systemd-vps-generator ") + kVersion + "\n");
    else {
        require_directories(options);
        run(options);
    }
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    using namespace vps;
    try {
        run_as_told({argv + (argc > 0), argv + argc});
        return 0;
    } catch (const Error& error) {
        say(Priority::Error, printable(error.what()));
        return static_cast<int>(error.code());
    } catch (const std::exception& error) {
        say(Priority::Error, printable(error.what()));
        return static_cast<int>(ExitCode::System);
    }
}
