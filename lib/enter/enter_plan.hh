// The command that vps-enter runs in a VPS, as data: its files and its environment. Nothing here
// has an effect.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"
#include "context/command.hh"
#include "enter/account.hh"

namespace vps {

// True for a text that can be a terminal's name and nothing else; such a TERM of the caller goes
// into the VPS.
bool is_terminal_name(std::string_view term);

// The login shell of `account` if there is one, as `exists` tells of files of the VPS; else
// /bin/bash or /bin/sh.
std::string choose_shell(const Account& account,
                         const std::function<bool(const std::string&)>& exists);

struct EnterRequest {
    Veid veid;
    Account account;
    std::vector<gid_t> groups;
    std::string shell;
    std::vector<std::string> words;  // none: the shell, as a login shell
    std::string term;                // the caller's TERM, or empty
};

// The whole command but its streams.
ContextCommand plan_command(const EnterRequest& request);

}  // namespace vps
