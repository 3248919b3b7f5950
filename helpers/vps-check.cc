// vps-check [VEID | FILE]...: says what configurations and action scripts become here, what of it
// has no equivalent or is wrong, and whether each VPS would start. Changes nothing and needs no
// privilege but to read the files; with --root= it reads another node's.
#include <unistd.h>

#include <cstdlib>

#include "check/print.hh"
#include "command/main.hh"
#include "config/vps_list.hh"
#include "sys/followed_links.hh"
#include "sys/streams.hh"

namespace vps {

namespace {

const Grammar kGrammar{
    "vps-check",
    "[VEID | FILE]...",
    "Says what configurations and action scripts become, and whether each VPS would start.",
    {{"root", 0, "DIR", "read DIR/etc/vz and the private areas below DIR"},
     {"json", 0, {}, "print JSON"},
     {"quiet", 'q', {}, "print findings only"},
     {"no-notes", 0, {}, "leave notes out"},
     {"strict", 0, {}, "fail because of warnings, too"}},
};

std::string root_of(const CommandLine& line) {
    std::string root = line.value("root");
    while (root.ends_with('/'))
        root.pop_back();
    return root;
}

Checked gather(const std::string& root, const std::vector<std::string>& subjects) {
    Checked checked;
    if (subjects.empty()) {
        check_host(root, checked);
        for (const Veid veid : list_vpses(find_below(root, "/etc/vz/conf")))
            check_vps(veid, root, checked, Depth::FewFiles);
    }
    for (const std::string& subject : subjects) {
        const std::optional<Veid> veid = Veid::parse(subject);
        if (veid)
            check_vps(*veid, root, checked, Depth::EachFile);
        else
            check_file(subject, checked);
    }
    return checked;
}

void leave_out_notes(Checked& checked) {
    for (CheckedFile& file : checked.files)
        std::erase_if(file.findings,
                      [](const Finding& finding) { return finding.grade == Grade::Note; });
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

ExitCode check(const CommandLine& line) {
    Checked checked = gather(root_of(line), line.operands);
    if (line.has("no-notes"))
        leave_out_notes(checked);
    const bool colour = isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR");
    sys::print(line.has("json")
                   ? print_json(checked)
                   : print_text(checked, {.colour = colour, .quiet = line.has("quiet")}));
    return conclude(checked, line.has("strict"));
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_main(argc, argv, vps::kGrammar, vps::check);
}
