// A file by its handle (name_to_handle_at(2)): work that is yet to be done on many files then takes
// neither descriptors nor long paths. Needs CAP_DAC_READ_SEARCH to open.
#pragma once

#include <string>

#include "sys/fd.hh"

namespace vps {

class FileHandle {
  public:
    // Throw SysError.
    static FileHandle of(FdRef file);
    static FileHandle of(FdRef directory, const std::string& name);  // of a link itself

    // The file, as the mount that `mount` is a file of shows it; empty where it has gone. Throws
    // SysError.
    [[nodiscard]] Fd open(FdRef mount, int flags) const;

  private:
    explicit FileHandle(std::string bytes) : bytes_(std::move(bytes)) {}
    std::string bytes_;
};

}  // namespace vps
