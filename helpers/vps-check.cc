// vps-check [VEID | FILE]...: says what configurations and action scripts become here, what of it
// has no equivalent or is wrong, and whether each VPS would start. Changes nothing and needs no
// privilege but to read the files; with --root= it reads another node's.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "check/print.hh"
#include "config/vps_list.hh"
#include "version.hh"

namespace vps {

namespace {

constexpr char kHelp[] =
    "Usage: vps-check [--root=DIR] [--json | --quiet] [--no-notes] [--strict] [VEID | FILE]...\n"
    "\n"
    "Says what configurations and action scripts become, and whether each VPS would start.\n"
    "\n"
    "  --root=DIR   read DIR/etc/vz and the private areas below DIR\n"
    "  --json       print JSON\n"
    "  -q, --quiet  print findings only\n"
    "  --no-notes   leave notes out\n"
    "  --strict     fail because of warnings, too\n"
    "  -h, --help   show this help\n"
    "  --version    show the version\n"
    "\n"
    "More: man vps-check\n";

struct Options {
    std::string root;
    bool json = false, quiet = false, notes = true, strict = false;
    std::vector<std::string> subjects;
};

Options parse(int argc, char** argv) {
    Options options;
    bool words_only = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (words_only || !word.starts_with('-'))
            options.subjects.emplace_back(word);
        else if (word == "--")
            words_only = true;
        else if (word.starts_with("--root="))
            options.root = word.substr(7);
        else if (word == "--root" && i + 1 < argc)
            options.root = argv[++i];
        else if (word == "--root")
            throw Error(ExitCode::Usage, "--root wants a directory (see --help)");
        else if (word == "--json")
            options.json = true;
        else if (word == "-q" || word == "--quiet")
            options.quiet = true;
        else if (word == "--no-notes")
            options.notes = false;
        else if (word == "--strict")
            options.strict = true;
        else
            throw Error(ExitCode::Usage, fmt::format("unknown option '{}' (see --help)", word));
    }
    while (options.root.ends_with('/'))
        options.root.pop_back();
    return options;
}

Checked gather(const Options& options) {
    Checked checked;
    if (options.subjects.empty()) {
        check_host(options.root, checked);
        for (const Veid veid : list_vpses(options.root + "/etc/vz/conf"))
            check_vps(veid, options.root, checked);
    }
    for (const std::string& subject : options.subjects) {
        const std::optional<Veid> veid = Veid::parse(subject);
        if (veid)
            check_vps(*veid, options.root, checked);
        else
            check_file(subject, checked);
    }
    if (!options.notes)
        for (CheckedFile& file : checked.files)
            std::erase_if(file.findings,
                          [](const Finding& finding) { return finding.grade == Grade::Note; });
    return checked;
}

ExitCode conclude(const Checked& checked, bool strict) {
    for (const StartVerdict& verdict : checked.verdicts)
        if (verdict.code != ExitCode::Ok)
            return verdict.code;
    if (checked.verdicts.empty() && checked.files[0].kind == CheckedFile::Kind::HostConfig &&
        count_findings(checked, Grade::Error) > 0)
        return checked.files[0].rows.empty() ? ExitCode::NoVzConf : ExitCode::BadValue;
    return strict && count_findings(checked, Grade::Warning) + count_findings(checked, Grade::Error)
               ? ExitCode::BadValue
               : ExitCode::Ok;
}

int run(const Options& options) {
    const Checked checked = gather(options);
    const bool colour = isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR");
    const std::string text = options.json
                                 ? print_json(checked)
                                 : print_text(checked, {.colour = colour, .quiet = options.quiet});
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        throw SysError(errno, "print");
    return static_cast<int>(conclude(checked, options.strict));
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    using namespace vps;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--help" || word == "-h")
            return std::fputs(kHelp, stdout) < 0;
        if (word == "--version")
            return std::printf("vps-check %s\n", kVersion) < 0;
    }
    try {
        return run(parse(argc, argv));
    } catch (const Error& error) {
        fmt::print(stderr, "vps-check: {}\n", error.what());
        return static_cast<int>(error.code());
    } catch (const std::exception& error) {
        fmt::print(stderr, "vps-check: {}\n", error.what());
        return static_cast<int>(ExitCode::System);
    }
}
