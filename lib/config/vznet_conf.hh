// vznet.conf, which vzctl's vznetcfg sources: a file of sh, of which one assignment counts here.
#pragma once

#include <string>
#include <string_view>

namespace vps {

inline constexpr const char* kVznetConf = "/etc/vz/vznet.conf";

// The value that EXTERNAL_SCRIPT has once sh has sourced the text, with quotes of either kind and
// backslashes as sh takes them; empty if it is not set. Nothing is expanded or run: throws Error
// BadValue where sh would expand something in it. Pure.
std::string find_external_script(std::string_view text);

// The EXTERNAL_SCRIPT of ROOT/etc/vz/vznet.conf; empty where there is no such file. Throws
// Error as above, and SysError.
std::string read_external_script(const std::string& root = {});

}  // namespace vps
