// The configuration in an archive of vzdump, made one of this host: a text that sh, which action
// scripts source it with, reads as this project does, and that has no key of a stranger's. Whoever
// was root in the VPS may have written it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vps {

struct PlainConfig {
    std::string text;
    std::vector<unsigned> put_out;  // lines, from 1, that became comments
};

// Comments and order stay; each value comes to stand in quotes with nothing behind it, so that sh
// expands and runs nothing. Lines that are no assignment, and assignments to `strange` keys, become
// comments. A plain file keeps its bytes. Pure.
PlainConfig make_plain_config(std::string_view text, const std::set<std::string>& strange = {});

// NETIF with the names of veth devices on the host that go with the VEID: veth101.0. Pure.
std::string with_veth_names(const std::string& netif, const std::string& veid);

}  // namespace vps
