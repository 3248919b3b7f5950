// How far a VPS got, on disk: /run/vps/N/state, written before each step and replaced atomically,
// and the lock that lets one operation at a time work on a VPS. The lock is on the directory
// /run/vps/N itself (flock(2)), so that nothing is left when state and lock are gone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"
#include "state/phase.hh"
#include "sys/fd.hh"

namespace vps {

inline constexpr const char* kRunDir = "/run/vps";
// The mode of that directory, and of those that are made in it: whoever could open one could hold
// its lock.
inline constexpr mode_t kRunMode = 0700;

struct VpsState {
    Phase phase = Phase::None;
    // The values of the configuration when the private area was mounted; it may have others by now.
    std::string ve_root, ve_private;
    std::string mount_point;     // ve_root without symbolic links
    std::string root, area;      // claims of the two (directories.hh); empty: none
    std::string image;           // the ploop image that the VPS's files are in; empty: none
    std::uint32_t first_id = 0;  // Starting to Stopping: the first host id (id_range.hh); 0: none
    std::uint32_t ids = 65536;   // how many, from first_id on
    // Starting to Stopping: the facts that decided on the filters of system calls at the start
    // (FilteredVps), for those who enter: IO_URING, SOCKET_FAMILIES, and whether init is a 32-bit
    // program.
    bool io_uring = false, old_32_bit = false;
    std::uint64_t socket_families = 0;
    // Running and Stopping: init, by pid and start time (process.hh), which together no other
    // process has. Starting: the first process, from when the VPS can be entered, where a script of
    // the host may want to (EXTERNAL_SCRIPT)
    pid_t init_pid = 0;
    std::uint64_t init_start = 0;
    std::string stop_refused;  // Running: why N.stop refused the last stop, else empty
};

class VpsLock {
  public:
    // Throws Error Locked at once when another operation on the VPS is under way.
    explicit VpsLock(Veid veid, const std::string& run_dir = kRunDir);
    VpsLock(VpsLock&&) = default;
    // Removes the VPS's directory unless it holds a state.
    ~VpsLock();

    [[nodiscard]] std::optional<VpsState> read_state() const;
    // Records what changed within the phase, or the phase that follows. Throws std::logic_error
    // when `next` must not follow (phase.hh).
    void write_state(const VpsState& state) const;
    void enter(VpsState& state, Phase next) const;
    void remove_state(const VpsState& state) const;

  private:
    std::string dir_;
    Fd lock_;
};

// A step of a VPS that runs from here on: unless it is committed, the state, whatever it says by
// then, is in phase `back` again and names no init.
class [[nodiscard]] StateStep {
  public:
    StateStep(const VpsLock& lock, VpsState& state, Phase back)
        : lock_(lock), state_(state), back_(back) {}
    StateStep(const StateStep&) = delete;
    StateStep& operator=(const StateStep&) = delete;
    ~StateStep();
    void commit() noexcept { committed_ = true; }

  private:
    const VpsLock& lock_;
    VpsState& state_;
    Phase back_;
    bool committed_ = false;
};

// The keys of the file, in its order.
std::vector<std::string_view> state_keys();

// The VPSes that have a directory there, in no order.
std::vector<Veid> list_active(const std::string& run_dir = kRunDir);

// The state without the lock, for callers that must not hold the lock while the VPS runs, or
// starts.
std::optional<VpsState> read_state(Veid veid, const std::string& run_dir = kRunDir);

// The user namespace of the running VPS that has `path` at or below its root; nothing if there is
// none, or it has no namespace of its own.
std::optional<Fd> find_user_namespace_of(const std::string& path,
                                         const std::string& run_dir = kRunDir);

// The path of vps-network's record of its links, addresses and routes for the VPS on the host.
std::string network_record_path(Veid veid);

// A process handle of the VPS's init; nothing if the state names none, or it has ended.
std::optional<Fd> find_init(const VpsState& state);

}  // namespace vps
