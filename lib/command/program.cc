#include "command/program.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <csignal>
#include <cstdio>
#include <sstream>

#include "command/command_words.hh"
#include "config/vps_name.hh"
#include "sys/error.hh"
#include "systemd/cgroup.hh"
#include "systemd/notify.hh"
#include "version.hh"

namespace vps {

namespace po = boost::program_options;

namespace {

struct CommandLine {
    std::string veid, user;
    std::vector<std::string> command;
    bool force = false, help = false, version = false;
};

po::options_description visible_options(const ProgramInfo& info, CommandLine& line) {
    po::options_description options("Options");
    options.add_options()("help,h", po::bool_switch(&line.help), "show this help")(
        "version", po::bool_switch(&line.version), "show the version");
    if (info.has_force)
        options.add_options()("force", po::bool_switch(&line.force),
                              "go on even if a script or a busy mount refuses");
    if (info.has_user)
        options.add_options()("user", po::value(&line.user)->value_name("USER"),
                              "run it as this user of the VPS, not as root");
    return options;
}

[[noreturn]] void usage_error(const std::string& text) {
    throw Error(ExitCode::Usage, text + " (see --help)");
}

CommandLine parse(int argc, char** argv, const ProgramInfo& info) {
    CommandLine line;
    po::options_description all;
    all.add(visible_options(info, line));
    all.add_options()("veid", po::value(&line.veid));
    po::positional_options_description positions;
    positions.add("veid", 1);
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (!info.command_usage.empty()) {
        CommandWords split = split_words(words);
        words = std::move(split.ours);
        line.command = std::move(split.command);
    }
    try {
        po::variables_map map;
        po::store(po::command_line_parser(words).options(all).positional(positions).run(), map);
        po::notify(map);
    } catch (const po::too_many_positional_options_error&) {
        usage_error("one VEID is wanted, not more");
    } catch (const po::error& error) {
        usage_error(error.what());
    }
    return line;
}

void print_help(const ProgramInfo& info) {
    CommandLine unused;
    std::ostringstream options;
    options << visible_options(info, unused);
    fmt::print("Usage: {}{}{} VEID{}{}\n\n{}\n\n{}\nMore: man {}\n", info.name,
               info.has_force ? " [--force]" : "", info.has_user ? " [--user USER]" : "",
               info.command_usage.empty() ? "" : " ", info.command_usage, info.summary,
               options.str(), info.name);
}

Veid parse_veid(const std::string& text) {
    if (text.empty())
        usage_error("a VEID is wanted");
    if (const std::optional<Veid> veid = Veid::parse(text))
        return *veid;
    const std::vector<Veid> named = find_named(text);
    if (named.empty())
        usage_error(fmt::format("'{}' is no VEID, a number from 1 to {}, nor the NAME of a VPS",
                                text, Veid::kMax));
    if (named.size() > 1)
        usage_error(
            fmt::format("{} is the NAME of more than one VPS: {} and {}; one VEID is wanted", text,
                        named[0].value(), named[1].value()));
    // systemd has another unit by that name, in another slice.
    if (cgroup_of("self").ends_with(fmt::format("/vps@{}.service", text)))
        usage_error(fmt::format("{0} is the NAME of VPS {1}, whose unit is vps@{1}.service", text,
                                named[0].value()));
    return named[0];
}

ExitCode report_failure(const std::exception& error, const ProgramInfo& info,
                        const std::optional<Invocation>& invocation) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    const ExitCode code = ours ? ours->code() : ExitCode::System;
    if (!invocation) {
        fmt::print(stderr, "{}: {}\n", info.name, error.what());
        return code;
    }
    const auto* script = dynamic_cast<const ScriptError*>(&error);
    invocation->log.say(
        Level::Error, error.what(),
        {{"MESSAGE_ID", std::string(script ? message_id::kScriptFailed : message_id::kFailed)},
         {"SCRIPT", script ? script->path() : ""},
         {"EXIT_CODE", std::to_string(static_cast<int>(code))}});
    // Outside of the unit nobody shows it: a helper run by a script must not overwrite what is
    // true.
    if (invocation->log.to_journal())
        tell_status(fmt::format("Failed: {}", error.what()));
    return code;
}

}  // namespace

int run_program(int argc, char** argv, const ProgramInfo& info,
                const std::function<ExitCode(const Invocation&)>& body) {
    std::optional<Invocation> invocation;
    try {
        const CommandLine line = parse(argc, argv, info);
        if (line.help) {
            print_help(info);
            return 0;
        }
        if (line.version) {
            fmt::print("{} {}\n", info.name, kVersion);
            return 0;
        }
        const Veid veid = parse_veid(line.veid);
        if (geteuid() != 0)
            throw Error(ExitCode::System,
                        fmt::format("vps {}: only root can do this", veid.value()));
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would take the exit codes of children
        invocation.emplace(
            Invocation{veid, line.force, Log(info.name, veid), line.user, line.command});
        return static_cast<int>(body(*invocation));
    } catch (const std::exception& error) {
        return static_cast<int>(report_failure(error, info, invocation));
    }
}

}  // namespace vps
