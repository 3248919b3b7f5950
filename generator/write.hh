// The generator's only side effects: units below two directories, or on standard output.
#pragma once

#include <string>
#include <vector>

#include "generator/unit_tree.hh"
#include "sys/fd.hh"

namespace vps {

class UnitWriter {
  public:
    // Late links go below `late_directory`, unless that is empty. Both directories exist. Throws
    // SysError.
    UnitWriter(const std::string& directory, const std::string& late_directory);

    // Creates the tree's files and links, and replaces nothing. Adds a line to `errors` for each
    // entry that could not be made; the other entries are complete. May be called by several
    // threads at once.
    void write(const UnitTree& tree, std::vector<std::string>& errors) const;

  private:
    Fd dir_, late_dir_;
};

// All trees as one text, by path: "--- path", then the file; or "--- path -> target".
std::string print_trees(const std::vector<UnitTree>& trees);

}  // namespace vps
