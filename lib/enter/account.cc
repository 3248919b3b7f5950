#include "enter/account.hh"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>

#include "sys/error.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::size_t kMaxFile = 4U << 20;

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
    const Fd text = find_guest_file(root, path);
    return text ? sys::read_all(text, path, kMaxFile) : std::string();
}

}  // namespace vps
