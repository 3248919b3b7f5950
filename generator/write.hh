// The generator's only side effects: a unit tree below one directory, or on standard output.
#pragma once

#include <string>
#include <vector>

#include "generator/unit_tree.hh"

namespace vps {

// Creates the tree's files and links below `directory`, and its late links below `late_directory`
// unless that is empty; both exist. Replaces nothing. Returns a line for each entry that could not
// be made; the other entries are complete.
std::vector<std::string> write_tree(const UnitTree& tree, const std::string& directory,
                                    const std::string& late_directory);

// The whole tree as one text, by path: "--- path", then the file; or "--- path -> target".
std::string print_tree(const UnitTree& tree);

}  // namespace vps
