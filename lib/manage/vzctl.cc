#include "manage/vzctl.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include "config/config.hh"
#include "config/vps_name.hh"
#include "manage/checkpoint.hh"
#include "manage/console.hh"
#include "manage/create.hh"
#include "manage/destroy.hh"
#include "manage/inside.hh"
#include "manage/life_verbs.hh"
#include "manage/quota_verbs.hh"
#include "manage/register.hh"
#include "manage/reinstall.hh"
#include "manage/set.hh"
#include "manage/set_option.hh"
#include "manage/snapshot_print.hh"
#include "manage/snapshot_switch.hh"
#include "manage/snapshot_verbs.hh"
#include "manage/vzctl_code.hh"
#include "version.hh"

namespace vps {

namespace {

enum class WantsConfig { Yes, No };
enum class Operands { Veid, AreaFirst };  // what is behind the verb

// The words behind the VEID: options of the verb, or a command that has options of its own.
struct VerbWords {
    bool are_options = false;
    std::span<const VerbOption> known = {};
    std::vector<VerbOption> (*table)() = nullptr;  // likewise, of a table
    ExitCode unknown = ExitCode::Usage;            // the code for an option that is none of these
};

struct Verb {
    std::string_view name;
    ExitCode (*run)(const Call& call);
    VerbWords words;
    std::string_view operands;  // for --help
    std::string_view summary;   // likewise; empty: a second name of the verb before
    WantsConfig wants_config = WantsConfig::Yes;
    Operands operands_begin = Operands::Veid;
};

constexpr VerbOption kStartOptions[] = {
    {"force"}, {"wait"}, {"skip_ve_setup"}, {"skip-fsck"}, {"skip-remount"}};
constexpr VerbOption kStopOptions[] = {{"fast"}, {"skip-umount"}};
constexpr VerbOption kRestartOptions[] = {{"force"},      {"wait"},         {"skip_ve_setup"},
                                          {"skip-fsck"},  {"skip-remount"}, {"fast"},
                                          {"skip-umount"}};
constexpr VerbOption kCheckpointOptions[] = {{"dump"},
                                             {"suspend"},
                                             {"resume"},
                                             {"kill"},
                                             {"skip_arpdetect"},
                                             {"flags", Takes::Value},
                                             {"context", Takes::Value},
                                             {"dumpfile", Takes::Value}};
constexpr VerbOption kRestoreOptions[] = {{"undump"},
                                          {"kill"},
                                          {"resume"},
                                          {"skip_arpdetect"},
                                          {"skip-remount"},
                                          {"skip-fsck"},
                                          {"flags", Takes::Value},
                                          {"context", Takes::Value},
                                          {"dumpfile", Takes::Value}};

constexpr VerbOption kCreateOptions[] = {
    {"ostemplate", Takes::Value}, {"config", Takes::Value},      {"private", Takes::Value},
    {"root", Takes::Value},       {"ipadd", Takes::Value},       {"hostname", Takes::Value},
    {"name", Takes::Value},       {"description", Takes::Value}, {"layout", Takes::Value},
    {"ve_layout", Takes::Value},  {"velayout", Takes::Value},    {"diskspace", Takes::Value},
    {"diskinodes", Takes::Value}, {"local_uid", Takes::Value},   {"local_gid", Takes::Value}};

constexpr VerbOption kReinstallOptions[] = {
    {"ostemplate", Takes::Value}, {"skipbackup"}, {"resetpwdb"}, {"skipscripts"}, {"force"}};
constexpr VerbOption kRegisterOptions[] = {{"name", Takes::Value}, {"force"}, {"start"}, {"renew"}};

constexpr VerbOption kSnapshotOptions[] = {{"id", Takes::Value},   {"uuid", Takes::Value},
                                           {"name", Takes::Value}, {"description", Takes::Value},
                                           {"skip-suspend"},       {"skip-config"}};
constexpr VerbOption kSwitchOptions[] = {{"id", Takes::Value}, {"uuid", Takes::Value},
                                         {"skip_arpdetect"},   {"skip-resume"},
                                         {"must-resume"},      {"skip-config"}};
constexpr VerbOption kUuidOptions[] = {{"id", Takes::Value}, {"uuid", Takes::Value}};
constexpr VerbOption kSnapshotMountOptions[] = {
    {"id", Takes::Value}, {"uuid", Takes::Value}, {"target", Takes::Value}};
constexpr VerbOption kSnapshotListOptions[] = {{"id", Takes::Value, 'u'},
                                               {"uuid", Takes::Value},
                                               {"output", Takes::Value, 'o'},
                                               {"no-header", Takes::Nothing, 'H'},
                                               {"list", Takes::Nothing, 'L'}};
constexpr VerbWords kOfSnapshot{true, kSnapshotOptions}, kOfSwitch{true, kSwitchOptions},
    kOfUuid{true, kUuidOptions}, kOfSnapshotMount{true, kSnapshotMountOptions},
    kOfSnapshotList{true, kSnapshotListOptions};

constexpr VerbWords kOfReinstall{true, kReinstallOptions}, kOfRegister{true, kRegisterOptions};
constexpr VerbWords kOfCreate{true, kCreateOptions, nullptr, ExitCode::BadValue};
constexpr VerbWords kNoOptions{.are_options = true};
constexpr VerbWords kCommand{};
constexpr VerbWords kOfStart{true, kStartOptions}, kOfStop{true, kStopOptions},
    kOfRestart{true, kRestartOptions}, kOfChkpnt{true, kCheckpointOptions},
    kOfRestore{true, kRestoreOptions},
    kOfSet{.are_options = true, .table = set_grammar, .unknown = ExitCode::BadValue};

constexpr Verb kVerbs[] = {
    {"start", start_verb, kOfStart, "[--wait] [--force]", "start it, by its unit"},
    {"stop", stop_verb, kOfStop, "[--fast]", "stop it; --fast: without asking its init"},
    {"restart", restart_verb, kOfRestart, "[--wait] [--force] [--fast]", "stop and start it"},
    {"mount", mount_verb, kNoOptions, "", "mount its private area, with its mount scripts"},
    {"umount", umount_verb, kNoOptions, "", "dismount it, with its umount scripts"},
    {"status", status_verb, kNoOptions, "", "print one line about it", WantsConfig::No},
    {"set", set_verb, kOfSet, "[--save] [--setmode restart|ignore] [--PARAMETER VALUE ...]",
     "change its parameters, see below", WantsConfig::No},
    {"create", create_verb, kOfCreate, "[--ostemplate NAME] [--config SAMPLE] [OPTIONS]",
     "unpack a template and write its configuration", WantsConfig::No},
    {"destroy", destroy_verb, kNoOptions, "", "remove its private area, put its files aside"},
    {"delete", destroy_verb, kNoOptions, "", ""},
    {"reinstall", reinstall_verb, kOfReinstall, "[--ostemplate NAME] [--skipbackup] [--resetpwdb]",
     "make its files anew from its template"},
    {"register", register_verb, kOfRegister, "[--name NAME] [--force] [--start]",
     "make a private area that is there a VPS", WantsConfig::No, Operands::AreaFirst},
    {"unregister", unregister_verb, kNoOptions, "", "the opposite; its files stay"},
    {"exec", exec_verb, kCommand, "COMMAND [ARGUMENT ...]", "run a command line by its shell"},
    {"exec2", exec2_verb, kCommand, "COMMAND [ARGUMENT ...]",
     "the same, with the command's exit code"},
    {"exec3", exec3_verb, kCommand, "COMMAND [ARGUMENT ...]", "the same, without a shell"},
    {"enter", enter_verb, kCommand, "[--exec COMMAND [ARGUMENT ...]]", "open a login shell in it"},
    {"console", console_verb, kCommand, "[--force]",
     "attach to its console; Esc . leaves, Esc ! kills what runs there"},
    {"runscript", runscript_verb, kCommand, "SCRIPT", "run a script of the host's in it"},
    {"chkpnt", chkpnt_verb, kOfChkpnt, "--suspend | --resume", "freeze it, or let it go on"},
    {"suspend", chkpnt_verb, kOfChkpnt, "", ""},
    {"restore", restore_verb, kOfRestore, "", ""},
    {"resume", restore_verb, kOfRestore, "", ""},
    {"snapshot", snapshot_verb, kOfSnapshot,
     "[--id UUID] [--name NAME] [--description TEXT] [--skip-suspend] [--skip-config]",
     "keep its files and configuration as they are now"},
    {"snapshot-switch", snapshot_switch_verb, kOfSwitch,
     "--id UUID [--skip-resume | --must-resume] [--skip-config]", "make them again as they were"},
    {"snapshot-delete", snapshot_delete_verb, kOfUuid, "--id UUID", "delete a snapshot"},
    {"snapshot-mount", snapshot_mount_verb, kOfSnapshotMount, "--id UUID --target DIRECTORY",
     "mount the files of a snapshot, read-only"},
    {"snapshot-umount", snapshot_umount_verb, kOfUuid, "--id UUID", "dismount them"},
    {"snapshot-list", snapshot_list_verb, kOfSnapshotList,
     "[--no-header] [--output FIELD,...] [--id UUID] [--list]", "print its snapshots"},
    {"quotaon", quotaon_verb, kNoOptions, "", "set the limits of its disk"},
    {"quotainit", quotaon_verb, kNoOptions, "", ""},
    {"quotaoff", quotaoff_verb, kNoOptions, "", ""},
    {"quotastat", quotastat_verb, kNoOptions, "", "print the use and the limits of its disk"},
};

struct UnsupportedVerb {
    std::string_view name;
    ExitCode code;
    std::string_view why;
};

constexpr UnsupportedVerb kUnsupported[] = {
    {"convert", ExitCode::Ploop, "vps-ploop converts ploop images to files"},
    {"compact", ExitCode::Ploop, "private areas are directories (simfs) here"},
    {"migrate", vzctl_code::kUnsupported, "no VPS is migrated while it runs"},
};

std::string version_line() {
    return fmt::format("vzctl version {} (systemd-vps {})\n", kVzctlVersion, kVersion);
}

std::string help_text() {
    std::string text = version_line() +
                       "\nUsage: vzctl [--quiet | --verbose] VERB VEID|NAME [OPTIONS]\n\n"
                       "Works on a VPS by its unit, vps@VEID.service, in the words of OpenVZ's "
                       "vzctl.\n\n";
    for (const Verb& verb : kVerbs)
        if (!verb.summary.empty())
            text += fmt::format("  vzctl {} {}VEID{}{}\n      {}\n", verb.name,
                                verb.operands_begin == Operands::AreaFirst ? "PRIVATE " : "",
                                verb.operands.empty() ? "" : " ", verb.operands, verb.summary);
    text += "\nParameters of set, and the keys of VEID.conf that they are:\n\n";
    for (const SetOption& option : set_options())
        text += fmt::format("  --{} {}\n      {}\n", option.name, option.value, option.key);
    text +=
        "\nOptions of create: some of these, and\n\n"
        "  --config SAMPLE\n      the sample to begin with\n"
        "  --layout simfs\n      files in a directory, which is the only one\n"
        "  --local_uid NUMBER, --local_gid NUMBER\n      where ids on disk start\n"
        "\nFurther options of set:\n\n"
        "  --userpasswd USER:PASSWORD\n      change the password of a user in it\n"
        "  --applyconfig SAMPLE\n      keys of a sample in /etc/vz/conf\n"
        "  --applyconfig_map name\n      make the link of its name again\n"
        "  --reset_ub\n      give it the limits of its configuration\n"
        "  --force, --skip_arpdetect, --offline-resize\n      no effect\n";
    return text + "\nMore: man vzctl\n";
}

template <typename Row, std::size_t N>
const Row* find_row(const Row (&rows)[N], std::string_view name) {
    const auto* row = std::find_if(std::begin(rows), std::end(rows),
                                   [&](const Row& known) { return known.name == name; });
    return row == std::end(rows) ? nullptr : row;
}

bool is_number(const std::string& word) {
    const std::size_t sign = word.starts_with('-') ? 1 : 0;
    return word.size() > sign && word.find_first_not_of("0123456789", sign) == word.npos;
}

Veid parse_operand(const std::string& word) {
    if (word == "0")
        throw Complaint(ExitCode::BadValue, "VEID 0 is the host, which is no VPS");
    if (const std::optional<Veid> veid = Veid::parse(word))
        return *veid;
    const std::vector<Veid> named = is_number(word) ? std::vector<Veid>() : find_named(word);
    if (named.size() > 1)
        throw Complaint(ExitCode::BadValue,
                        fmt::format("Bad CT ID {}: the NAME of more than one VPS, {} and {}", word,
                                    named[0].value(), named[1].value()));
    if (named.empty())
        throw Complaint(ExitCode::BadValue, "Bad CT ID " + word);
    return named.front();
}

void require_config(Veid veid) {
    try {
        (void)load_vps_config(veid);
    } catch (const Error& error) {
        if (error.code() == ExitCode::NoVpsConf)
            throw Complaint(error.code(), "Container config file does not exist");
        throw;
    }
}

ExitCode run_verb(std::span<const std::string> words, const Talk& talk) {
    const std::string& name = words.front();
    const Verb* verb = find_row(kVerbs, name);
    const UnsupportedVerb* unsupported = find_row(kUnsupported, name);
    if (!verb && !unsupported)
        throw Complaint(ExitCode::Usage, "Bad command: " + name);
    const std::size_t at = verb && verb->operands_begin == Operands::AreaFirst ? 2 : 1;
    if (words.size() <= at)
        throw Complaint(ExitCode::BadValue, "CT ID missing");
    const Veid veid = parse_operand(words[at]);
    if (geteuid() != 0)
        throw Error(ExitCode::System, "only root can do this");
    if (!verb)
        throw Complaint(unsupported->code,
                        fmt::format("{} is not supported: {}", name, unsupported->why));
    const auto rest = words.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    Call call{veid, name, {rest, words.end()}, {}, talk, at == 2 ? words[1] : std::string()};
    if (verb->words.are_options)
        call.given = parse_options(
            call.words,
            verb->words.table ? verb->words.table()
                              : std::vector(verb->words.known.begin(), verb->words.known.end()),
            verb->words.unknown);
    if (verb->wants_config == WantsConfig::Yes)
        require_config(veid);
    return verb->run(call);
}

// The line of an error: vzctl's own where it has one, else our words behind the program's name.
std::string line_of(const std::exception& error) {
    return dynamic_cast<const Complaint*>(&error) ? error.what()
                                                  : fmt::format("vzctl: {}", error.what());
}

ExitCode run_with(std::span<const std::string> words, const Talk& talk) {
    try {
        return run_verb(words, talk);
    } catch (const Error& error) {
        talk.warn(line_of(error));
        return error.code();
    } catch (const std::exception& error) {
        talk.warn(line_of(error));
        return ExitCode::System;
    }
}

}  // namespace

ExitCode run_vzctl(const std::vector<std::string>& words) {
    Loudness loudness = Loudness::Usual;
    std::span<const std::string> left(words);
    while (!left.empty()) {
        const std::string& word = left.front();
        if (word == "--version") {
            sys::print(version_line());
            return ExitCode::Ok;
        }
        if (word == "--help" || word == "-h") {
            sys::print(help_text());
            return ExitCode::Ok;
        }
        if (word == "--quiet")
            loudness = Loudness::Quiet;
        else if (word != "--verbose" && word != "--skiplock")
            break;
        left = left.subspan(1);
    }
    if (left.empty()) {
        sys::print_line(sys::kErrors, help_text());
        return ExitCode::Usage;
    }
    return run_with(left, Talk(loudness));
}

}  // namespace vps
