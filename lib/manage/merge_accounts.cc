#include "manage/merge_accounts.hh"

#include <map>
#include <sstream>
#include <string_view>
#include <vector>

namespace vps {

namespace {

struct Account {
    std::string line, number;  // the third field
    bool is_taken = false;
};

// The fields of a line, nothing for one without a name and a second field.
std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    for (;;) {
        const std::size_t colon = line.find(':');
        fields.push_back(line.substr(0, colon));
        if (colon == line.npos)
            break;
        line.remove_prefix(colon + 1);
    }
    if (fields.size() < 3 || fields[0].empty() || fields[0][0] == '#' || fields[0][0] == '+')
        fields.clear();
    return fields;
}

}  // namespace

std::string merge_accounts(AccountFile file, const std::string& old_text,
                           const std::string& new_text) {
    std::vector<std::string> order;
    std::map<std::string, Account, std::less<>> accounts;
    std::istringstream old_lines(old_text);
    for (std::string line; std::getline(old_lines, line);)
        if (const auto fields = fields_of(line); !fields.empty()) {
            std::string name(fields[0]);
            const Account account{line, std::string(fields[2])};
            if (accounts.emplace(name, account).second)
                order.push_back(std::move(name));
        }
    std::string merged;
    std::istringstream new_lines(new_text);
    for (std::string line; std::getline(new_lines, line);) {
        const auto fields = fields_of(line);
        const auto old = fields.empty() ? accounts.end() : accounts.find(fields[0]);
        const bool is_old = old != accounts.end();
        if (is_old)
            old->second.is_taken = true;
        const bool is_same =
            is_old && (file == AccountFile::Shadow || old->second.number == fields[2]);
        merged += (is_same ? old->second.line : line) + '\n';
    }
    for (const std::string& name : order)
        if (const Account& account = accounts.find(name)->second; !account.is_taken)
            merged += account.line + '\n';
    return merged;
}

}  // namespace vps
