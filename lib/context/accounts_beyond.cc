#include "context/accounts_beyond.hh"

#include <fmt/format.h>

#include <charconv>

#include "config/config.hh"
#include "config/config_value.hh"
#include "sys/error.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::uint32_t kOldNobody = 4294967294;  // -2, as some distributions have it

// The text of a plain file of the VPS; empty where there is none, or a long one.
std::string read_vps_file(FdRef root, const char* path) {
    try {
        const Fd file = find_guest_file(root, path);
        return file ? sys::read_all(file, path) : std::string();
    } catch (const Error&) {
        return {};  // no warning is owed: without the file nothing is known
    }
}

// The third field of "name:password:id:…".
std::uint32_t id_of(std::string_view line) {
    std::uint32_t id = 0;
    std::size_t at = line.find(':');
    at = at == line.npos ? at : line.find(':', at + 1);
    if (at != line.npos)
        (void)std::from_chars(line.data() + at + 1, line.data() + line.size(), id);
    return id;
}

}  // namespace

std::optional<std::string> find_account_beyond(std::string_view text, std::uint32_t count,
                                               std::string_view what) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        at = end + 1;
        const std::uint32_t id = id_of(line);
        if (id < count || id >= kOldNobody)
            continue;
        const auto wanted = ids_that_have(id);
        return fmt::format(
            "the VPS has the {} {} with the id {}, but ids up to {} only: files of "
            "it are nobody's; {}",
            what, quote_for_message(line.substr(0, line.find(':'))), id, count - 1,
            wanted ? fmt::format("set USERNS_IDS={}", *wanted)
                   : std::string("no USERNS_IDS= has that id"));
    }
    return std::nullopt;
}

std::optional<std::uint32_t> ids_that_have(std::uint32_t id) {
    for (std::uint32_t ids = kFewestIds; ids <= kMostIds; ids *= 2)
        if (id < ids)
            return ids;
    return std::nullopt;
}

std::optional<std::string> explain_accounts_beyond(FdRef root, std::uint32_t count) {
    if (auto user = find_account_beyond(read_vps_file(root, "/etc/passwd"), count, "user"))
        return user;
    return find_account_beyond(read_vps_file(root, "/etc/group"), count, "group");
}

}  // namespace vps
