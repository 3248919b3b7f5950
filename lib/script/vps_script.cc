#include "script/vps_script.hh"

#include <cerrno>
#include <chrono>

#include "context/enter.hh"
#include "context/launch.hh"
#include "sys/error.hh"
#include "sys/memory_file.hh"
#include "sys/sys.hh"

namespace vps {

std::vector<LineRelay> run_vps_script(const ActionScript& script, const ScriptSettings& settings,
                                      FdRef init, pid_t init_pid, const Log& log) {
    std::vector<LineRelay> relays;
    const std::string text = sys::read_all(script.file, script.path);
    const Fd memory = sealed_memory_file(script.name, text);
    const std::string inside = "/proc/self/fd/" + std::to_string(kTextFd);
    ContextCommand command{{inside}, basic_environment(settings.veid), memory.get()};
    const auto started = std::chrono::steady_clock::now();
    const Deadline deadline = deadline_after(settings.timeout);
    std::optional<ExitStatus> ended;
    // The shebang decides; without one, /bin/bash, else /bin/sh, as vzctl piped the text to bash.
    std::vector<std::vector<std::string>> tries{{inside}};
    if (!text.starts_with("#!"))
        tries = {{"/bin/bash", inside}, {"/bin/sh", inside}};
    for (std::size_t i = 0; i < tries.size(); ++i) {
        command.argv = tries[i];
        try {
            ended = run_in_vps(command, script.name, init, init_pid, deadline, log, relays);
            break;
        } catch (const SysError& error) {
            if (error.errnum() == ENOENT && i + 1 < tries.size())
                continue;
            fail_script(*script.kind, script.path,
                        "in the VPS: " + explain_exec_failure(error.errnum(), text));
        }
    }
    (void)report_script(script, ended, std::chrono::steady_clock::now() - started, settings, log);
    return relays;
}

}  // namespace vps
