// The accounts of a VPS that is made anew: /etc/passwd, /etc/shadow and /etc/group of its old files
// merged into those of the template. Pure; both texts are hostile.
#pragma once

#include <string>

namespace vps {

enum class AccountFile { Passwd, Shadow, Group };

// The new text with the old one's entries: an account that both have is the old one's, unless its
// number (Passwd, Group) is another one in the template; accounts that the template lacks come to
// the end. Lines of other form are the new text's.
std::string merge_accounts(AccountFile file, const std::string& old_text,
                           const std::string& new_text);

}  // namespace vps
