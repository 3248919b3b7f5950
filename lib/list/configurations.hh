// The configurations of listed VPSes, with the values that are shown as they were written.
#pragma once

#include <string>

#include "config/config_draft.hh"
#include "list/listed_vps.hh"

namespace vps {

// vz.conf is read once for all VPSes. A node without vz.conf has a list all the same: its starts
// tell that.
class Configurations {
  public:
    // `texts`: values are to be kept as they were written.
    Configurations(const std::string& dir, bool texts);

    // Reads N.conf into `vps`. A value that cannot be read is unset: a start tells that.
    void read(ListedVps& vps) const;

  private:
    std::string dir_;
    ConfigDraft host_;
};

}  // namespace vps
