#include "list/answer.hh"

#include <exception>

#include "sys/streams.hh"
#include "sys/utf8.hh"

namespace vps {

int run_list_program(const char* name, const std::function<ListAnswer()>& answer) {
    try {
        sys::open_standard_streams();
        const ListAnswer done = answer();
        sys::print(done.output);
        if (!done.error.empty())
            sys::print_line(sys::kErrors, done.error);
        return done.code;
    } catch (const std::exception& error) {
        sys::print_line(sys::kErrors, std::string(name) + ": " + printable(error.what()));
        return 1;
    }
}

}  // namespace vps
