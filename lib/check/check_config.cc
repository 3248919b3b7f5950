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

struct Assignment {
    const ConfigKey* key;  // null: unknown
    ConfigFile file;
    ConfigRow row;
    std::string source;  // the line, or lines, as written
};

bool is_in_scope(const ConfigKey& key, ConfigFile file) {
    return (key.scope != Scope::Host || file == ConfigFile::Host) &&
           (key.scope != Scope::Vps || file == ConfigFile::Vps);
}

bool is_usable(const ConfigKey& key, std::string_view value) {
    VpsConfig scratch;
    return !key.read || key.read(scratch, value).grade != Verdict::Bad;
}

void read_assignments(std::vector<Assignment>& assignments, ConfigFile file,
                      const std::string& text) {
    ConfigLines lines(text);
    ConfigLine line{};
    while (lines.next(line)) {
        if (line.trouble)
            continue;
        const ConfigKey* key = find_config_key(line.key);
        const bool usable = key && is_in_scope(*key, file) && is_usable(*key, line.value);
        assignments.push_back({key,
                               file,
                               {line.line,
                                line.value_column,
                                std::string(line.key),
                                std::string(line.value),
                                {},
                                usable},
                               fmt::format("{}={}\n", line.key, line.raw)});
    }
}

// Leaves `counts` set where the key's rule for two assignments does.
void settle_duplicates(std::vector<Assignment>& assignments) {
    std::map<const ConfigKey*, Assignment*> counting;
    for (Assignment& here : assignments) {
        if (!here.row.counts)
            continue;
        Assignment*& other = counting[here.key];
        if (other && other->file == here.file && here.key->duplicate == Duplicate::First) {
            here.row.counts = false;
            continue;
        }
        if (other && here.key->duplicate != Duplicate::Accumulate)
            other->row.counts = false;
        if (other && other->file != here.file)
            for (Assignment& earlier : assignments)
                if (earlier.key == here.key && earlier.file == other->file)
                    earlier.row.counts = false;
        other = &here;
    }
}

// ---- what a key becomes -------------------------------------------------------------------------

constexpr std::string_view kStarted = "(started at boot)";
constexpr std::string_view kStartedAgain = "(started at boot if it ran)";
constexpr std::string_view kQuota = "project quota on VE_PRIVATE";

bool is_disk_quota(const ConfigKey& key) {
    return key.becomes.find("project quota") != key.becomes.npos;
}

// The settings of all units of a VPS with these assignments.
std::set<std::string> plan_settings(const std::string& host_text, const std::string& vps_text,
                                    Veid veid) {
    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Host, "vz.conf", host_text);
    draft.read(ConfigFile::Vps, "N.conf", vps_text);
    ScannedHost host;
    host.page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    host.virtuozzo = draft.fields().virtuozzo;
    host.vpses.push_back({veid, std::move(draft).finish(veid)});
    read_auto_nodes(host, host.vpses.back().config, "", host.errors);
    const UnitTree tree = plan(host);
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

class Effects {
  public:
    Effects(const std::vector<Assignment>& assignments, const VpsConfig& config, Veid veid)
        : assignments_(assignments),
          config_(config),
          veid_(veid),
          all_(plan([](const Assignment&) { return true; })),
          none_(plan([](const Assignment&) { return false; })) {}

    std::string describe(const Assignment& assignment) {
        const ConfigKey* key = assignment.key;
        if (!key)
            return "nothing: unknown key";
        if (!is_in_scope(*key, assignment.file))
            return "nothing in this file";
        if (!assignment.row.counts)
            return "nothing: does not count";
        auto [known, is_new] = known_.try_emplace(key);
        if (is_new)
            known->second = describe_key(*key, assignment.row.value);
        return known->second;
    }

  private:
    template <typename Choice>
    std::set<std::string> plan(Choice choice) const {
        std::string texts[2];
        for (const Assignment& assignment : assignments_)
            if (assignment.row.counts && choice(assignment))
                texts[assignment.file == ConfigFile::Vps] += assignment.source;
        return plan_settings(texts[0], texts[1], veid_);
    }

    // Settings of `with` that `without` does not have and that the table says are the key's.
    static std::vector<std::string> difference(const std::set<std::string>& with,
                                               const std::set<std::string>& without,
                                               const ConfigKey& key) {
        std::vector<std::string> lines;
        for (const std::string& line : with)
            if (!without.contains(line) &&
                key.becomes.find(line.substr(0, line.find('=') + 1)) != key.becomes.npos)
                lines.push_back(line);
        return lines;
    }

    // Whether the generator makes settings of this key at all, whatever the value.
    bool is_planned(const ConfigKey& key) const {
        for (const char* value : {"1", "7", "1:2", "yes", "no", "0"}) {
            const std::string text = fmt::format("{}={}\n", key.name, value);
            const std::string& nothing = {};
            const bool host = key.scope == Scope::Host;
            if (!difference(plan_settings(host ? text : nothing, host ? nothing : text, veid_),
                            none_, key)
                     .empty())
                return true;
        }
        return false;
    }

    std::string describe_key(const ConfigKey& key, const std::string& value) const {
        const auto is_its_own = [&](const Assignment& other) { return other.key == &key; };
        const auto is_other = [&](const Assignment& other) { return other.key != &key; };
        std::string table(key.becomes);
        if (table.find("vps.target") != std::string::npos) {
            if (all_.contains(std::string(kStartedAgain)))
                return table + " if it ran when the host went down";
            return all_.contains(std::string(kStarted)) ? table : "not " + table;
        }
        for (const std::string_view answer : {"yes", "no"})
            if (key.type == "yes or no" && value != answer &&
                table.starts_with(std::string(answer) + ": "))
                return "the default";
        if (is_disk_quota(key) && !config_.disk_quota)
            return key.name == "DISK_QUOTA" ? "no " + std::string(kQuota)
                                            : "nothing: DISK_QUOTA is no";
        if (key.name == "DISK_QUOTA")
            return std::string(kQuota) +
                   (config_.disk_quota_from == ConfigFile::Vps ? "; start refused without" : "");
        if (table.find('=') == std::string::npos || !key.read)
            return table;
        const std::vector<std::string> alone = difference(plan(is_its_own), none_, key);
        const bool holds = std::all_of(alone.begin(), alone.end(), [&](const std::string& line) {
            return all_.contains(line);
        });
        if (!alone.empty() && holds)
            return fmt::format("{}", fmt::join(alone, " "));
        const std::vector<std::string> here = difference(all_, plan(is_other), key);
        if (!here.empty())
            return fmt::format("{}", fmt::join(here, " "));
        if (!alone.empty())
            return fmt::format("nothing: another key replaces {}", fmt::join(alone, " "));
        if (!table.starts_with("nothing") && is_planned(key))
            return (key.guards == Guards::Yes ? "none (" : "the default (") + table + ")";
        return table;
    }

    const std::vector<Assignment>& assignments_;
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

std::string key_of_line(const std::vector<ConfigRow>& rows, unsigned line) {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const ConfigRow& row) { return row.line == line; });
    return found == rows.end() ? std::string() : found->key;
}

void note_duplicates(const std::vector<Assignment>& assignments, ConfigFile which,
                     std::vector<Finding>& findings) {
    std::map<const ConfigKey*, const Assignment*> earlier;
    for (const Assignment& here : assignments) {
        if (!here.key || !is_in_scope(*here.key, here.file))
            continue;
        const Assignment*& other = earlier[here.key];
        const auto note = [&](const std::string& text) {
            if (here.file == which)
                findings.push_back({Grade::Note, here.row.line, here.row.column, here.row.key,
                                    here.row.key + ": " + text});
        };
        if (other && other->file != here.file)
            note(fmt::format("{} of vz.conf, line {}",
                             here.row.counts ? "replaces " + quote_for_message(other->row.value)
                                             : "does not replace the value",
                             other->row.line));
        else if (other && here.key->duplicate == Duplicate::Last)
            note(fmt::format("set in line {}, too; the last one counts", other->row.line));
        else if (other && here.key->duplicate == Duplicate::First)
            note("sh takes this value, and not the first one");
        else if (other)
            note(fmt::format("adds to line {}; sh takes this value only", other->row.line));
        other = &here;
    }
}

CheckedConfig check(const std::optional<ConfigText>& vz_conf,
                    const std::optional<ConfigText>& vps_conf, Veid veid) {
    const ConfigFile which = vps_conf ? ConfigFile::Vps : ConfigFile::Host;
    ConfigDraft draft(ConfigDraft::Detail::Full);
    std::vector<Assignment> assignments;
    const auto read = [&](ConfigFile file, const std::optional<ConfigText>& text) {
        if (!text)
            return;
        draft.read(file, text->name, text->text);
        read_assignments(assignments, file, text->text);
    };
    read(ConfigFile::Host, vz_conf);
    read(ConfigFile::Vps, vps_conf);
    settle_duplicates(assignments);

    CheckedConfig checked;
    checked.config = std::move(draft).finish(veid);
    Effects effects(assignments, checked.config, veid);
    for (const Assignment& assignment : assignments)
        if (assignment.file == which) {
            checked.rows.push_back(assignment.row);
            checked.rows.back().becomes = effects.describe(assignment);
        }
    const std::string& name = (vps_conf ? vps_conf : vz_conf)->name;
    for (const Diagnostic& diagnostic : checked.config.diagnostics)
        if (diagnostic.file == name)
            checked.findings.push_back(
                {grade_of(diagnostic.severity), diagnostic.line, diagnostic.column,
                 key_of_line(checked.rows, diagnostic.line), diagnostic.text});
    note_duplicates(assignments, which, checked.findings);
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
