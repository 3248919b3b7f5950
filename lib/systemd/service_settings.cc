#include "systemd/service_settings.hh"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

struct Kind {
    std::string (*find)(const std::string& process);  // what tells one namespace from another
    const char* name;
    const char* settings;  // examples, systemd.exec(5)
};

// Empty where it cannot be told.
std::string or_empty(std::string (*find)(const std::string& process), const std::string& process) {
    try {
        return find(process);
    } catch (const SysError&) {
        return {};
    }
}

std::string status_of(const std::string& process) {
    return sys::read_file(process + "/status");
}

// From within a user namespace nobody may look at the other namespaces of PID 1. The table of ids
// can be read, and no namespace below PID 1's has the same.
constexpr Kind kKinds[] = {
    {[](const std::string& process) { return sys::read_file(process + "/uid_map"); },
     "a user namespace", "PrivateUsers="},
    {[](const std::string& process) { return sys::readlink(process + "/ns/mnt"); },
     "a mount namespace",
     "PrivateTmp=, PrivateMounts=, PrivateDevices=, ProtectHome=, ProtectSystem=, ProtectProc= or "
     "PrivateNetwork="},
    {[](const std::string& process) { return sys::readlink(process + "/ns/net"); },
     "a network namespace", "PrivateNetwork= or NetworkNamespacePath="},
};

std::string advise(const std::string& unit) {
    return fmt::format(
        "it must not be set for vps@.service, nor for all services by a drop-in of service.d "
        "('systemctl cat {}' shows what is set, and in which file)",
        unit);
}

// A number of proc_pid_status(5); nothing for one that is not there.
std::optional<std::uint64_t> find_number(const std::string& status, std::string_view key,
                                         int base) {
    const std::string begin = fmt::format("\n{}:", key);
    const std::size_t at = status.find(begin);
    if (at == status.npos)
        return std::nullopt;
    return std::strtoull(&status[at + begin.size()], nullptr, base);
}

}  // namespace

std::optional<std::string> explain_own_namespaces(const std::string& unit,
                                                  const std::string& proc) {
    for (const Kind& kind : kKinds) {
        const std::string own = or_empty(kind.find, proc + "/self"),
                          of_host = or_empty(kind.find, proc + "/1");
        if (!own.empty() && !of_host.empty() && own != of_host)
            return fmt::format(
                "a setting of {} gives its processes {} of their own, in which no VPS can be "
                "started: {} makes one, as others do; {}",
                unit, kind.name, kind.settings, advise(unit));
    }
    return std::nullopt;
}

std::vector<std::string> explain_lost_rights(const std::string& unit, const std::string& proc) {
    const std::string own = or_empty(status_of, proc + "/self"),
                      of_host = or_empty(status_of, proc + "/1");
    const auto differ = [&](std::string_view key, int base, auto lost) {
        const auto here = find_number(own, key, base), there = find_number(of_host, key, base);
        return here && there && lost(*here, *there);
    };
    const auto is_more = [](std::uint64_t here, std::uint64_t there) { return here > there; };
    const auto is_without = [](std::uint64_t here, std::uint64_t there) {
        return (there & ~here) != 0;
    };
    std::vector<std::string> lost;
    const auto tell = [&](std::string_view what) {
        lost.push_back(fmt::format("a setting of {} holds for the VPS, too: {}; {}", unit, what,
                                   advise(unit)));
    };
    if (differ("NoNewPrivs", 10, is_more))
        tell("NoNewPrivileges=, with which su, sudo and other set-uid programs have no effect");
    if (differ("Seccomp_filters", 10, is_more))
        tell(
            "SystemCallFilter=, RestrictNamespaces=, RestrictSUIDSGID=, RestrictAddressFamilies=, "
            "MemoryDenyWriteExecute=, ProtectHostname= or another one that denies system calls");
    if (differ("CapBnd", 16, is_without))
        tell("CapabilityBoundingSet=, or another one that takes capabilities away");
    return lost;
}

}  // namespace vps
