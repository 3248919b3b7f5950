// A VPS that stands still for a moment: its processes frozen with their cgroup, the file system of
// its disk image with FIFREEZE (ioctl_fsfreeze). Another process, which no end of the caller's
// ends, thaws both: when it is told to, when the caller has died of whatever, or when the time is
// over. Callers are root in the host context and must not have the VPS's lock, which a stop wants.
#pragma once

#include <chrono>
#include <string>

#include "config/veid.hh"
#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

enum class Processes { Frozen, Running };

struct StandstillSpec {
    Veid veid;
    Processes processes = Processes::Frozen;
    // A directory of the file system that is to be frozen, too; false: none.
    FdRef file_system = FdRef(-1);
    std::string area;  // a directory of the file system that is written to disk before
};

class [[nodiscard]] Standstill {
  public:
    static constexpr unsigned kMostSeconds = 60;

    // Returns when all stands still. Processes that somebody else has frozen stay so afterwards.
    // Throws Error System; all goes on then.
    explicit Standstill(const StandstillSpec& spec);
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;
    ~Standstill();

    // Throws Error System when it has lasted almost as long as it may.
    void check_time() const;

    // All goes on. Returns how long it stood still. Throws Error System where somebody thawed the
    // VPS before, so that what was read is not of one moment.
    std::chrono::milliseconds end();

  private:
    using Clock = std::chrono::steady_clock;

    void freeze();
    void tell(char word) const;
    void thaw() noexcept;

    Veid veid_;
    FdRef file_system_;
    bool freezes_processes_;
    Clock::time_point began_{};
    Fd line_;  // to the process that thaws
    Child thawer_;
};

}  // namespace vps
