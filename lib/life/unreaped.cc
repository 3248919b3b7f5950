#include "life/unreaped.hh"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

// What follows `name` in a text of proc_pid_status(5), up to the line's end.
std::string_view field_of(std::string_view status, std::string_view name) {
    const std::size_t at = status.find(name);
    if (at == status.npos)
        return {};
    status.remove_prefix(at + name.size());
    return status.substr(0, status.find('\n'));
}

std::string namespace_of(pid_t pid) {
    return sys::readlink(fmt::format("/proc/{}/ns/pid", pid));
}

// Nothing where the process is none that keeps `ns` from ending.
std::optional<std::string> describe_unreaped(pid_t pid, const std::string& ns) try {
    const std::string status = sys::read_file(fmt::format("/proc/{}/status", pid));
    const auto parent = parse_pid(field_of(status, "\nPPid:\t"));
    if (!field_of(status, "\nState:\t").starts_with("Z") || !parent || namespace_of(pid) != ns ||
        namespace_of(*parent) == ns)
        return std::nullopt;
    const std::string parents = sys::read_file(fmt::format("/proc/{}/status", *parent));
    const bool is_stopped = field_of(parents, "\nState:\t").starts_with("T");
    // The names are whatever their owners, the VPS among them, make them.
    return fmt::format(
        "process {} ({}) in it has ended, and its parent on the host, process {} "
        "({}), {}; {}",
        pid, printable(field_of(status, "Name:\t")), *parent,
        printable(field_of(parents, "Name:\t")), is_stopped ? "is stopped" : "does not wait for it",
        is_stopped ? fmt::format("let that go on (kill -CONT {})", *parent)
                   : std::string("end that one"));
} catch (const SysError&) {
    return std::nullopt;  // it has gone meanwhile
}

}  // namespace

std::string describe_unending(pid_t init) try {
    const std::string ns = namespace_of(init);
    Directory proc("/proc");
    while (const dirent* entry = proc.next())
        if (const auto pid = parse_pid(entry->d_name); pid && *pid != init)
            if (const auto words = describe_unreaped(*pid, ns))
                return *words;
    return "it hangs in the kernel";
} catch (const SysError&) {
    return "it hangs in the kernel";
}

}  // namespace vps
