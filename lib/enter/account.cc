#include "enter/account.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <optional>
#include <utility>

#include "sys/error.hh"
#include "sys/guest_file.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::size_t kMaxFile = 4U << 20;
constexpr unsigned kPatience = 5;  // seconds

// The piece before the next `end`, or the whole text; takes the piece and `end` from `text`.
std::string_view take(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    const std::string_view piece = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return piece;
}

// The fields of a line, the last of which takes the rest; nothing if there are fewer.
template <std::size_t Count>
std::optional<std::array<std::string_view, Count>> fields_of(std::string_view line) {
    if (line.find('\0') != std::string_view::npos ||
        std::count(line.begin(), line.end(), ':') < static_cast<std::ptrdiff_t>(Count - 1))
        return std::nullopt;
    std::array<std::string_view, Count> fields;
    for (std::size_t i = 0; i + 1 < Count; ++i)
        fields[i] = take(line, ':');
    fields[Count - 1] = line;
    return fields;
}

// A user or group id; the highest number stands for none (chown(2)).
std::optional<unsigned> parse_id(std::string_view text) {
    unsigned id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size() || id == UINT_MAX)
        return std::nullopt;
    return id;
}

std::string absolute_path(std::string_view path) {
    return std::string(path.starts_with('/') && path.size() < PATH_MAX ? path : "");
}

bool has_member(std::string_view members, std::string_view name) {
    while (!members.empty())
        if (take(members, ',') == name)
            return true;
    return false;
}

// The child's answer begins with one of these.
constexpr char kText = '+', kFailure = '-';

std::string read_answer(FdRef root, const std::string& path) {
    try {
        const Fd file = find_guest_file(root, path);
        return kText + (file ? sys::read_all(file, path, kMaxFile) : std::string());
    } catch (const Error& error) {
        return kFailure + std::string(error.what());
    }
}

[[noreturn]] void read_for_another(FdRef root, const std::string& path, FdRef to) noexcept {
    try {
        sys::write_all(to, read_answer(root, path), "the answer");
    } catch (...) {
        _exit(1);  // the caller finds no answer
    }
    _exit(0);
}

// The text until its end; nothing where that is not there at the deadline.
std::optional<std::string> read_until(FdRef from, const Deadline& deadline) {
    std::string text;
    for (;;) {
        pollfd waiting{from.get(), POLLIN, 0};
        if (poll(&waiting, 1, milliseconds_until(deadline)) == 0)
            return std::nullopt;
        char part[65536];
        const ssize_t got = read(from.get(), part, sizeof part);
        if (got == 0)
            return text;
        if (got > 0)
            text.append(part, static_cast<std::size_t>(got));
        else if (errno != EINTR)
            throw SysError(errno, "read what a child has read");
    }
}

}  // namespace

std::optional<Account> find_account(std::string_view passwd, std::string_view name) {
    while (!passwd.empty()) {
        const auto fields = fields_of<7>(take(passwd, '\n'));
        if (!fields || name.empty() || (*fields)[0] != name)
            continue;
        const std::optional<unsigned> uid = parse_id((*fields)[2]), gid = parse_id((*fields)[3]);
        if (uid && gid)
            return Account{std::string(name), *uid, *gid, absolute_path((*fields)[5]),
                           absolute_path((*fields)[6])};
    }
    return std::nullopt;
}

std::vector<gid_t> groups_of(const Account& account, std::string_view group) {
    std::vector<gid_t> groups{account.gid};
    while (!group.empty()) {
        const auto fields = fields_of<4>(take(group, '\n'));
        if (!fields || !has_member((*fields)[3], account.name))
            continue;
        if (const std::optional<unsigned> gid = parse_id((*fields)[2]))
            groups.push_back(*gid);
    }
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    groups.resize(std::min<std::size_t>(groups.size(), NGROUPS_MAX));
    return groups;
}

std::string read_in_root(FdRef root, const std::string& path) {
    auto [ours, readers] = sys::pipe();
    const Child reader = clone_process();
    if (reader.pid() == 0)
        read_for_another(root, path, readers);
    readers.reset();
    std::optional<std::string> answer = read_until(ours, deadline_after(kPatience));
    if (!answer)
        throw Error(
            ExitCode::System,
            fmt::format("'{}' in the VPS is not read within {} seconds: something is mounted "
                        "there that does not answer",
                        path, kPatience));
    if (answer->empty())
        throw Error(
            ExitCode::System,
            fmt::format("'{}' in the VPS is not read: the process that reads it has ended", path));
    const bool is_text = answer->front() == kText;
    answer->erase(0, 1);
    if (!is_text)
        throw Error(ExitCode::System, *answer);
    return std::move(*answer);
}

}  // namespace vps
