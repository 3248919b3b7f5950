#include "command/program.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "command/main.hh"
#include "config/vps_name.hh"
#include "sys/error.hh"
#include "systemd/cgroup.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

Grammar grammar_of(const ProgramInfo& info) {
    Grammar grammar{info.name, "VEID", info.summary, {}};
    if (info.has_force)
        grammar.options.push_back(
            {"force", 0, {}, "go on even if a script or a busy mount refuses"});
    if (info.has_user)
        grammar.options.push_back(
            {"user", 0, "USER", "run it as this user of the VPS, not as root"});
    grammar.options.insert(grammar.options.end(), info.options.begin(), info.options.end());
    if (!info.verbs.empty())
        grammar.operands = fmt::format("{} VEID", fmt::join(info.verbs, "|"));
    if (!info.command_usage.empty()) {
        grammar.operands += " " + info.command_usage;
        grammar.command = CommandPlace::AfterOperand;
    }
    return grammar;
}

// Takes the verb off the operands; none is wanted where the program has none.
std::string take_verb(const ProgramInfo& info, std::vector<std::string>& operands) {
    if (info.verbs.empty())
        return {};
    if (operands.empty() ||
        std::find(info.verbs.begin(), info.verbs.end(), operands.front()) == info.verbs.end())
        usage_error(
            fmt::format("one of these words is wanted first: {}", fmt::join(info.verbs, ", ")));
    std::string verb = operands.front();
    operands.erase(operands.begin());
    return verb;
}

Veid parse_veid(const std::vector<std::string>& operands) {
    if (operands.empty())
        usage_error("a VEID is wanted");
    if (operands.size() > 1)
        usage_error("one VEID is wanted, not more");
    const std::string& text = operands.front();
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
    // systemd has another unit by that name.
    if (cgroup_of("self").ends_with(fmt::format("/vps@{}.service", text)))
        usage_error(fmt::format("{0} is the NAME of VPS {1}, whose unit is vps@{1}.service", text,
                                named[0].value()));
    return named[0];
}

// An error that no layer has put its words around is told with what follows from it.
std::string describe(const std::exception& error, const std::string& consequence) {
    const bool is_whole = dynamic_cast<const Error*>(&error) != nullptr &&
                          dynamic_cast<const SysError*>(&error) == nullptr;
    return is_whole || consequence.empty() ? error.what()
                                           : fmt::format("{}; {}", error.what(), consequence);
}

ExitCode report_failure(const std::exception& error, const std::string& consequence,
                        const Log& log) {
    const std::string text = describe(error, consequence);
    const auto* ours = dynamic_cast<const Error*>(&error);
    const ExitCode code = ours ? ours->code() : ExitCode::System;
    const auto* script = dynamic_cast<const ScriptError*>(&error);
    log.say(Level::Error, text,
            {{"MESSAGE_ID", std::string(script ? message_id::kScriptFailed : message_id::kFailed)},
             {"SCRIPT", script ? script->path() : ""},
             {"EXIT_CODE", std::to_string(static_cast<int>(code))}});
    // Outside of the unit nobody shows it: a helper run by a script must not overwrite what is
    // true.
    if (log.to_journal())
        tell_status(fmt::format("Failed: {}", text));
    return code;
}

}  // namespace

int run_program(int argc, char** argv, const ProgramInfo& info,
                const std::function<ExitCode(const Invocation&)>& body) {
    return run_main(argc, argv, grammar_of(info), [&](const CommandLine& line) {
        std::vector<std::string> operands = line.operands;
        const std::string verb = take_verb(info, operands);
        const Veid veid = parse_veid(operands);
        if (geteuid() != 0)
            throw Error(ExitCode::System,
                        fmt::format("vps {}: only root can do this", veid.value()));
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would take the exit codes of children
        const Invocation invocation{
            veid, line.has("force"), Log(info.name, veid), line.value("user"), line.command, verb,
            line};
        try {
            return body(invocation);
        } catch (const std::exception& error) {
            return report_failure(error, info.consequence, invocation.log);
        }
    });
}

}  // namespace vps
