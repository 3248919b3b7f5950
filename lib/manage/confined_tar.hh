// tar(1) as root of a user namespace that has the ids of a VPS and nothing of the host: it can make
// no device node, all mounts but that of one directory are read-only to it, and files of the host's
// root are not its own. Whatever `..` or links an archive has in it lead no further. Callers are
// root in the host context.
#pragma once

#include <signal.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "config/veid.hh"
#include "state/id_range.hh"
#include "sys/fd.hh"
#include "sys/process.hh"
#include "sys/progress_line.hh"

namespace vps {

// The ids that files on disk have: those of the VPS, unless LOCAL_UID shifts them. A range is
// claimed while this exists.
class TarIds {
  public:
    TarIds(Veid veid, const VpsConfig& config);
    ~TarIds();
    TarIds(const TarIds&) = delete;
    TarIds& operator=(const TarIds&) = delete;

    [[nodiscard]] const UserIds& ids() const { return ids_; }
    // Makes root of a shifted area the owner of its directory. Throws SysError.
    void give(const std::string& area) const;

  private:
    Veid veid_;
    std::optional<std::uint32_t> claimed_;
    UserIds ids_;
};

// Ctrl-C ends tar, and what it has made is undone by the caller, who goes on.
class IgnoredInterrupt {
  public:
    IgnoredInterrupt();
    ~IgnoredInterrupt();
    IgnoredInterrupt(const IgnoredInterrupt&) = delete;
    IgnoredInterrupt& operator=(const IgnoredInterrupt&) = delete;

  private:
    struct sigaction before_ {};
};

struct TarJob {
    std::vector<std::string> words;  // "tar" and its options; the archive is "-"
    std::string archive;
    std::string area;              // the directory that it may write into, and is in
    FdRef output{-1}, errors{-1};  // in place of our own streams
    bool plain_words = false;      // it speaks English, and has nothing of our environment
};

// Waits for tar. The child and the programs that it calls read the archive by the open file, whose
// place thus tells how far they are. Returns nothing where it was told to end first.
using WaitForTar = std::function<std::optional<ExitStatus>(Child& child, FdRef archive,
                                                           const TerminationRequest& request)>;

// Runs it, and kills it where `wait` throws or returns nothing; the request to end is met then.
// Throws Error with vzctl's code.
std::optional<ExitStatus> run_tar(const TarIds& ids, const TarJob& job, const WaitForTar& wait);

// The words of tar that unpack all but what is in /dev, which each start makes, with owners as
// numbers, and attributes.
std::vector<std::string> words_to_unpack();

// Throws Error with vzctl's code where a tar that is not packed has no blocks of zeros at its end
// (tar(5)): tar takes one that was cut between two of its files for whole.
void require_whole_archive(const std::string& archive);

std::string explain_tar(const ExitStatus& status);

// Tells how far an open file has been read.
void tell_place(sys::ProgressLine& line, FdRef file);

}  // namespace vps
