#include "check/check_config.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/config_draft.hh"
#include "generator/plan.hh"
#include "generator/scan.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// ---- what a key becomes -------------------------------------------------------------------------

constexpr std::string_view kStarted = "(started at boot)";
constexpr std::string_view kStartedAgain = "(started at boot if it ran)";
constexpr std::string_view kQuota = "project quota on VE_PRIVATE";

// The settings of all units of a VPS with these assignments.
std::set<std::string> plan_settings(const std::string& host_text, const std::string& vps_text,
                                    Veid veid) {
    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Host, "vz.conf", host_text);
    draft.read(ConfigFile::Vps, "N.conf", vps_text);
    ScannedHost host;
    host.virtuozzo = draft.fields().virtuozzo;
    host.vpses.push_back({veid, std::move(draft).finish(veid)});
    read_limit_host(host, host.vpses.back().config, "", host.errors);
    const UnitTree tree = Plan(host).of_vpses(0, host.vpses.size());
    std::set<std::string> settings;
    for (const UnitTree::File& file : tree.files)
        for (std::size_t at = 0; at < file.text.size();) {
            const std::size_t end = std::min(file.text.find('\n', at), file.text.size());
            if (const std::string line = file.text.substr(at, end - at);
                !line.starts_with('#') && line.find('=') != std::string::npos)
                settings.insert(line);
            at = end + 1;
        }
    for (const UnitTree::Link& link : tree.links) {
        if (link.path.ends_with("/" + service_unit(veid)))
            settings.insert(std::string(kStarted));
        if (link.path.ends_with("/" + onboot_unit(veid)))
            settings.insert(std::string(kStartedAgain));
    }
    return settings;
}

bool counts(const ReadLine& line) {
    return line.fate == ReadLine::Fate::Counts;
}

class Effects {
  public:
    Effects(const std::vector<ReadLine>& lines, const VpsConfig& config, Veid veid)
        : lines_(lines),
          config_(config),
          veid_(veid),
          all_(plan([](const ReadLine&) { return true; })),
          none_(plan([](const ReadLine&) { return false; })) {}

    std::string describe(const ReadLine& line) {
        switch (line.fate) {
            case ReadLine::Fate::Unknown:
                return "nothing: unknown key";
            case ReadLine::Fate::Elsewhere:
                return "nothing in this file";
            case ReadLine::Fate::Unusable:
            case ReadLine::Fate::Replaced:
                return "nothing: does not count";
            case ReadLine::Fate::Counts:
                break;
        }
        auto [known, is_new] = known_.try_emplace(line.key);
        if (is_new)
            known->second = describe_key(*line.key, line.value);
        return known->second;
    }

  private:
    template <typename Choice>
    std::set<std::string> plan(Choice choice) const {
        std::string texts[2];
        for (const ReadLine& line : lines_)
            if (counts(line) && choice(line))
                texts[line.file == ConfigFile::Vps] += line.source;
        return plan_settings(texts[0], texts[1], veid_);
    }

    // The settings of `with` that `without` does not have and that are the key's.
    static std::vector<std::string> difference(const std::set<std::string>& with,
                                               const std::set<std::string>& without,
                                               const ConfigKey& key) {
        std::vector<std::string> settings;
        for (const std::string& setting : with)
            if (!without.contains(setting) && key.has_setting(setting.substr(0, setting.find('='))))
                settings.push_back(setting);
        return settings;
    }

    std::string describe_key(const ConfigKey& key, const std::string& value) const {
        if (const char* idle = find_idle_reason(key, config_))
            return fmt::format("nothing: {}", idle);
        if (!key.usual.empty() && value == key.usual)
            return "the default";
        const std::string words(key.becomes);
        switch (key.effect) {
            case Effect::Boot:
                return describe_boot(words);
            case Effect::Quota:
                return describe_quota(key, words);
            case Effect::UnitSettings:
                return describe_settings(key, words);
            default:
                return words;
        }
    }

    std::string describe_boot(const std::string& words) const {
        if (all_.contains(std::string(kStartedAgain)))
            return words + " if it ran when the host went down";
        return all_.contains(std::string(kStarted)) ? words : "not " + words;
    }

    std::string describe_quota(const ConfigKey& key, const std::string& words) const {
        if (key.needs != Needs::Nothing)
            return words;
        const std::string quota(kQuota);
        if (!config_.disk_quota)
            return "no " + quota;
        return quota +
               (config_.disk_quota_from == ConfigFile::Vps ? "; start refused without" : "");
    }

    std::string describe_settings(const ConfigKey& key, const std::string& words) const {
        const auto alone =
            difference(plan([&](const ReadLine& line) { return line.key == &key; }), none_, key);
        const bool holds = std::all_of(alone.begin(), alone.end(), [&](const std::string& setting) {
            return all_.contains(setting);
        });
        if (!alone.empty() && holds)
            return fmt::format("{}", fmt::join(alone, " "));
        const auto here =
            difference(all_, plan([&](const ReadLine& line) { return line.key != &key; }), key);
        if (!here.empty())
            return fmt::format("{}", fmt::join(here, " "));
        if (!alone.empty())
            return fmt::format("nothing: another key replaces {}", fmt::join(alone, " "));
        return fmt::format("{} ({})", key.guards == Guards::Yes ? "none" : "the default", words);
    }

    const std::vector<ReadLine>& lines_;
    const VpsConfig& config_;
    Veid veid_;
    std::set<std::string> all_, none_;
    std::map<const ConfigKey*, std::string> known_;
};

// ---- findings -----------------------------------------------------------------------------------

Grade grade_of(Severity severity) {
    return severity == Severity::Note      ? Grade::Note
           : severity == Severity::Warning ? Grade::Warning
                                           : Grade::Error;
}

// The words for a second assignment in one file, beside the warning where it is ignored.
std::string describe_second(const ConfigKey& key, unsigned first) {
    switch (key.duplicate) {
        case Duplicate::First:
            return "sh takes this value, and not the first one";
        case Duplicate::Last:
            return fmt::format("set in line {}, too; the last one counts", first);
        case Duplicate::Accumulate:
        case Duplicate::Merge:
            break;
    }
    return fmt::format("adds to line {}; sh takes this value only", first);
}

void note_duplicates(const std::vector<ReadLine>& lines, ConfigFile which,
                     std::vector<Finding>& findings) {
    std::map<const ConfigKey*, const ReadLine*> earlier;
    for (const ReadLine& here : lines) {
        if (!here.key || here.fate == ReadLine::Fate::Elsewhere)
            continue;
        const ReadLine*& other = earlier[here.key];
        const auto note = [&](const std::string& text) {
            if (here.file == which)
                findings.push_back(
                    {Grade::Note, here.line, here.column, here.name, here.name + ": " + text});
        };
        if (other && other->file != here.file) {
            if (here.fate == ReadLine::Fate::Unusable)
                note(fmt::format("does not replace the value of vz.conf, line {}", other->line));
            else if (other->value != here.value)
                note(fmt::format("replaces {} of vz.conf, line {}", quote_for_message(other->value),
                                 other->line));
        } else if (other) {
            note(describe_second(*here.key, other->line));
        }
        other = &here;
    }
}

CheckedConfig check(const std::optional<ConfigText>& vz_conf,
                    const std::optional<ConfigText>& vps_conf, Veid veid) {
    const ConfigFile which = vps_conf ? ConfigFile::Vps : ConfigFile::Host;
    ConfigDraft draft(ConfigDraft::Detail::Lines);
    if (vz_conf)
        draft.read(ConfigFile::Host, vz_conf->name, vz_conf->text);
    if (vps_conf)
        draft.read(ConfigFile::Vps, vps_conf->name, vps_conf->text);
    const std::vector<ReadLine> lines = draft.lines();

    CheckedConfig checked;
    checked.config = std::move(draft).finish(veid);
    Effects effects(lines, checked.config, veid);
    for (const ReadLine& line : lines)
        if (line.file == which)
            checked.rows.push_back({line.line, line.column, line.name, line.value,
                                    effects.describe(line), counts(line)});
    const std::string& name = (vps_conf ? vps_conf : vz_conf)->name;
    for (const Diagnostic& diagnostic : checked.config.diagnostics)
        if (diagnostic.file == name)
            checked.findings.push_back({grade_of(diagnostic.severity), diagnostic.line,
                                        diagnostic.column, diagnostic.key, diagnostic.text});
    note_duplicates(lines, which, checked.findings);
    return checked;
}

}  // namespace

CheckedConfig check_host_config(const ConfigText& vz_conf) {
    return check(vz_conf, std::nullopt, *Veid::parse("1"));
}

CheckedConfig check_vps_config(const std::optional<ConfigText>& vz_conf, const ConfigText& vps_conf,
                               Veid veid) {
    return check(vz_conf, vps_conf, veid);
}

}  // namespace vps
