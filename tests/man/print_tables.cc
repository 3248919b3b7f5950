// Prints the program's tables for manual.py, one row a line, columns parted by tabs:
// exit CODE MEANING, vzctl CODE MEANING, key NAME HEAD EFFECT SETTINGS, script NAME CONTEXT WHEN
// CONSEQUENCE, phase NAME, transition FROM TO WHEN, state KEY.

#include <cstdio>
#include <string>

#include "config/config_key.hh"
#include "manage/vzctl_code.hh"
#include "script/action_script.hh"
#include "state/phase.hh"
#include "state/state.hh"
#include "sys/exit_code.hh"

namespace {

using namespace vps;

// The words of vps.conf(5) in parentheses behind a key.
std::string head_of(const ConfigKey& key) {
    std::string head(key.type);
    switch (key.duplicate) {
        case Duplicate::First:
            head += "; first counts";
            break;
        case Duplicate::Last:
            head += "; last counts";
            break;
        case Duplicate::Accumulate:
            head += "; adds up";
            break;
        case Duplicate::Merge:
            head += "; or-ed";
            break;
    }
    if (key.guards == Guards::Yes)
        head += "; guards";
    if (key.scope == Scope::Host)
        head += "; vz.conf only";
    if (key.scope == Scope::Vps)
        head += "; N.conf only";
    return head;
}

std::string_view name_of(Effect effect) {
    switch (effect) {
        case Effect::None:
            return "none";
        case Effect::ToolsOnly:
            return "tools";
        default:
            return "some";
    }
}

std::string settings_of(const ConfigKey& key) {
    std::string settings;
    for (const std::string_view setting : key.settings)
        if (!setting.empty())
            (settings += settings.empty() ? "" : " ") += setting;
    return settings;
}

void print(std::initializer_list<std::string_view> columns) {
    const char* separator = "";
    for (const std::string_view column : columns) {
        std::printf("%s%.*s", separator, static_cast<int>(column.size()), column.data());
        separator = "\t";
    }
    std::printf("\n");
}

}  // namespace

int main() {
    for (const ExitCodeRow& row : kExitCodes)
        print({"exit", std::to_string(static_cast<int>(row.code)), row.meaning});
    for (const vzctl_code::Row& row : vzctl_code::kRows)
        print({"vzctl", std::to_string(static_cast<int>(row.code)), row.meaning});
    for (const ConfigKey& key : config_keys())
        print({"key", key.name, head_of(key), name_of(key.effect), settings_of(key)});
    for (const ScriptKind& kind : script::kAll)
        print({"script",
               (kind.scope == ScriptScope::All ? "vps." : "N.") + std::string(kind.suffix),
               kind.context == ScriptContext::Host ? "host" : "VPS", kind.when,
               // The advice in parentheses is left out.
               kind.consequence.substr(0, kind.consequence.find(" ("))});
    for (const PhaseRow& row : kPhases)
        if (row.phase != Phase::None)
            print({"phase", row.name});
    for (const Transition& row : kTransitions)
        print({"transition", row_of(row.from).name, row_of(row.to).name, row.cause});
    for (const std::string_view key : state_keys())
        print({"state", key});
    return 0;
}
