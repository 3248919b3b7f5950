// vzpid: the VPS that each of these processes is in, as OpenVZ's program of this name prints it.
#include "list/vzpid.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <exception>
#include <sstream>
#include <vector>

#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/sys.hh"
#include "sys/utf8.hh"
#include "version.hh"

namespace vps {

static std::vector<std::string> read_words() {
    std::istringstream text(sys::read_all(FdRef(STDIN_FILENO), "standard input"));
    std::vector<std::string> words;
    for (std::string word; text >> word;)
        words.push_back(std::move(word));
    return words;
}

static int print_pids(std::vector<std::string> words) {
    if (words.empty())
        throw Error(ExitCode::Usage, "the number of a process is wanted (see --help)");
    if (words.size() == 1 && (words[0] == "-h" || words[0] == "--help")) {
        sys::print(pid_help());
        return 0;
    }
    if (words.size() == 1 && words[0] == "--version") {
        sys::print(fmt::format("vzpid {}\n", kVersion));
        return 0;
    }
    if (words.size() == 1 && words[0] == "-")
        words = read_words();
    for (const std::string& word : words)
        if (word.starts_with('-'))
            throw Error(ExitCode::Usage, fmt::format("unknown option '{}' (see --help)", word));
    sys::print(list_pids(words));
    return 0;
}

}  // namespace vps

int main(int argc, char** argv) {
    using namespace vps;
    try {
        sys::open_standard_streams();
        return print_pids({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        sys::print_line(sys::kErrors, "vzpid: " + printable(error.what()));
        return 1;
    }
}
