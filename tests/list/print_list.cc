// print-list HOST PROGRAM WORD...: vzlist, vzubc or vzpid over a small host below the directory
// HOST, for list.py, a thousand minutes after its boot.

#include <fcntl.h>

#include <cstdio>
#include <exception>

#include "list/vzlist.hh"
#include "list/vzpid.hh"
#include "list/vzubc.hh"
#include "state/state.hh"
#include "sys/sys.hh"

namespace {

using namespace vps;

// A VPS whose state is lost has run since a minute before now. Any open file stands for the handle
// of its init.
FoundVps find_running(Veid) {
    FoundVps found;
    found.state = VpsState{};
    found.state->init_start = (60000UL - 60) * 100;
    found.init = sys::open("/", O_PATH);
    return found;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3)
        return 2;
    const std::string host = argv[1];
    ListPlaces places;
    places.config = host + "/etc/vz";
    places.run = host + "/run/vps";
    places.cgroups = host + "/cgroup";
    places.proc = host + "/proc";
    places.mounts = host + "/mountinfo";
    places.root = host;
    places.find = find_running;
    places.is_root = true;
    places.now = 60000.25;
    places.boot_time = 1'700'000'000;
    places.cpus = 4;
    const std::string program = argv[2];
    const std::vector<std::string> words(argv + 3, argv + argc);
    try {
        if (program == "vzpid") {
            std::fputs(list_pids(words, places.proc).c_str(), stdout);
            return 0;
        }
        const ListAnswer answer = program == "vzubc" ? answer_ubc(parse_ubc_request(words), places)
                                                     : answer_list(argc - 2, argv + 2, places);
        std::fputs(answer.output.c_str(), stdout);
        if (!answer.error.empty())
            std::fprintf(stderr, "%s\n", answer.error.c_str());
        return answer.code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", program.c_str(), error.what());
        return 1;
    }
}
