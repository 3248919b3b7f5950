// What has happened to a VPS since the host's boot, for monitoring: a few numbers in
// /run/vps/counts/N, since the journal, which has each run, takes too long to be asked. Whoever
// starts or stops a VPS, or runs a script of it, has the VPS's lock, and writes; nobody decides
// anything by them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "config/veid.hh"

namespace vps {

struct LifeCounts {
    std::uint64_t script_runs = 0, script_failures = 0;
    std::uint64_t vetoes = 0;  // failures that have refused a stop or a dismounting
    std::uint64_t script_milliseconds = 0;
    std::uint64_t starts = 0, start_failures = 0;
    std::uint64_t start_milliseconds = 0;  // from vps-mount's begin until init is executed
    std::uint64_t stops = 0;               // halts and crashes, too
    std::uint64_t stop_milliseconds = 0;   // vps-stop and vps-umount
    bool operator==(const LifeCounts&) const = default;
};

// Adds these. Does nothing where there is no directory for them, and where they cannot be written.
void add_life_counts(Veid veid, const LifeCounts& more,
                     const std::string& run_dir = "/run/vps") noexcept;

// Nothing for a VPS to which nothing has happened.
std::optional<LifeCounts> find_life_counts(Veid veid, const std::string& run_dir = "/run/vps");

// Of a VPS that is no VPS of the host any more.
void forget_life_counts(Veid veid, const std::string& run_dir = "/run/vps");

std::uint64_t to_milliseconds(std::chrono::steady_clock::duration time);

// A part of a start or stop, which ends with this: its time is added then.
class [[nodiscard]] CountedStep {
  public:
    // `failed` is added unless the step is done.
    CountedStep(Veid veid, std::uint64_t LifeCounts::*milliseconds, const LifeCounts& failed = {})
        : veid_(veid), milliseconds_(milliseconds), counts_(failed) {}
    CountedStep(const CountedStep&) = delete;
    CountedStep& operator=(const CountedStep&) = delete;
    ~CountedStep();
    void done(const LifeCounts& counts = {}) noexcept { counts_ = counts; }

  private:
    const Veid veid_;
    std::uint64_t LifeCounts::*const milliseconds_;
    LifeCounts counts_;
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace vps
