// The extended attributes of a file, with ACLs and capabilities (xattr(7)). Callers are root in the
// host context.
#pragma once

#include <string>
#include <vector>

#include "sys/fd.hh"

namespace vps {

// A file that is open, or a path whose last name may be that of a link or node, which is meant.
struct AttributesOf {
    FdRef file = FdRef(-1);
    std::string path{};
};

class AttributeCopier {
  public:
    AttributeCopier();
    // Gives one file the attributes of another. A file system without attributes has none to lose.
    // `name` is for the error. Throws SysError.
    void copy(const AttributesOf& from, const AttributesOf& to, const std::string& name);

  private:
    std::vector<char> names_, value_;  // room for the most that the kernel gives
};

}  // namespace vps
