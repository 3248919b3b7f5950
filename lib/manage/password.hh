// vzctl set --userpasswd: passwords of users of a VPS, changed by the VPS's own chpasswd(8), which
// reads them from its standard input. They stand in no command line and no log. Callers are root in
// the host context.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// Throws Complaint BadValue unless it is "USER:PASSWORD", on one line.
void require_user_and_password(const std::string& word);

// Changes them in a VPS that runs. Throws Error with vzctl's code for passwords.
void change_passwords(Veid veid, const std::vector<std::string>& words);

}  // namespace vps
