#include "script/action_script.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "script/script_environment.hh"
#include "state/life_counts.hh"
#include "sys/child_report.hh"
#include "sys/error.hh"
#include "sys/holders.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

constexpr int kMountSkippedCode = 39;  // libvzctl's VZCTL_E_SKIP_ACTION of a premount script

std::string directory_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

// The interpreter that a script's first line names; empty if it names none.
std::string interpreter_of(const std::string& text) {
    if (!text.starts_with("#!"))
        return {};
    const std::size_t start = text.find_first_not_of(" \t", 2);
    const std::size_t end = text.find_first_of(" \t\n", start);
    return start == std::string::npos ? std::string() : text.substr(start, end - start);
}

struct ScriptStreams {
    Fd out, err;  // empty: the caller's are inherited
};

ScriptStreams open_streams(const std::string& identifier, const Log& log) {
    if (!log.to_journal())
        return {};
    return {log.open_stream(identifier, Level::Info), log.open_stream(identifier, Level::Warning)};
}

enum class Step : int { EnterRoot, OpenStreams, LeaveDescriptors, Execute };

// The names stand in the order of the steps.
constexpr std::array kStepNames{"enter the root directory", "open its streams",
                                "leave our descriptors", "execute"};
static_assert(kStepNames.size() == static_cast<std::size_t>(Step::Execute) + 1);

// The words and streams of the process that becomes the script, prepared before the clone.
struct ScriptProcess {
    const char* path;
    const ScriptStreams& streams;
    FdRef null, report;
    char* const* argv;
    char* const* envp;
};

[[noreturn]] void give_up(const ScriptProcess& process, Step step, int error) noexcept {
    const ChildReport failure{static_cast<int>(step), error};
    (void)!write(process.report.get(), &failure, sizeof failure);
    _exit(127);
}

[[noreturn]] void become_script(const ScriptProcess& process) noexcept {
    const ScriptStreams& streams = process.streams;
    // A script that is called from a terminal has no session of its own, so that Ctrl-C reaches it.
    if (streams.out)
        setsid();
    reset_signals();
    umask(022);
    if (chdir("/") < 0)
        give_up(process, Step::EnterRoot, errno);
    if (dup2(process.null.get(), 0) < 0 ||
        (streams.out && (dup2(streams.out.get(), 1) < 0 || dup2(streams.err.get(), 2) < 0)))
        give_up(process, Step::OpenStreams, errno);
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)  // descriptors that systemd has passed
        give_up(process, Step::LeaveDescriptors, errno);
    // A script that is being written, or that a forked child of somebody still holds open for
    // writing, is busy for a moment.
    for (int tries = 0; tries < 50; ++tries) {
        execve(process.path, process.argv, process.envp);
        if (errno != ETXTBSY)
            break;
        (void)poll(nullptr, 0, 20);
    }
    give_up(process, Step::Execute, errno);
}

// How it ended; nothing when the time was over or `request` came first: then nothing is left of it.
std::optional<ExitStatus> wait_for_script(Child& child, const Deadline& deadline, FdRef request) {
    Undo kill_all([&] {
        adopt_orphans();
        child.kill_and_wait();
        kill_descendants();
        adopt_orphans(false);
    });
    std::optional<ExitStatus> ended = child.wait(deadline, request);
    if (ended)
        kill_all.keep();
    return ended;
}

}  // namespace

std::string ScriptKind::name(Veid veid) const {
    return (scope == ScriptScope::All ? "vps" : veid.to_string()) + "." + std::string(suffix);
}

std::string find_foreign_writer(const struct stat& file) {
    if (file.st_uid != 0)
        return fmt::format("it belongs to user {}, not to root; chown root it", file.st_uid);
    if (file.st_mode & (S_IWGRP | S_IWOTH))
        return fmt::format("others than root can write it (mode {:04o}); chmod go-w it",
                           file.st_mode & 07777);
    return {};
}

static std::string describe_failure(const ScriptKind& kind, const std::string& path,
                                    const std::string& reason) {
    return fmt::format("action script '{}': {}; {}", path, reason, kind.consequence);
}

void fail_script(const ScriptKind& kind, const std::string& path, const std::string& reason) {
    throw ScriptError(path, describe_failure(kind, path, reason));
}

std::optional<ActionScript> find_script(const ScriptKind& kind, Veid veid, const std::string& dir) {
    return find_script(kind, kind.name(veid), dir + "/" + kind.name(veid));
}

std::optional<ActionScript> find_script(const ScriptKind& kind, const std::string& name,
                                        const std::string& path) {
    ActionScript script{&kind, name, path, Fd()};
    const auto fail = [&](const std::string& reason) { fail_script(kind, script.path, reason); };
    // O_NONBLOCK: a FIFO of that name must not hang the program; it is refused below.
    script.file = Fd(open(script.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!script.file) {
        const int error = errno;
        struct stat link {};
        if (lstat(script.path.c_str(), &link) < 0 && errno == ENOENT)
            return std::nullopt;
        fail(error == ENOENT
                 ? "is a link to '" + sys::readlink(script.path) + "', which does not exist"
                 : SysError(error, "open").what());
    }
    struct stat file {};
    if (fstat(script.file.get(), &file) < 0)
        fail(SysError(errno, "look at it").what());
    if (!S_ISREG(file.st_mode))
        fail("is not a regular file");
    if (static_cast<std::uint64_t>(file.st_size) > kLargestScript)
        fail(fmt::format("is larger than {} MiB, the most that a script may have",
                         kLargestScript >> 20));
    if (const std::string reason = find_foreign_writer(file); !reason.empty())
        fail("refused: " + reason);
    // Whoever can write the directory can replace the script. For a link that is also the directory
    // that it points into.
    const std::string resolved =
        sys::readlink("/proc/self/fd/" + std::to_string(script.file.get()));
    for (const std::string& parent : {directory_of(path), directory_of(resolved)}) {
        struct stat status {};
        if (stat(parent.empty() ? "/" : parent.c_str(), &status) < 0)
            fail(SysError(errno, "look at", parent).what());
        if (const std::string reason = find_foreign_writer(status); !reason.empty())
            fail("its directory '" + parent + "' is refused: " + reason);
    }
    return script;
}

std::string read_script(const ActionScript& script) {
    return within_script(*script.kind, script.path,
                         [&] { return sys::read_all(script.file, {}, kLargestScript); });
}

void heed_request(TerminationRequest& request, const ActionScript& script,
                  const std::optional<ExitStatus>& ended) {
    if (request.heed() && ended && ended->success())
        fail_script(*script.kind, script.path,
                    "is done, but its caller was told to end meanwhile (SIGTERM, SIGINT, SIGHUP or "
                    "SIGQUIT)");
}

std::string explain_exec_failure(int errnum, const std::string& text) {
    const std::string interpreter = interpreter_of(text);
    const bool crlf = text.substr(0, text.find('\n')).ends_with('\r');
    if (errnum == EACCES && interpreter.empty())
        return "cannot be executed: has it the run bit (chmod +x), and a file system that is not "
               "mounted noexec?";
    if (errnum == EACCES)
        return fmt::format(
            "cannot be executed: has it, and its interpreter '{}', the run bit "
            "(chmod +x), and a file system that is not mounted noexec?",
            interpreter);
    if (crlf)
        return "its first line ends in CR LF, so its interpreter is not found; convert it to Unix "
               "line ends (sed -i 's/\\r$//')";
    if (errnum == ENOENT && !interpreter.empty())
        return fmt::format("its interpreter '{}' does not exist", interpreter);
    if (errnum == ENOEXEC) {
        if (text.starts_with("\xef\xbb\xbf"))
            return "there is a byte order mark before its first line, which must begin with '#!'; "
                   "remove the mark (sed -i '1s/^\\xef\\xbb\\xbf//')";
        const std::size_t first = text.find_first_not_of(" \t\r\n");
        if (first != 0 && first != std::string::npos && text.compare(first, 2, "#!") == 0)
            return "there is something before its '#!', which must be the first two bytes; remove "
                   "the blanks or blank lines";
        if (text.empty())
            return "is empty; remove it, or give it a first line such as #!/bin/sh";
        return "is no program and has no shebang; give it a first line such as #!/bin/sh";
    }
    return SysError(errnum, "execute").what();
}

namespace {

bool can_refuse(const ScriptKind& kind) {
    return kind.suffix == script::kStop.suffix || kind.suffix == script::kUmount.suffix;
}

// The numbers for monitoring.
void count_run(const ScriptKind& kind, bool failed, std::chrono::steady_clock::duration took,
               const ScriptSettings& settings) {
    const bool vetoed = failed && can_refuse(kind) && settings.veto == Veto::Heeded;
    add_life_counts(settings.veid, {.script_runs = 1,
                                    .script_failures = failed ? 1U : 0U,
                                    .vetoes = vetoed ? 1U : 0U,
                                    .script_milliseconds = to_milliseconds(took)});
}

}  // namespace

ScriptResult report_script(const ActionScript& script, const std::optional<ExitStatus>& ended,
                           std::chrono::steady_clock::duration took, const ScriptSettings& settings,
                           const Log& log) {
    const double seconds = std::chrono::duration<double>(took).count();
    const std::string duration = fmt::format("{:.3f}", seconds);
    const bool skips_mount = ended && ended->signal == 0 && ended->code == kMountSkippedCode &&
                             script.kind->suffix == script::kPremount.suffix;
    const bool is_done = skips_mount || (ended && ended->success());
    count_run(*script.kind, !is_done, took, settings);
    if (is_done) {
        if (log.to_journal())
            log.say(Level::Info, fmt::format("{} done after {:.2f} s", script.name, seconds),
                    {{"MESSAGE_ID", std::string(message_id::kScriptDone)},
                     {"SCRIPT", script.path},
                     {"EXIT_STATUS", std::to_string(ended->code)},
                     {"DURATION_SEC", duration}});
        return skips_mount ? ScriptResult::MountSkipped : ScriptResult::Done;
    }
    const bool in_time = !settings.timeout || took < std::chrono::seconds(*settings.timeout);
    const std::string reason =
        ended     ? fmt::format("{} after {:.2f} s", ended->to_string(), seconds)
        : in_time ? fmt::format(
                        "killed after {:.2f} s: the time for this job is over (TimeoutStartSec=, "
                        "TimeoutStopSec=), or it was told to end",
                        seconds)
                  : "killed: not done within " +
                        fmt::format(fmt::runtime(settings.timeout_words), *settings.timeout);
    if (!ended && in_time)
        throw ScriptToldToEnd(script.path, describe_failure(*script.kind, script.path, reason));
    fail_script(*script.kind, script.path, reason);
}

namespace {

// The kernel executes nothing that somebody may still write.
std::string explain_busy_script(const ActionScript& script) {
    const std::string writers =
        name_writers(sys::readlink("/proc/self/fd/" + std::to_string(script.file.get())));
    return fmt::format(
        "cannot be executed, because it is open for writing{}: an editor, or a copy "
        "that is not done; try again when it is closed",
        writers.empty() ? writers : ", by " + writers);
}

ScriptResult run_words(const ActionScript& script, const std::vector<std::string>& words,
                       const std::vector<std::string>& environment, const ScriptSettings& settings,
                       const Log& log) {
    const std::vector<char*> argv = pointers_to(words), envp = pointers_to(environment);
    const ScriptStreams streams = open_streams(script.name, log);
    const Fd null = sys::open("/dev/null", O_RDWR);
    auto [failure, report] = sys::pipe();
    const auto started = std::chrono::steady_clock::now();
    TerminationRequest request;
    Child child = clone_process();
    if (child.pid() == 0)
        become_script({argv[0], streams, null, report, argv.data(), envp.data()});
    report.reset();

    const std::optional<ExitStatus> ended =
        wait_for_script(child, deadline_after(settings.timeout), request.fd());
    ChildReport failed{};
    if (ended && read(failure.get(), &failed, sizeof failed) == sizeof failed)
        fail_script(*script.kind, script.path,
                    failed.step != static_cast<int>(Step::Execute)
                        ? failure_of(failed, StepNames(kStepNames)).what()
                    : failed.error == ETXTBSY
                        ? explain_busy_script(script)
                        : explain_exec_failure(failed.error, read_script(script)));
    heed_request(request, script, ended);
    return report_script(script, ended, std::chrono::steady_clock::now() - started, settings, log);
}

}  // namespace

ScriptResult run_host_script(const ScriptKind& kind, const ScriptSettings& settings,
                             const Log& log) {
    const std::optional<ActionScript> script = find_script(kind, settings.veid, settings.dir);
    return script ? run_host_script(*script, {}, settings, log) : ScriptResult::Done;
}

ScriptResult run_host_script(const ActionScript& script, const std::vector<std::string>& arguments,
                             const ScriptSettings& settings, const Log& log) {
    std::vector<std::string> own = basic_environment(settings.veid);
    own.push_back("VE_CONFFILE=" + settings.dir + "/" + settings.veid.to_string() + ".conf");
    own.push_back("VE_ROOT=" + settings.ve_root);
    own.push_back("VE_PRIVATE=" + settings.ve_private);
    const std::vector<std::string> environment = host_environment(std::move(own), environ);
    std::vector<std::string> words{script.path};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return within_script(*script.kind, script.path,
                         [&] { return run_words(script, words, environment, settings, log); });
}

}  // namespace vps
