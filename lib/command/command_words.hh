// The words of a command line that ends in a command to run.
#pragma once

#include <string>
#include <vector>

namespace vps {

struct CommandWords {
    std::vector<std::string> ours;     // options and VEID
    std::vector<std::string> command;  // what follows, without a "--" before it, as it is
};

CommandWords split_words(const std::vector<std::string>& words);

}  // namespace vps
