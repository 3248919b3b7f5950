// vzpid: the VPS that each of these processes is in, as OpenVZ's program of this name prints it.
#include "list/vzpid.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>
#include <vector>

#include "list/answer.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "version.hh"

namespace vps {

static std::vector<std::string> read_words() {
    std::istringstream text(sys::read_all(FdRef(STDIN_FILENO), "standard input"));
    std::vector<std::string> words;
    for (std::string word; text >> word;)
        words.push_back(std::move(word));
    return words;
}

static ListAnswer answer_pids(std::vector<std::string> words) {
    if (words.empty())
        throw Error(ExitCode::Usage, "the number of a process is wanted (see --help)");
    if (words.size() == 1 && (words[0] == "-h" || words[0] == "--help"))
        return {.output = pid_help(), .error = {}};
    if (words.size() == 1 && words[0] == "--version")
        return {.output = fmt::format("vzpid {}\n", kVersion), .error = {}};
    if (words.size() == 1 && words[0] == "-")
        words = read_words();
    for (const std::string& word : words)
        if (word.starts_with('-'))
            throw Error(ExitCode::Usage, fmt::format("unknown option '{}' (see --help)", word));
    return {.output = list_pids(words), .error = {}};
}

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_list_program("vzpid", [&] {
        return vps::answer_pids({argv + 1, argv + argc});
    });
}
