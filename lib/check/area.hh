// The private area and the place of its mount as a start would find them: the refusals of a start,
// and the disk quota and I/O limits that the file system cannot keep. Reads below a root directory;
// changes nothing.
#pragma once

#include <optional>
#include <string>

#include "check/finding.hh"
#include "config/config.hh"
#include "ploop/area_kind.hh"
#include "ploop/disk_image.hh"
#include "state/place.hh"
#include "sys/fd.hh"

namespace vps {

// How much of a private area is looked at: a few files, or each file's owner, too.
enum class Depth { FewFiles, EachFile };

// The findings of a start, in its order. Scripts are checked in between. AreaJudge adds them to the
// verdict and to the file, which must outlive it, as must the configuration and the host's places.
class AreaJudge {
  public:
    // The configuration has a VE_PRIVATE. `host` is looked up below the same root.
    AreaJudge(Veid veid, const VpsConfig& config, const std::string& root, const HostPlaces& host,
              StartVerdict& verdict, CheckedFile& file);

    // Judges the private area. `may_come`: a premount script may bring it.
    void judge_area(bool may_come, Depth depth);

    // Judges the files in the area. `may_come`: a premount or mount script may bring missing ones.
    void judge_content(bool may_come);

    // The directory of the VPS's files: the private area, or the file system of its disk; empty
    // where there is none, nothing where it cannot be looked into.
    [[nodiscard]] std::optional<Fd> open_files() const;

  private:
    // True for this host's own files: with another root, mounts and file systems are not the ones
    // that the VPS is going to have.
    [[nodiscard]] bool is_this_host() const { return root_.empty(); }

    template <typename Step>
    void attempt(bool may_come, Step step);
    void find(ExitCode code, bool may_come, const std::string& text);
    void look_for_area(bool may_come);
    void look_for_init(bool may_come);
    void judge_programs(bool may_come);
    void judge_disk();
    void look_into(const DiskImage& disk);
    [[nodiscard]] bool is_mounted() const;
    [[nodiscard]] std::string explain_no_area() const;
    void judge_root();
    void judge_problem(const ConfigProblem& problem);
    void judge_quota(bool may_come);
    void judge_accounts();
    void judge_owners();
    void judge_mapping(bool may_come);
    [[nodiscard]] bool has_own_ids() const;
    void judge_io_limits();

    Veid veid_;
    const VpsConfig& config_;
    const HostPlaces& host_;
    std::string root_, shown_;
    StartVerdict& verdict_;
    CheckedFile& file_;
    Fd area_;
    Fd files_;  // of a disk; its mount goes with it
    AreaKind kind_ = AreaKind::Files;
};

}  // namespace vps
