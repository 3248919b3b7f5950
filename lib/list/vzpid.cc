#include "list/vzpid.hh"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "config/veid.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

// "0::/vps.slice/vps-101.slice/vps-101.scope/…". Scripts of the host are in another scope of the
// slice.
std::uint32_t find_vps_of(std::string_view cgroup) {
    constexpr std::string_view kPlace = "0::/vps.slice/vps-", kSlice = ".slice/";
    const std::size_t at = cgroup.find(kPlace);
    if (at == cgroup.npos || (at != 0 && cgroup[at - 1] != '\n'))
        return 0;
    std::string_view rest = cgroup.substr(at + kPlace.size());
    const std::string number(rest.substr(0, rest.find('.')));
    const std::optional<Veid> veid = Veid::parse(number);
    rest.remove_prefix(number.size());
    const std::string scope = fmt::format("vps-{}.scope", number);
    if (!veid || !rest.starts_with(kSlice) || !rest.substr(kSlice.size()).starts_with(scope))
        return 0;
    return veid->value();
}

std::string name_in(const std::string& status) {
    constexpr std::string_view kName = "Name:\t";
    if (!status.starts_with(kName))
        return {};
    return status.substr(kName.size(), status.find('\n') - kName.size());
}

}  // namespace

std::string pid_help() {
    return "Usage: vzpid PID ... | -\n\n"
           "Prints the VPS that each process is in; 0 is the host.\n\n"
           "  -           read the numbers from standard input\n"
           "  -h, --help  show this help\n"
           "  --version   show the version\n";
}

std::string list_pids(std::span<const std::string> pids, const std::string& proc) {
    std::string text = "Pid\tCTID\tName\n";
    for (const std::string& word : pids) {
        const std::optional<pid_t> pid = parse_pid(word);
        if (!pid)
            continue;
        try {
            const std::string dir = fmt::format("{}/{}/", proc, *pid);
            const std::string name = name_in(sys::read_file(dir + "status"));
            text += fmt::format("{}\t{}\t{}\n", *pid, find_vps_of(sys::read_file(dir + "cgroup")),
                                printable(name));
        } catch (const SysError&) {
            // There is no such process any more.
        }
    }
    return text;
}

}  // namespace vps
