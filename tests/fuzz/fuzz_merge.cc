// libFuzzer target: any bytes as an old and a new /etc/passwd, /etc/shadow or /etc/group of a VPS
// that is made anew. Nothing is made up, no account of either is lost, and what is merged is
// merged.

#include <set>
#include <sstream>

#include "manage/merge_accounts.hh"
#include "require.hh"

using namespace vps;

static std::set<std::string> lines_of(const std::string& text) {
    std::set<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.insert(line);
    return lines;
}

// A line without a colon is its own name.
static std::set<std::string> names_of(const std::string& text) {
    std::set<std::string> names;
    for (const std::string& line : lines_of(text))
        names.insert(line.substr(0, line.find(':')));
    return names;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    const std::string old_text(take_part(rest)), new_text(rest);
    for (const AccountFile file : {AccountFile::Passwd, AccountFile::Shadow, AccountFile::Group}) {
        const std::string merged = merge_accounts(file, old_text, new_text);
        std::set<std::string> known = lines_of(old_text);
        known.merge(lines_of(new_text));
        for (const std::string& line : lines_of(merged))
            require(known.contains(line), "made up", line);
        const std::set<std::string> names = names_of(merged);
        for (const std::string& name : names_of(new_text))
            require(names.contains(name), "lost", name);
        require(merge_accounts(file, old_text, merged) == merged, "merged twice", merged);
    }
    return 0;
}
