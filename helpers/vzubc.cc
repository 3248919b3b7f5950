// vzubc: what VPSes that run use of their resources, in the columns of OpenVZ's program of this
// name. Reads what vzlist reads.
#include "list/vzubc.hh"

#include <unistd.h>

#include <cerrno>
#include <exception>

#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/utf8.hh"

namespace vps {

// watch(1) runs this program without the options that are for it.
[[noreturn]] static void run_watch(const UbcRequest& request, const char* program) {
    std::vector<std::string> words = request.watch;
    words.insert(words.end(), {"-x", "--", program});
    if (request.quiet)
        words.insert(words.end(), {"-qh", std::to_string(request.held_ratio), "-qm",
                                   std::to_string(request.maxheld_ratio)});
    words.insert(words.end(), request.operands.begin(), request.operands.end());
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    (void)execvp(argv[0], argv.data());
    throw SysError(errno, "execute", "watch");
}

}  // namespace vps

int main(int argc, char** argv) {
    using namespace vps;
    try {
        sys::open_standard_streams();
        const std::vector<std::string> words(argv + 1, argv + argc);
        const UbcRequest request = parse_ubc_request(words);
        if (!request.watch.empty() && request.answer == UbcRequest::Answer::Table)
            run_watch(request, argv[0]);
        const ListAnswer answer = answer_ubc(request);
        sys::print(answer.output);
        if (!answer.error.empty())
            sys::print_line(sys::kErrors, answer.error);
        return answer.code;
    } catch (const std::exception& error) {
        sys::print_line(sys::kErrors, "vzubc: " + printable(error.what()));
        return 1;
    }
}
