// libFuzzer target: any bytes as /etc/passwd and /etc/group of a VPS. Who is found is who was asked
// for, by a line that is there, nobody is in more groups than the kernel takes, and what is said of
// ids that the VPS does not have is one line.

#include <limits.h>

#include <algorithm>

#include "context/accounts_beyond.hh"
#include "enter/account.hh"
#include "require.hh"

using namespace vps;

static void check_account(const Account& account, std::string_view name, std::string_view passwd) {
    require(account.name == name, "another's account", account.name);
    require(passwd.find(account.name + ":") != passwd.npos, "nobody's account", account.name);
    require(account.uid != UINT_MAX && account.gid != UINT_MAX, "no id", account.name);
    for (const std::string& path : {account.home, account.shell})
        require(path.empty() || (path[0] == '/' && path.size() < PATH_MAX &&
                                 path.find_first_of(std::string_view("\0\n", 2)) == path.npos),
                "bad path", path);
}

static void check_beyond(std::string_view text, std::string_view what) {
    for (const std::uint32_t count : {65536U, 1U << 26U})
        if (const std::optional<std::string> said = find_account_beyond(text, count, what))
            require(is_one_line(*said), "odd text", *said);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view group = text_of(data, size);
    const std::string_view passwd = take_part(group);
    check_beyond(passwd, "user");
    check_beyond(group, "group");
    const std::string_view first = passwd.substr(0, passwd.find(':'));
    for (const std::string_view name : {std::string_view("root"), first}) {
        const std::optional<Account> account = find_account(passwd, name);
        if (!account)
            continue;
        check_account(*account, name, passwd);
        const std::vector<gid_t> groups = groups_of(*account, group);
        require(!groups.empty() && groups.size() <= NGROUPS_MAX, "too many groups", account->name);
        require(std::is_sorted(groups.begin(), groups.end()) &&
                    std::adjacent_find(groups.begin(), groups.end()) == groups.end(),
                "a group twice", account->name);
        require(std::find(groups.begin(), groups.end(), UINT_MAX) == groups.end(), "no group",
                account->name);
    }
    return 0;
}
