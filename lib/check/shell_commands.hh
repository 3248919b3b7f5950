// The commands of a shell script, found in its text. Pure: nothing is executed, and the text may
// hold any bytes.
#pragma once

#include <string>
#include <vector>

namespace vps {

// The words of a simple command of a shell script, and where it starts. bash's own redirections of
// two streams, "&>" and ">&" before a file's name, stand as commands of their own.
struct ShellCommand {
    unsigned line;
    std::vector<std::string> words;  // quotes stay, so that only a plain word equals a name
};

// Finds the commands of a script, and of its command substitutions; leaves out comments,
// here-documents and quoted text.
std::vector<ShellCommand> find_commands(const std::string& script);

// True for a word that sets a variable, such as "A=1" or "A+=1".
bool is_assignment(const std::string& word);

}  // namespace vps
