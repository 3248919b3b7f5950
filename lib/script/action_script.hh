// Action scripts: their one table, finding and checking them, and running scripts of the host
// context (vps_script.hh runs scripts of the VPS context). A script that does not exist counts as a
// success; any failure is a ScriptError that names the script and says what to do.
#pragma once

#include <sys/stat.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "systemd/log.hh"

namespace vps {

enum class ScriptContext { Host, Vps };
enum class ScriptScope { All, One };  // vps.<suffix> for every VPS, N.<suffix> for one

struct ScriptKind {
    ScriptScope scope;
    std::string_view suffix;
    ScriptContext context;
    std::string_view when;
    std::string_view consequence;  // of a failure, for its message

    // "vps.mount", "101.mount": the file's name in the directory of VPS configs, and the
    // identifier of its lines in the journal.
    [[nodiscard]] std::string name(Veid veid) const;
};

namespace script {
using enum ScriptScope;
using enum ScriptContext;
inline constexpr std::string_view kBeforeMount = "before the private area is mounted";
inline constexpr std::string_view kAfterMount = "right after it is mounted";
inline constexpr std::string_view kBeforeDismount = "after the VPS has stopped, before dismounting";
inline constexpr std::string_view kAfterDismount = "after dismounting";
inline constexpr std::string_view kNotStarted = "the VPS is not started";
inline constexpr std::string_view kKeepsRunning = "the VPS keeps running";
inline constexpr std::string_view kStaysMounted =
    "nothing is dismounted (vps-umount --force would do it all the same)";
inline constexpr std::string_view kAllTheSame = "the VPS is dismounted all the same";
inline constexpr std::string_view kOverruled =
    "STOP_VETO=no, so that the VPS is stopped and dismounted all the same";

inline constexpr ScriptKind kGlobalPremount{All, "premount", Host, kBeforeMount, kNotStarted};
inline constexpr ScriptKind kPremount{One, "premount", Host, kBeforeMount, kNotStarted};
inline constexpr ScriptKind kGlobalMount{All, "mount", Host, kAfterMount, kNotStarted};
inline constexpr ScriptKind kMount{One, "mount", Host, kAfterMount, kNotStarted};
inline constexpr ScriptKind kStart{One, "start", Vps, "before the VPS's init", kNotStarted};
inline constexpr ScriptKind kStop{One, "stop", Vps, "before the VPS is stopped", kKeepsRunning};
inline constexpr ScriptKind kUmount{One, "umount", Host, kBeforeDismount, kStaysMounted};
inline constexpr ScriptKind kGlobalUmount{All, "umount", Host, kBeforeDismount, kStaysMounted};
inline constexpr ScriptKind kPostumount{One, "postumount", Host, kAfterDismount, kAllTheSame};
inline constexpr ScriptKind kGlobalPostumount{All, "postumount", Host, kAfterDismount, kAllTheSame};

// All action scripts in the order of a VPS's life.
inline constexpr std::array kAll{
    kGlobalPremount, kPremount, kGlobalMount,  kMount,      kStart,
    kStop,           kUmount,   kGlobalUmount, kPostumount, kGlobalPostumount};
}  // namespace script

struct ActionScript {
    const ScriptKind* kind;
    std::string name;  // "101.mount"
    std::string path;  // "/etc/vz/conf/101.mount"
    Fd file;           // open for reading, checked: regular, and only root can write it
};

// Why a file of the host's must not be trusted, since others than root decide what is in it, and
// what to do. Empty if nobody else can write it.
std::string find_foreign_writer(const struct stat& file);

// The script, if it exists. Throws Error ScriptFailed when root is not the only one who can write
// the script or its directory, and when it is larger than kLargestScript.
std::optional<ActionScript> find_script(const ScriptKind& kind, Veid veid, const std::string& dir);
// A script that is configured by its path; `name` is for its lines in the journal. Throws likewise.
std::optional<ActionScript> find_script(const ScriptKind& kind, const std::string& name,
                                        const std::string& path);

// Whether a failure of N.stop, N.umount or vps.umount keeps a VPS from being stopped or dismounted
// (STOP_VETO).
enum class Veto { Heeded, Overruled };

// The settings that a script sees, the time that it may take, and the weight of its failure.
struct ScriptSettings {
    Veid veid;
    std::string dir = "/etc/vz/conf";  // of the VPS configs and the scripts
    std::string ve_root, ve_private;
    std::optional<unsigned> timeout;  // seconds
    Veto veto = Veto::Heeded;
    // The time in an administrator's words; "{}" stands for its seconds.
    std::string_view timeout_words = "SCRIPT_TIMEOUT={} seconds";
};

// The wish of a script that has not failed.
enum class ScriptResult {
    Done,
    MountSkipped,  // a premount script's exit code 39 (libvzctl): it has mounted VE_ROOT itself
};

// Runs one host-context script to its end: in the host's namespaces, cwd "/", stdin /dev/null,
// environment VEID, VE_CONFFILE, VE_ROOT, VE_PRIVATE, HOME, TERM, PATH (vzctl's values) and what is
// inherited (script_environment.hh). Does nothing if it does not exist. Throws Error ScriptFailed,
// also at a TerminationRequest, even one that comes as the script ends.
ScriptResult run_host_script(const ScriptKind& kind, const ScriptSettings& settings,
                             const Log& log);

// Runs a script that was found, with arguments, likewise.
ScriptResult run_host_script(const ActionScript& script, const std::vector<std::string>& arguments,
                             const ScriptSettings& settings, const Log& log);

// The meaning of `errnum` from exec of a script, in an administrator's words: a missing
// interpreter, no run bit, CRLF, a blank line before the shebang.
std::string explain_exec_failure(int errnum, const std::string& text);

// A script was killed, and its caller was told to end: by the administrator, or by systemd when the
// time of the job was over.
class ScriptToldToEnd : public ScriptError {
    using ScriptError::ScriptError;
};

// The text of a script, which find_script() has found to be no larger than this.
inline constexpr std::size_t kLargestScript = 16 << 20;
std::string read_script(const ActionScript& script);

// Throws a ScriptError with the script's path, the reason and the consequence.
[[noreturn]] void fail_script(const ScriptKind& kind, const std::string& path,
                              const std::string& reason);

// Runs `step`; whatever fails in there fails the script.
template <typename Step>
auto within_script(const ScriptKind& kind, const std::string& path, Step step) -> decltype(step()) {
    try {
        return step();
    } catch (const ScriptError&) {
        throw;
    } catch (const std::exception& error) {
        fail_script(kind, path, error.what());
    }
}

// Called when the script has ended: throws ScriptError if we were told to end meanwhile, and
// it did not fail by itself.
void heed_request(TerminationRequest& request, const ActionScript& script,
                  const std::optional<ExitStatus>& ended);

// Logs that a script succeeded, or throws Error ScriptFailed. `ended` is empty when it
// was killed, after settings.timeout or at a TerminationRequest.
ScriptResult report_script(const ActionScript& script, const std::optional<ExitStatus>& ended,
                           std::chrono::steady_clock::duration took, const ScriptSettings& settings,
                           const Log& log);

}  // namespace vps
