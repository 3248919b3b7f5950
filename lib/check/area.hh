// The private area and the place of its mount as a start would find them: what it would refuse, and
// what of disk quota and I/O limits the file system cannot keep. Reads below a root directory;
// changes nothing.
#pragma once

#include <string>

#include "check/finding.hh"
#include "config/config.hh"
#include "sys/fd.hh"

namespace vps {

// What a start would come upon, in its order. Scripts are checked in between. What it finds it adds
// to the verdict and to the file, which must outlive it, as must the configuration.
class AreaJudge {
  public:
    // The configuration has a VE_PRIVATE.
    AreaJudge(Veid veid, const VpsConfig& config, const std::string& root, StartVerdict& verdict,
              CheckedFile& file);

    // `may_come`: a premount script may bring it.
    void judge_area(bool may_come);

    // `may_come`: a premount or mount script may bring what is missing.
    void judge_content(bool may_come);

  private:
    // Elsewhere mounts and file systems are not those that the VPS is going to have.
    [[nodiscard]] bool is_this_host() const { return root_.empty(); }

    template <typename Step>
    void attempt(bool may_come, Step step);
    void find(ExitCode code, bool may_come, const std::string& text);
    void look_for_area(bool may_come);
    void look_for_init(bool may_come);
    void judge_root();
    void judge_quota(bool may_come);
    void judge_io_limits();

    Veid veid_;
    const VpsConfig& config_;
    std::string root_, shown_;
    StartVerdict& verdict_;
    CheckedFile& file_;
    Fd area_;
};

}  // namespace vps
