#include "systemd/log.hh"

#include <endian.h>
#include <sys/socket.h>

#include <cstdint>

#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/unix_address.hh"
#include "sys/utf8.hh"
#include "systemd/cgroup.hh"
#include "systemd/unit_name.hh"

namespace vps {

Log::Log(std::string program, Veid veid, const std::string& unit)
    : program_(std::move(program)),
      veid_(veid),
      to_journal_(in_service(unit.empty() ? service_unit(veid) : unit)) {}

// An entry in journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): "NAME=value", or,
// where the value has more than a line, the name, the value's size and the value.
static void add_field(std::string& entry, std::string_view name, std::string_view value) {
    entry += name;
    if (value.find('\n') == value.npos) {
        entry += '=';
    } else {
        const std::uint64_t size = htole64(value.size());
        entry += '\n';
        entry.append(reinterpret_cast<const char*>(&size), sizeof size);
    }
    entry += value;
    entry += '\n';
}

// False where journald does not take it.
static bool send_entry(const std::string& entry) {
    const sockaddr_un address = sys::unix_address("/run/systemd/journal/socket");
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return sendto(socket.get(), entry.data(), entry.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), sizeof address) >= 0;
}

bool Log::send(const std::string& identifier, Level level, const std::string& message,
               std::initializer_list<LogField> fields) const {
    // `journalctl -u` looks for OBJECT_SYSTEMD_UNIT, too; unlike _SYSTEMD_UNIT the field is there
    // even if the process is gone before journald looks it up.
    std::string entry;
    add_field(entry, "MESSAGE", message);
    add_field(entry, "PRIORITY", std::to_string(static_cast<int>(level)));
    add_field(entry, "SYSLOG_IDENTIFIER", identifier);
    add_field(entry, "VEID", veid_.to_string());
    add_field(entry, "OBJECT_SYSTEMD_UNIT", service_unit(veid_));
    for (const LogField& field : fields)
        if (!field.value.empty())
            add_field(entry, field.name, field.value);
    return send_entry(entry);
}

std::string Log::line_of(const std::string& text) const {
    return "vps " + veid_.to_string() + ": " + printable(text);
}

void Log::say(Level level, const std::string& text, std::initializer_list<LogField> fields) const {
    const std::string message = line_of(text);
    if (!to_journal_ || !send(program_, level, message, fields))
        sys::print_line(sys::kErrors, program_ + ": " + message);
}

void Log::record(Level level, const std::string& text) const {
    (void)send(program_, level, line_of(text), {});  // there may be no journald
}

void Log::pass_on(const std::string& identifier, Level level, std::string_view line) const {
    if (to_journal_ && send(identifier, level, std::string(line), {}))
        return;
    sys::print_line(level <= Level::Warning ? sys::kErrors : sys::kOutput, std::string(line));
}

Fd Log::open_stream(const std::string& identifier, Level level) const {
    const sockaddr_un address = sys::unix_address("/run/systemd/journal/stdout");
    Fd stream(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!stream)
        throw SysError(errno, "create socket");
    if (connect(stream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
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
