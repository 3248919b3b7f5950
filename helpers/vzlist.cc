// vzlist: lists VPSes in the words, columns and codes of OpenVZ's. Reads files only: nothing is
// asked of PID 1.
#include "list/vzlist.hh"

#include <exception>

#include "sys/streams.hh"
#include "sys/utf8.hh"

int main(int argc, char** argv) {
    using namespace vps;
    try {
        sys::open_standard_streams();
        const ListAnswer answer = answer_list(argc, argv);
        sys::print(answer.output);
        if (!answer.error.empty())
            sys::print_line(sys::kErrors, answer.error);
        return answer.code;
    } catch (const std::exception& error) {
        sys::print_line(sys::kErrors, "vzlist: " + printable(error.what()));
        return 1;
    }
}
