#include "state/wish.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

struct WishWord {
    std::string_view word;
    bool Wish::*field;
};
constexpr WishWord kWords[] = {{"start-disabled", &Wish::starts_disabled},
                               {"wait", &Wish::waits_for_boot},
                               {"kill", &Wish::kills},
                               {"pass-stop", &Wish::passes_stop},
                               {"overrule", &Wish::overrules}};

std::string path_of(Veid veid, const std::string& run_dir) {
    return fmt::format("{}/wishes/{}", run_dir, veid.to_string());
}

// "<pid> <start time> <word>…"
Wish parse_wish(const std::string& text) {
    std::istringstream words(text);
    pid_t pid = 0;
    std::uint64_t start = 0;
    if (!(words >> pid >> start) || pid <= 0 || find_start_time(pid) != start)
        return {};
    Wish wish;
    for (std::string word; words >> word;)
        for (const WishWord& known : kWords)
            if (word == known.word)
                wish.*known.field = true;
    return wish;
}

}  // namespace

StandingWish::StandingWish(Veid veid, const Wish& wish, const std::string& run_dir) {
    if (wish == Wish{})
        return;
    sys::mkdir_all(run_dir + "/wishes", kRunMode);
    std::string text = fmt::format("{} {}", getpid(), find_start_time(getpid()).value_or(0));
    for (const WishWord& known : kWords)
        if (wish.*known.field)
            text += fmt::format(" {}", known.word);
    sys::replace_file(path_of(veid, run_dir), text + "\n", 0600);
    path_ = path_of(veid, run_dir);
}

StandingWish::~StandingWish() {
    if (!path_.empty())
        (void)unlink(path_.c_str());  // one that stays ends with this process
}

Wish find_wish(Veid veid, const std::string& run_dir) {
    try {
        return parse_wish(sys::read_file(path_of(veid, run_dir)));
    } catch (const SysError&) {
        return {};  // nobody wishes anything
    }
}

void apply_wish(VpsConfig& config, const Wish& wish) {
    if (wish.starts_disabled)
        config.disabled = false;
    if (wish.waits_for_boot)
        config.start_wait = true;
    if (wish.kills)
        config.stop_timeout = 0;
    if (wish.overrules)
        config.stop_veto = false;
}

}  // namespace vps
