// Values of configuration keys that are lists of words, and how vzctl's options change them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vps {

// What makes two words of a list one: of "SYS_TIME:on" the part before ":", of an address the
// address without its mask.
enum class WordKind {
    Plain,
    Address,     // "10.0.0.1/24"
    Device,      // "c:10:200:rw": kind, major and minor
    Named,       // "nfs:on", "net/tun:rw"
    Capability,  // "SYS_TIME:on": "cap_sys_time" is the same one
    Netif,       // "ifname=eth0,mac=…": the name inside; separated by ";"
};

struct ListChange {
    std::vector<std::string> added, removed;
    bool removes_all = false;  // before words are added
};

// The new value: a word that is added takes the place of its like. Of devices, a word that ends in
// ":none" goes.
std::string change_list(const std::vector<std::string>& values, const ListChange& change,
                        WordKind kind);

// The words of a value.
std::vector<std::string> split_words(std::string_view value, WordKind kind);

// True if a thing that is in both lists is spelled in another way in the second one.
bool changes_word(const std::vector<std::string>& before, const std::vector<std::string>& after,
                  WordKind kind);

// "eth0", "eth0,00:18:51:a0:b1:c2,veth101.0,00:18:51:a0:b1:c3,vmbr0" (--netif_add) as a device of
// NETIF; parts that are not given are left out, because a start makes them up, always alike.
std::string netif_of_words(std::string_view words);

}  // namespace vps
