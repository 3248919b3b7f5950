#include "state/reboot_rate.hh"

#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <vector>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

static std::string history_of(Veid veid, const std::string& run_dir) {
    return run_dir + "/" + veid.to_string() + "/reboots";
}

RebootRate note_reboot(Veid veid, const std::string& run_dir) {
    const std::string path = history_of(veid, run_dir);
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    std::string history;
    try {
        history = sys::read_file(path);
    } catch (const SysError&) {
        // There is no file: this is the first reboot.
    }
    std::vector<long> recent{now.tv_sec};
    for (const char* at = history.c_str(); *at;) {
        char* end = nullptr;
        const long time = std::strtol(at, &end, 10);
        if (end == at)
            break;
        if (time <= now.tv_sec && now.tv_sec - time < kRebootInterval)
            recent.push_back(time);
        at = end;
    }
    if (recent.size() >= kRebootBurst) {
        forget_reboots(veid, run_dir);
        return RebootRate::Storm;
    }
    std::string text;
    for (const long time : recent)
        text += std::to_string(time) + "\n";
    sys::replace_file(path, text);
    return RebootRate::Usual;
}

void forget_reboots(Veid veid, const std::string& run_dir) {
    // Most VPSes have no such file.
    const std::string path = history_of(veid, run_dir);
    (void)unlink(path.c_str());
    (void)unlink((path + ".new").c_str());
}

}  // namespace vps
