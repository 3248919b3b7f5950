#include "life/settings.hh"

#include <fmt/format.h>

#include "state/wish.hh"
#include "sys/error.hh"

namespace vps {

VpsConfig load_usable_config(Veid veid) {
    VpsConfig config = load_vps_config(veid);
    if (const Diagnostic* refusal = config.refusal())
        throw Error(ExitCode::BadValue, refusal->to_string());
    if (!config.ve_root)
        throw Error(ExitCode::NoVeRoot, "VE_ROOT is not set");
    if (!config.ve_private)
        throw Error(ExitCode::NoVePrivate, "VE_PRIVATE is not set");
    apply_wish(config, find_wish(veid));
    return config;
}

VpsConfig load_config_of_mounted(Veid veid, const VpsState& state, const Log& log) {
    VpsConfig config;
    attempt(log, [&] { config = load_vps_config(veid); });
    config.ve_root = state.ve_root;
    config.ve_private = state.ve_private;
    apply_wish(config, find_wish(veid));
    return config;
}

void tell_ignored(const VpsConfig& config, const std::vector<ConfigProblem>& problems,
                  const Log& log) {
    for (const ConfigProblem& problem : problems)
        log.say(Level::Warning, config.tell(problem) + ", ignoring it");
}

ScriptSettings script_settings(Veid veid, const VpsConfig& config) {
    return {.veid = veid,
            .ve_root = *config.ve_root,
            .ve_private = *config.ve_private,
            .timeout = config.script_timeout,
            .veto = config.stop_veto ? Veto::Heeded : Veto::Overruled};
}

AskedScript ask(const ScriptKind& kind, const ScriptSettings& settings) {
    AskedScript asked{kind, settings};
    if (settings.veto == Veto::Heeded)
        return asked;
    asked.kind.consequence = script::kOverruled;
    if (!asked.settings.timeout) {
        asked.settings.timeout = kOverruledScriptTime;
        asked.settings.timeout_words = "{} seconds, its time without SCRIPT_TIMEOUT";
    }
    return asked;
}

bool is_overruled(const Error& failure, const AskedScript& asked, const Log& log) {
    if (asked.settings.veto == Veto::Heeded)
        return false;
    if (!log.to_journal() && dynamic_cast<const ScriptToldToEnd*>(&failure))
        return false;
    const auto* script = dynamic_cast<const ScriptError*>(&failure);
    log.say(Level::Warning, failure.what(),
            {{"MESSAGE_ID", std::string(message_id::kScriptFailed)},
             {"SCRIPT", script ? script->path() : ""}});
    return true;
}

void enter_all_the_same(const VpsLock& lock, VpsState& state, Phase next, const Log& log) {
    try {
        lock.enter(state, next);
    } catch (const Error& error) {
        log.say(Level::Warning, fmt::format("{}, going on without it", error.what()));
    }
}

}  // namespace vps
