// A file by its handle (name_to_handle_at(2)): work that is yet to be done on many files then takes
// neither descriptors nor long paths. Needs CAP_DAC_READ_SEARCH to open.
#pragma once

#include <string>
#include <utility>

#include "sys/exit_code.hh"
#include "sys/fd.hh"

namespace vps {

class FileHandle {
  public:
    // Throw SysError, which has this code.
    static FileHandle of(FdRef file, ExitCode code = ExitCode::System);
    static FileHandle of(FdRef directory, const std::string& name);  // of a link itself

    // The file, as the mount that `mount` is a file of shows it; empty where it has gone. Likewise.
    [[nodiscard]] Fd open(FdRef mount, int flags, ExitCode code = ExitCode::System) const;

    // In hexadecimal digits. The file has the same ones as long as it exists, also after a reboot.
    [[nodiscard]] std::string to_string() const;

  private:
    explicit FileHandle(std::string bytes) : bytes_(std::move(bytes)) {}
    std::string bytes_;
};

}  // namespace vps
