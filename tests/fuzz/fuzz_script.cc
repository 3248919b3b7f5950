// libFuzzer target: any bytes as an action script that vps-check looks at. What it says can be
// shown, and is about a line that is there.

#include <algorithm>

#include "check/check_script.hh"
#include "check/plain_text.hh"
#include "check/shell_commands.hh"
#include "require.hh"

using namespace vps;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    const ScriptPlace place{[](const std::string& path) { return path.size() % 2 == 0; }, true};
    for (const ScriptKind& kind : script::kAll)
        for (const Finding& finding : check_script_text(kind, text, 0755, place)) {
            require(finding.line <= lines, "no such line", finding.text);
            require(is_one_line(to_printable(finding.text)), "bad text", finding.text);
        }
    for (const ShellCommand& command : find_commands(text))
        require(command.line >= 1 && command.line <= lines && !command.words.empty(), "no command",
                text);
    return 0;
}
