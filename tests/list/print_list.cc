// print-list HOST WORD...: vzlist over a small host below the directory HOST, for list.py: a VPS
// runs there whose state says so, a thousand minutes after the boot.

#include <fcntl.h>

#include <cstdio>
#include <exception>

#include "list/vzlist.hh"
#include "state/state.hh"
#include "sys/sys.hh"

namespace {

using namespace vps;

// Any open file stands for the handle of an init.
FoundVps find_by_state(Veid veid, const std::string& run) {
    FoundVps found;
    found.state = read_state(veid, run);
    if (found.state && found.state->init_pid != 0)
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
    places.find = [&](Veid veid) { return find_by_state(veid, places.run); };
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
