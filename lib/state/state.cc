#include "state/state.hh"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <concepts>
#include <filesystem>
#include <stdexcept>
#include <variant>

#include "state/place.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

void require_transition(Phase from, Phase to) {
    if (!may_follow(from, to))
        throw std::logic_error(std::string("internal error: phase \"") +
                               std::string(row_of(to).name) + "\" cannot follow \"" +
                               std::string(row_of(from).name) + "\"");
}

// The file as it is gets the new text where there is no room for another file beside it: a full
// file system of memory still has the page that it is in. Lines that are left empty say nothing.
bool write_over(const std::string& path, std::string text) {
    const Fd file(open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (!file || fstat(file.get(), &status) < 0)
        return false;
    const std::size_t old = static_cast<std::size_t>(status.st_size);
    if (text.size() < old)
        text.append(old - text.size(), '\n');
    return pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

void replace_or_write_over(const std::string& path, const std::string& text) {
    try {
        sys::replace_file(path, text);
    } catch (const SysError& error) {
        const bool no_room = error.errnum() == ENOSPC || error.errnum() == EDQUOT;
        if (!no_room || !write_over(path, text))
            throw;
    }
}

using StateField =
    std::variant<Phase VpsState::*, std::string VpsState::*, bool VpsState::*, pid_t VpsState::*,
                 std::uint32_t VpsState::*, std::uint64_t VpsState::*>;

struct StateKey {
    std::string_view name;
    StateField field;
    bool (*is_told)(const VpsState&) = nullptr;  // null: the key is told where it has a value
};

bool always(const VpsState&) {
    return true;
}

bool with_ids(const VpsState& state) {
    return state.first_id != 0;
}

bool with_init(const VpsState& state) {
    return state.init_pid != 0;
}

// The file is written in this order.
constexpr std::array kStateKeys{
    StateKey{"phase", &VpsState::phase},
    StateKey{"ve_root", &VpsState::ve_root, always},
    StateKey{"ve_private", &VpsState::ve_private, always},
    StateKey{"mount_point", &VpsState::mount_point, always},
    StateKey{"root", &VpsState::root},
    StateKey{"area", &VpsState::area},
    StateKey{"image", &VpsState::image},
    StateKey{"first_id", &VpsState::first_id},
    StateKey{"ids", &VpsState::ids, with_ids},
    StateKey{"io_uring", &VpsState::io_uring},
    StateKey{"old_32_bit", &VpsState::old_32_bit},
    StateKey{"socket_families", &VpsState::socket_families},
    StateKey{"stop_refused", &VpsState::stop_refused},
    StateKey{"init_pid", &VpsState::init_pid},
    StateKey{"init_start", &VpsState::init_start, with_init},
};

// The text of a value; empty for one that says nothing.
std::string print_value(Phase phase) {
    return std::string(row_of(phase).name);
}

std::string print_value(const std::string& text) {
    return text;
}

std::string print_value(bool yes) {
    return yes ? "yes" : "";
}

template <std::integral Number>
std::string print_value(Number number) {
    return number == 0 ? "" : std::to_string(number);
}

void read_value(std::string_view text, Phase& phase) {
    for (const PhaseRow& row : kPhases)
        if (row.name == text)
            phase = row.phase;
}

void read_value(std::string_view text, std::string& value) {
    value = text;
}

void read_value(std::string_view text, bool& value) {
    value = text == "yes";
}

template <std::integral Number>
void read_value(std::string_view text, Number& number) {
    std::from_chars(text.data(), text.data() + text.size(), number);
}

std::optional<VpsState> read_state_in(const std::string& dir) {
    const std::string path = dir + "/state";
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT)
        return std::nullopt;
    if (!file)
        throw SysError(errno, "open", path);
    const std::string text = sys::read_all(file, path);
    VpsState state;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line(text.data() + at, end - at);
        at = end + 1;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos)
            continue;
        const std::string_view key = line.substr(0, equals), value = line.substr(equals + 1);
        for (const StateKey& known : kStateKeys)
            if (known.name == key)
                std::visit([&](auto member) { read_value(value, state.*member); }, known.field);
    }
    if (state.phase == Phase::None || state.mount_point.empty())
        throw Error(ExitCode::System, "'" + path +
                                          "': not a state file of ours; if nothing of the VPS "
                                          "runs or is mounted, remove it");
    return state;
}

}  // namespace

VpsLock::VpsLock(Veid veid, const std::string& run_dir) : dir_(run_dir + "/" + veid.to_string()) {
    for (;;) {
        sys::mkdir_all(dir_, kRunMode);
        Fd dir(open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!dir && errno == ENOENT)
            continue;  // the last holder has just removed the directory
        if (!dir)
            throw SysError(errno, "open", dir_);
        if (flock(dir.get(), LOCK_EX | LOCK_NB) < 0) {
            if (errno != EWOULDBLOCK)
                throw SysError(errno, "lock", dir_);
            throw Error(ExitCode::Locked,
                        "another operation is under way (lock on '" + dir_ + "')");
        }
        struct stat held {
        }, named{};
        if (fstat(dir.get(), &held) == 0 && stat(dir_.c_str(), &named) == 0 &&
            held.st_ino == named.st_ino) {
            lock_ = std::move(dir);
            return;
        }
    }
}

VpsLock::~VpsLock() {
    if (!lock_)
        return;
    for (const char* name : {"/state.new", "/network.new"})  // left by writers that were killed
        (void)unlink((dir_ + name).c_str());
    (void)rmdir(dir_.c_str());  // fails while there is a state, as it should
}

std::optional<VpsState> VpsLock::read_state() const {
    return read_state_in(dir_);
}

void VpsLock::write_state(const VpsState& state) const {
    std::string text;
    for (const StateKey& key : kStateKeys) {
        const std::string value =
            std::visit([&](auto member) { return print_value(state.*member); }, key.field);
        if (key.is_told ? key.is_told(state) : !value.empty())
            text += fmt::format("{}={}\n", key.name, value);
    }
    within({fmt::format("note the phase \"{}\" of the VPS", row_of(state.phase).name)},
           [&] { replace_or_write_over(dir_ + "/state", text); });
}

void VpsLock::enter(VpsState& state, Phase next) const {
    require_transition(state.phase, next);
    state.phase = next;
    write_state(state);
}

void VpsLock::remove_state(const VpsState& state) const {
    require_transition(state.phase, Phase::None);
    (void)sys::unlink_if_there(dir_ + "/console");  // of a supervisor that was killed
    (void)sys::unlink_if_there(dir_ + "/state");
}

StateStep::~StateStep() {
    if (committed_)
        return;
    try {
        state_.init_pid = 0;
        lock_.enter(state_, back_);
    } catch (...) {
        // The state names an init that has ended then, and vps-umount brings that to its end, too.
    }
}

std::vector<std::string_view> state_keys() {
    std::vector<std::string_view> names;
    for (const StateKey& key : kStateKeys)
        names.push_back(key.name);
    return names;
}

std::vector<Veid> list_active(const std::string& run_dir) {
    std::vector<Veid> active;
    std::error_code none;  // without a directory there is no VPS
    for (const auto& entry : std::filesystem::directory_iterator(run_dir, none))
        if (const std::optional<Veid> veid = Veid::parse(entry.path().filename().string()))
            active.push_back(*veid);
    return active;
}

std::optional<VpsState> read_state(Veid veid, const std::string& run_dir) {
    return read_state_in(run_dir + "/" + veid.to_string());
}

std::optional<Fd> find_user_namespace_of(const std::string& path, const std::string& run_dir) {
    for (const Veid veid : list_active(run_dir)) {
        const std::optional<VpsState> state = read_state(veid, run_dir);
        if (!state || state->first_id == 0 || !is_at_or_below(path, state->mount_point))
            continue;
        const std::optional<Fd> init = find_init(*state);
        if (!init)
            return std::nullopt;
        Fd user_namespace =
            sys::open("/proc/" + std::to_string(state->init_pid) + "/ns/user", O_RDONLY);
        // The namespace that was opened is init's if init is still there.
        if (wait_for_end(*init, deadline_after(0)))
            return std::nullopt;
        return user_namespace;
    }
    return std::nullopt;
}

std::string network_record_path(Veid veid) {
    return std::string(kRunDir) + "/" + veid.to_string() + "/network";
}

std::optional<Fd> find_init(const VpsState& state) {
    if (state.init_pid <= 0)
        return std::nullopt;
    try {
        // The handle is opened before the check, so that the checked process is the one that the
        // handle names.
        Fd init = sys::pidfd_open(state.init_pid);
        if (find_start_time(state.init_pid) != state.init_start)
            return std::nullopt;
        return init;
    } catch (const SysError& error) {
        if (error.errnum() == ESRCH || error.errnum() == EINVAL)
            return std::nullopt;
        throw;
    }
}

}  // namespace vps
