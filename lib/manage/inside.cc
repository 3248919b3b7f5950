#include "manage/inside.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "context/launch.hh"
#include "enter/visit.hh"
#include "manage/life_verbs.hh"
#include "manage/vzctl_code.hh"
#include "script/action_script.hh"
#include "script/script_environment.hh"
#include "sys/memory_file.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

// The errors of a visit say what the VPS is, and not which one.
ErrorContext context_of(Veid veid) {
    return {.doing = "vps " + veid.to_string()};
}

RunningInit require_running(Veid veid) {
    try {
        return require_init(veid);
    } catch (const Error& error) {
        if (error.code() == ExitCode::NotRunning)
            throw Complaint(ExitCode::NotRunning, "Container is not running");
        throw_within(context_of(veid), error);
    }
}

// The command runs in "/", with little in its environment, as vzctl has it.
ContextCommand plan_bare(Veid veid) {
    ContextCommand command;
    command.veid = veid;
    command.environment = basic_environment(veid);
    return command;
}

// What has a shell do: the words, or what it reads from its standard input.
ContextCommand plan_shell(Veid veid, const RunningInit& init,
                          const std::vector<std::string>& words) {
    ContextCommand command = plan_bare(veid);
    command.argv = {find_shell(init)};
    if (words.front() != "-")
        command.argv.insert(command.argv.end(), {"-c", join_words(words)});
    return command;
}

void require_command(const Call& call) {
    if (call.words.empty())
        throw Complaint(ExitCode::Usage, "No command line given for exec");
}

ExitCode run(const Call& call, const RunningInit& init, ContextCommand command, Streams streams) {
    return within(context_of(call.veid), [&] {
        return static_cast<ExitCode>(
            visit(init, std::move(command), streams, Log("vzctl", call.veid)));
    });
}

std::string read_host_script(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) < 0 || !S_ISREG(status.st_mode))
        throw Complaint(vzctl_code::kNoScript, "Script not found: " + path);
    return sys::read_file(path, kLargestScript);
}

// The shebang decides; without one the VPS's shell reads the text, as it does of N.start.
ExitCode run_text(const Call& call, const std::string& text) {
    const RunningInit init = require_running(call.veid);
    const Fd memory = sealed_memory_file("runscript", text);
    const std::string inside = fmt::format("/proc/self/fd/{}", kTextFd);
    ContextCommand command = plan_bare(call.veid);
    command.text = memory.get();
    command.argv = {inside};
    if (!text.starts_with("#!"))
        command.argv.insert(command.argv.begin(), find_shell(init));
    return run(call, init, std::move(command), Streams::Pipes);
}

}  // namespace

std::string join_words(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words)
        line += (line.empty() ? "" : " ") + (word.empty() ? "''" : word);
    return line;
}

ExitCode exec2_verb(const Call& call) {
    require_command(call);
    const RunningInit init = require_running(call.veid);
    return run(call, init, plan_shell(call.veid, init, call.words), Streams::Pipes);
}

ExitCode exec_verb(const Call& call) {
    require_command(call);
    try {
        return exec2_verb(call) == ExitCode::Ok ? ExitCode::Ok : vzctl_code::kCommandFailed;
    } catch (const Complaint& error) {
        throw Complaint(vzctl_code::kCommandFailed, error.what());
    } catch (const Error& error) {
        throw Error(vzctl_code::kCommandFailed, error.what());
    }
}

ExitCode exec3_verb(const Call& call) {
    require_command(call);
    const RunningInit init = require_running(call.veid);
    return run(call, init, plan_visit(init, {call.veid, {}, call.words}), Streams::Pipes);
}

ExitCode enter_verb(const Call& call) {
    std::vector<std::string> words = call.words;
    if (!words.empty() && words.front() != "--exec")
        throw Complaint(ExitCode::Usage, fmt::format("Invalid option '{}'", words.front()));
    if (words.size() == 1 || (words.size() > 1 && words[1].empty()))
        throw Complaint(ExitCode::Usage, "No command line given for --exec");
    const RunningInit init = require_running(call.veid);
    if (!words.empty()) {
        words.erase(words.begin());
        words = {find_shell(init), "-c", join_words(words)};
    }
    return run(call, init, plan_visit(init, {call.veid, {}, words}), streams_of_caller());
}

ExitCode runscript_verb(const Call& call) {
    if (call.words.empty())
        throw Complaint(ExitCode::Usage, "Script not specified");
    if (call.words.size() > 1)
        throw Complaint(ExitCode::Usage, "runscript takes one script, and no arguments for it");
    const std::string text = read_host_script(call.words.front());
    if (is_running(call.veid))
        return run_text(call, text);
    if (const ExitCode code = start_now(call); code != ExitCode::Ok)
        return code;
    const ExitCode code = run_text(call, text);
    const ExitCode stopped = stop_now(call);
    return code == ExitCode::Ok ? stopped : code;
}

}  // namespace vps
