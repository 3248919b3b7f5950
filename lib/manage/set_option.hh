// The one table of vzctl set's parameters: which key of N.conf an option sets, how its values
// become that key's value, and when the change has an effect. --help, the manual and the tests come
// from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_edit.hh"
#include "manage/list_value.hh"
#include "manage/options.hh"

namespace vps {

enum class SetKind {
    Text,     // the value as it is
    Ram,      // bytes, the limit of a pages pair
    IoLimit,  // megabytes a second without a suffix
    Replace,  // all words of all options together
    Add,      // words that join the list
    Remove,   // words that leave the list, or "all"
    AddNetif,
    Netif,  // a part of a device of NETIF, after --ifname
};

// The moment at which a VPS that runs has the change.
enum class Applied {
    Later,        // when it matters next: at boot, at a stop, for people
    Limits,       // now: limits of the slice, of init, of the disk
    Names,        // now: the host name, the resolver
    Addresses,    // now
    HostDevices,  // now
    NetDevices,   // now
    Devices,      // now, of NETIF, if it comes or goes; at the next start, if it is there
    AtStart,      // at the next start
};

struct SetOption {
    std::string_view name;  // without "--"
    std::string_view key;
    std::string_view value;  // what its value is called, for --help
    SetKind kind = SetKind::Text;
    Applied applied = Applied::Later;
    WordKind words = WordKind::Plain;
    char letter = 0;
};

std::span<const SetOption> set_options();

// Null for an option that sets no key.
const SetOption* find_set_option(std::string_view name);

// The changes that these options make to the text of N.conf, and to nothing else; an option that
// sets no key is passed over. Throws Complaint BadValue for a value that the key does not take.
std::vector<ConfigChange> plan_changes(const std::string& text,
                                       const std::vector<GivenOption>& given);

// Throws Complaint BadValue where the key does not take the value.
void require_good_value(std::string_view option, const ConfigChange& change);

// Throws Complaint BadValue where a start would be refused for it.
void require_usable(std::string_view option, const ConfigChange& change);

// Throws Complaint BadValue for an empty value of a key that has a number, a word or a path: in a
// file it is no limit, on a command line a script's variable that was not set.
void refuse_empty(std::string_view option, const ConfigChange& change);

}  // namespace vps
