#include "script/vps_script.hh"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>

#include "context/enter.hh"
#include "context/launch.hh"
#include "script/script_environment.hh"
#include "sys/error.hh"
#include "sys/memory_file.hh"

namespace vps {

namespace {

// The programs to execute in the VPS, in turn until one exists. The shebang decides; without one,
// /bin/bash, else /bin/sh, as vzctl piped the text to bash.
std::vector<std::vector<std::string>> ways_to_run(const std::string& text) {
    const std::string inside = "/proc/self/fd/" + std::to_string(kTextFd);
    if (text.starts_with("#!"))
        return {{inside}};
    return {{"/bin/bash", inside}, {"/bin/sh", inside}};
}

std::optional<ExitStatus> run_text(const ActionScript& script, const std::string& text,
                                   const ScriptSettings& settings, FdRef init, pid_t init_pid,
                                   FdRef request, const std::function<bool()>& thaw, const Log& log,
                                   std::vector<LineRelay>& relays) {
    const Fd memory = sealed_memory_file(script.name, text);
    ContextCommand command{{}, basic_environment(settings.veid), memory.get()};
    command.veid = settings.veid;
    const Patience patience{deadline_after(settings.timeout), request, thaw};
    const auto ways = ways_to_run(text);
    for (auto way = ways.begin();; ++way) {
        command.argv = *way;
        try {
            return run_in_vps(command, script.name, init, init_pid, patience, log, relays);
        } catch (const EntryError& error) {
            throw NotEntered(*script.kind, script.path, fmt::format("the VPS {}", error.what()));
        } catch (const ExecError& error) {
            if (error.errnum() == ENOENT && way + 1 != ways.end())
                continue;
            const std::string why = explain_exec_failure(error.errnum(), text);
            throw NotEntered(*script.kind, script.path,
                             error.errnum() == ENOENT
                                 ? fmt::format("in the VPS: {}, or /proc is not mounted there", why)
                                 : "in the VPS: " + why);
        }
    }
}

}  // namespace

NotEntered::NotEntered(const ScriptKind& kind, const std::string& path, const std::string& event)
    : ScriptError(path, fmt::format("action script '{}': {}; {}", path, event, kind.consequence)),
      event_(fmt::format("action script '{}': {}", path, event)) {}

std::vector<LineRelay> run_vps_script(const ActionScript& script, const ScriptSettings& settings,
                                      FdRef init, pid_t init_pid, const Log& log,
                                      std::function<bool()> thaw) {
    std::vector<LineRelay> relays;
    const std::string text = read_script(script);
    const auto started = std::chrono::steady_clock::now();
    TerminationRequest request;
    const std::optional<ExitStatus> ended = within_script(*script.kind, script.path, [&] {
        return run_text(script, text, settings, init, init_pid, request.fd(), thaw, log, relays);
    });
    heed_request(request, script, ended);
    (void)report_script(script, ended, std::chrono::steady_clock::now() - started, settings, log);
    return relays;
}

}  // namespace vps
