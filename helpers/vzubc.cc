// vzubc: what VPSes that run use of their resources, in the columns of OpenVZ's program of this
// name. Reads what vzlist reads.
#include "list/vzubc.hh"

#include <unistd.h>

#include <cerrno>

#include "sys/error.hh"
#include "sys/process.hh"

namespace vps {

// watch(1) runs this program without the options that are for it.
[[noreturn]] static void run_watch(const UbcRequest& request, const char* program) {
    std::vector<std::string> words = request.watch;
    words.insert(words.end(), {"-x", "--", program});
    if (request.quiet)
        words.insert(words.end(), {"-qh", std::to_string(request.held_ratio), "-qm",
                                   std::to_string(request.maxheld_ratio)});
    words.insert(words.end(), request.operands.begin(), request.operands.end());
    const std::vector<char*> argv = pointers_to(words);
    (void)execvp(argv[0], argv.data());
    throw SysError(errno, "execute", "watch");
}

static ListAnswer answer_words(const std::vector<std::string>& words, const char* program) {
    const UbcRequest request = parse_ubc_request(words);
    if (!request.watch.empty() && request.answer == UbcRequest::Answer::Table)
        run_watch(request, program);
    return answer_ubc(request);
}

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_list_program("vzubc", [&] {
        return vps::answer_words({argv + 1, argv + argc}, argv[0]);
    });
}
