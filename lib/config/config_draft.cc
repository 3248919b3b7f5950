#include "config/config_draft.hh"

#include <functional>
#include <utility>

#include "config/meant_key.hh"

namespace vps {

static std::string describe_bad(std::string_view key, std::string_view value, const char* why) {
    const bool unseen = value.find("\xc2\xa0") != value.npos;
    return std::string(key) + ": bad value " + quote_for_message(value) + ": " + why +
           (unseen ? "; there is a no-break space in it" : "");
}

static bool is_part_of(std::string_view part, std::string_view whole) {
    const std::less_equal<const char*> not_after;
    return not_after(whole.data(), part.data()) &&
           not_after(part.data() + part.size(), whole.data() + whole.size());
}

ConfigDraft::ConfigDraft(Detail detail) : detail_(detail), places_(config_keys().size()) {}

void ConfigDraft::read(ConfigFile file, std::string name, std::string_view text) {
    names_[static_cast<std::size_t>(file)] = std::move(name);
    ConfigLines lines(text);
    read_all(file, lines);
    if (lines.carriage_returns() && detail_ != Detail::Boot)
        report(Severity::Note, {file, 1, 1}, {},
               "lines end in CR LF: sh keeps the CR in every value");
}

// A VPS's own file from which nothing can be taken gets a finding: the VPS has no limits then.
void ConfigDraft::read_all(ConfigFile file, ConfigLines& lines) {
    const auto before = config_.diagnostics.size();
    bool settings = false;
    ConfigLine line{};
    while (lines.next(line)) {
        if (line.line == 1 && lines.byte_order_mark() && !line.key.empty())
            report(Severity::Warning, {file, 1, 1}, line.key,
                   "a byte order mark before " + quote_for_message(line.key) +
                       ": passed over here, but sh makes another key of it");
        read_line(file, line);
        settings |= !line.trouble || find_config_key(line.key);
    }
    if (settings || file != ConfigFile::Vps)
        return;
    if (lines.has_nul())
        config_.diagnostics.resize(before);
    report(Severity::Warning, {file, 1, 1}, {},
           lines.has_nul() ? "binary data, without a setting" : "no setting in this file");
}

void ConfigDraft::read_line(ConfigFile file, const ConfigLine& line) {
    const auto* key = find_config_key(line.key);
    if (line.trouble) {
        const Place place{file, line.line, line.key_column};
        if (key)
            refuse(*key, place, std::string(key->name) + ": " + line.trouble);
        else
            report(Severity::Warning, place, line.key, line.trouble).ignored = true;
        return;
    }
    if (detail_ != Detail::Boot) {
        if (const char* difference = find_shell_difference(line))
            report(Severity::Note, {file, line.line, line.value_column}, line.key, difference);
    }
    auto fate = ReadLine::Fate::Unknown;
    if (key)
        fate = read_known(file, line, *key);
    else
        read_unknown(file, line);
    if (detail_ == Detail::Lines)
        keep_line(file, line, key, fate);
}

void ConfigDraft::read_unknown(ConfigFile file, const ConfigLine& line) {
    const auto* meant = find_meant_key(line.key);
    const bool guards = meant && meant->guards == Guards::Yes;
    if (detail_ != Detail::Boot)
        config_.others.push_back({std::string(line.key), std::string(line.value), file, line.line});
    if (guards || detail_ != Detail::Boot)
        report(guards ? Severity::Warning : Severity::Note, {file, line.line, line.key_column},
               line.key,
               "unknown key " + quote_for_message(line.key) +
                   (meant ? ", sets nothing; " + std::string(meant->name) + " is meant?" : ""));
}

ReadLine::Fate ConfigDraft::read_known(ConfigFile file, const ConfigLine& line,
                                       const ConfigKey& key) {
    auto& place = place_of(key);
    if ((key.scope == Scope::Host && file != ConfigFile::Host) ||
        (key.scope == Scope::Vps && file != ConfigFile::Vps)) {
        if (detail_ != Detail::Boot && key.read)
            report(Severity::Note, {file, line.line, line.key_column}, key.name,
                   std::string(key.name) + (file == ConfigFile::Host ? " says nothing in vz.conf"
                                                                     : " counts in vz.conf only"));
        return ReadLine::Fate::Elsewhere;
    }
    if (place.file == file && key.duplicate == Duplicate::First) {
        report(Severity::Warning, {file, line.line, line.key_column}, key.name,
               std::string(key.name) + ": second value ignored, that of line " +
                   std::to_string(place.line) + " counts");
        return ReadLine::Fate::Replaced;
    }
    const Place here{file, line.line, line.value_column};
    if (!read_value(here, line, key))
        return ReadLine::Fate::Unusable;
    place = here;
    return ReadLine::Fate::Counts;
}

// Takes the value in, and reports an odd one. False where the value is unusable.
bool ConfigDraft::read_value(const Place& place, const ConfigLine& line, const ConfigKey& key) {
    if (!key.read)
        return true;
    Reading reading;
    if (adds_up(key) && place_of(key).file == place.file)
        reading.field = Reading::Field::ToExtend;
    const auto verdict = key.read(config_, line.value, reading);
    for (const auto& [word, why, refuses] : reading.left_out) {
        Place at = place;
        if (is_part_of(word, line.raw))  // no copy without backslashes or line breaks
            at.column += static_cast<unsigned>(word.data() - line.value.data());
        std::string text = std::string(key.name) + ": " + quote_for_message(word) + ": " + why;
        if (refuses == LeftOut::Refuses::Yes)
            refuse(key, at, std::move(text), Guards::Yes);
        else
            report(Severity::Warning, at, key.name, std::move(text)).ignored = true;
    }
    if (verdict.grade == Verdict::Bad && verdict.why)
        refuse(key, place, describe_bad(key.name, line.value, verdict.why));
    if (verdict.grade == Verdict::Odd)
        report(Severity::Warning, place, key.name,
               std::string(key.name) + ": " + quote_for_message(line.value) + ": " + verdict.why);
    if (verdict.grade != Verdict::Bad)
        forgive(key);
    return verdict.grade != Verdict::Bad;
}

void ConfigDraft::keep_line(ConfigFile file, const ConfigLine& line, const ConfigKey* key,
                            ReadLine::Fate fate) {
    if (fate == ReadLine::Fate::Counts)
        for (auto other = lines_.rbegin(); other != lines_.rend(); ++other) {
            if (other->key != key || other->fate != ReadLine::Fate::Counts)
                continue;
            if (other->file == file && adds_up(*key))
                break;  // which has replaced those before it
            other->fate = ReadLine::Fate::Replaced;
        }
    lines_.push_back({fate, key, file, line.line, line.value_column, std::string(line.key),
                      std::string(line.value),
                      std::string(line.key) + "=" + std::string(line.raw) + "\n"});
}

std::vector<Diagnostic> ConfigDraft::take_diagnostics() {
    refused_.clear();
    return std::exchange(config_.diagnostics, {});
}

VpsConfig ConfigDraft::finish(Veid veid) && {
    finish_path("VE_ROOT", config_.ve_root, veid);
    finish_path("VE_PRIVATE", config_.ve_private, veid);
    forgive_idle();
    if (detail_ != Detail::Boot)
        finish_places();
    config_.disk_quota_from = place_of(*find_config_key("DISK_QUOTA")).file;
    return std::move(config_);
}

void ConfigDraft::finish_path(std::string_view key_name, std::optional<std::string>& path,
                              Veid veid) {
    if (!path)
        return;
    const auto& key = *find_config_key(key_name);
    std::string checked;
    const auto verdict = read_path(checked, *path, veid);
    if (verdict.grade == Verdict::Bad) {
        refuse(key, place_of(key), describe_bad(key_name, *path, verdict.why));
        path.reset();
    } else {
        path = std::move(checked);
    }
}

void ConfigDraft::finish_places() {
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (const Place& place = places_[i]; place.file != ConfigFile::None)
            config_.places[config_keys()[i].name] = names_[static_cast<std::size_t>(place.file)] +
                                                    ":" + std::to_string(place.line) + ":" +
                                                    std::to_string(place.column);
}

Diagnostic& ConfigDraft::report(Severity severity, const Place& place, std::string_view key,
                                std::string text) {
    return config_.diagnostics.emplace_back(
        Diagnostic{severity, names_[static_cast<std::size_t>(place.file)], place.line, place.column,
                   std::string(key), std::move(text)});
}

void ConfigDraft::refuse(const ConfigKey& key, const Place& place, std::string text) {
    refuse(key, place, std::move(text), key.guards);
}

void ConfigDraft::refuse(const ConfigKey& key, const Place& place, std::string text,
                         Guards the_value) {
    const bool guards = the_value == Guards::Yes;
    if (guards)
        refused_.push_back({&key, config_.diagnostics.size()});
    report(guards ? Severity::Refusal : Severity::Warning, place, key.name, std::move(text))
        .ignored = true;
}

// A later, good value takes the place of a bad one, which is no reason to refuse any more.
void ConfigDraft::forgive(const ConfigKey& key) {
    for (const auto& refused : refused_)
        if (refused.key == &key)
            config_.diagnostics[refused.diagnostic].severity = Severity::Warning;
}

// A bad value from which nothing would follow is no reason to refuse, either.
void ConfigDraft::forgive_idle() {
    for (const auto& refused : refused_)
        if (find_idle_reason(*refused.key, config_))
            config_.diagnostics[refused.diagnostic].severity = Severity::Warning;
}

ConfigDraft::Place& ConfigDraft::place_of(const ConfigKey& key) {
    return places_[static_cast<std::size_t>(&key - config_keys().data())];
}

}  // namespace vps
