#include "command/command_words.hh"

#include <string_view>

namespace vps {

// "--user" or, as options may be cut, "--u": its value is the next word.
static bool takes_next_word(const std::string& word) {
    return word.size() > 2 && std::string_view("--user").starts_with(word);
}

CommandWords split_words(const std::vector<std::string>& words) {
    CommandWords split;
    auto word = words.begin();
    while (word != words.end() && word->starts_with('-') && *word != "--") {
        if (takes_next_word(*word) && word + 1 != words.end())
            split.ours.push_back(*word++);
        split.ours.push_back(*word++);
    }
    if (word != words.end() && *word == "--")
        split.ours.push_back(*word++);
    if (word != words.end())
        split.ours.push_back(*word++);
    if (word != words.end() && *word == "--")
        ++word;
    split.command.assign(word, words.end());
    return split;
}

}  // namespace vps
