// print-list HOST WORD...: vzlist over a small host below the directory HOST, for list.py, a
// thousand minutes after its boot.

#include <fcntl.h>

#include <cstdio>
#include <exception>

#include "list/vzlist.hh"
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
    if (argc < 2)
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
    places.cpus = 4;
    argv[1] = argv[0];
    try {
        const ListAnswer answer = answer_list(argc - 1, argv + 1, places);
        std::fputs(answer.output.c_str(), stdout);
        if (!answer.error.empty())
            std::fprintf(stderr, "%s\n", answer.error.c_str());
        return answer.code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vzlist: %s\n", error.what());
        return 1;
    }
}
