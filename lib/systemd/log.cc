#include "systemd/log.hh"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <cstring>
#include <vector>

#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/utf8.hh"
#include "systemd/cgroup.hh"
#include "systemd/libsystemd.hh"
#include "systemd/unit_name.hh"

namespace vps {

Log::Log(std::string program, Veid veid, const std::string& unit)
    : program_(std::move(program)),
      veid_(veid),
      to_journal_(in_service(unit.empty() ? service_unit(veid) : unit)) {}

bool Log::send(const std::string& identifier, Level level, const std::string& message,
               std::initializer_list<LogField> fields) const {
    if (!to_journal_)
        return false;
    // `journalctl -u` looks for OBJECT_SYSTEMD_UNIT, too; unlike _SYSTEMD_UNIT the field is there
    // even if the process is gone before journald looks it up.
    std::vector<std::string> lines{"MESSAGE=" + message,
                                   "PRIORITY=" + std::to_string(static_cast<int>(level)),
                                   "SYSLOG_IDENTIFIER=" + identifier, "VEID=" + veid_.to_string(),
                                   "OBJECT_SYSTEMD_UNIT=" + service_unit(veid_)};
    for (const LogField& field : fields)
        if (!field.value.empty())
            lines.push_back(std::string(field.name) + "=" + field.value);
    std::vector<iovec> vectors;
    for (std::string& line : lines)
        vectors.push_back({line.data(), line.size()});
    try {
        return sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size())) >= 0;
    } catch (const Error&) {
        return false;  // no libsystemd
    }
}

void Log::say(Level level, const std::string& text, std::initializer_list<LogField> fields) const {
    const std::string message = "vps " + veid_.to_string() + ": " + printable(text);
    if (!send(program_, level, message, fields))
        sys::print_line(sys::kErrors, program_ + ": " + message);
}

void Log::pass_on(const std::string& identifier, Level level, std::string_view line) const {
    if (send(identifier, level, std::string(line), {}))
        return;
    sys::print_line(level <= Level::Warning ? sys::kErrors : sys::kOutput, std::string(line));
}

Fd Log::open_stream(const std::string& identifier, Level level) const {
    sockaddr_un address{AF_UNIX, "/run/systemd/journal/stdout"};
    Fd stream(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!stream)
        throw SysError(errno, "create socket");
    if (connect(stream.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
        throw SysError(errno, "connect to", address.sun_path);
    // The lines are: identifier, unit, priority, level prefixes honoured?, forward to syslog, kmsg,
    // console?
    const std::string header = identifier + "\n" + service_unit(veid_) + "\n" +
                               std::to_string(static_cast<int>(level)) + "\n0\n0\n0\n0\n";
    if (::send(stream.get(), header.data(), header.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(header.size()))
        throw SysError(errno, "write to", address.sun_path);
    (void)shutdown(stream.get(), SHUT_RD);  // as journald expects; harmless if it fails
    return stream;
}

void attempt(const Log& log, const std::function<void()>& step) {
    try {
        step();
    } catch (const Error& error) {
        log.say(Level::Warning, std::string(error.what()) + ", ignoring it");
    }
}

}  // namespace vps
