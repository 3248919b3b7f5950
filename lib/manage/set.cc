#include "manage/set.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "context/running_vps.hh"
#include "life/apply.hh"
#include "life/settings.hh"
#include "manage/config_file.hh"
#include "manage/life_verbs.hh"
#include "manage/name_link.hh"
#include "manage/password.hh"
#include "manage/sample.hh"
#include "manage/set_option.hh"
#include "manage/vzctl_code.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

constexpr VerbOption kOthers[] = {
    {"save"},
    {"force"},
    {"setmode", Takes::Value},
    {"applyconfig", Takes::Value},
    {"applyconfig_map", Takes::Value},
    {"userpasswd", Takes::Value},
    {"reset_ub"},
    {"skip_arpdetect"},
    {"offline-resize"},
};

enum class SetMode { None, Ignore, Restart };

std::vector<std::string> values_of(const GivenOptions& given, std::string_view name) {
    std::vector<std::string> values;
    for (const GivenOption& option : given.options)
        if (option.name == name)
            values.push_back(option.value);
    return values;
}

SetMode find_mode(const GivenOptions& given) {
    const std::vector<std::string> values = values_of(given, "setmode");
    if (values.empty())
        return SetMode::None;
    if (values.front() == "restart")
        return SetMode::Restart;
    if (values.front() != "ignore")
        throw Complaint(ExitCode::BadValue, "Bad parameter for --setmode: " + values.front());
    return SetMode::Ignore;
}

// One call: what it changes, and the file as it was and will be.
class SetCall {
  public:
    explicit SetCall(const Call& call) : call_(call), mode_(find_mode(call.given)) {}

    ExitCode run();

  private:
    void check_options() const;
    void plan();
    void read_and_plan();
    [[nodiscard]] bool changes(Applied applied) const;
    void refuse_moving() const;
    [[nodiscard]] std::vector<std::string> find_unapplied() const;
    [[nodiscard]] bool waits_for_start(const SetOption& option) const;
    void apply(const FoundVps& vps, const VpsLock& lock);
    void save();
    ExitCode restart();
    void set_passwords();
    void remind() const;

    const Call& call_;
    SetMode mode_;
    std::optional<ConfigFileEdit> file_;  // only while no script and nothing in a VPS is run
    std::vector<ConfigChange> changes_;
    std::string text_;  // of N.conf, changed
    bool needs_restart_ = false;
};

void SetCall::check_options() const {
    const GivenOptions& given = call_.given;
    if (given.has("reset_ub") && given.options.size() > 1)
        throw Complaint(ExitCode::Usage, "Error: option --reset_ub is exclusive");
    if (given.has("save"))
        return;
    if (given.has("name"))
        throw Complaint(vzctl_code::kBadName, "Error: unable to use --name option without --save");
    for (const char* option : {"ostemplate", "stop-timeout"})
        if (given.has(option))
            throw Complaint(ExitCode::Usage,
                            fmt::format("Error: unable to use --{} option without --save", option));
    if (given.has("force"))
        throw Complaint(ExitCode::Usage, "Error: --force is useless without --save");
    if (mode_ == SetMode::Restart)
        throw Complaint(ExitCode::Usage,
                        "Error: --setmode restart doesn't make sense without --save flag");
}

// Options on the command line come before those of a sample.
void SetCall::plan() {
    changes_ = plan_changes(file_->text(), call_.given.options);
    for (const std::string& name : values_of(call_.given, "applyconfig"))
        add_sample(changes_, name);
    for (const ConfigChange& change : changes_)
        if (change.key == "NAME")
            require_free_name(call_.veid, change.value);
    text_ = edit_config(file_->text(), changes_);
}

void SetCall::read_and_plan() {
    file_.reset();
    file_.emplace(config_path(call_.veid));
    plan();
}

bool SetCall::changes(Applied applied) const {
    const std::vector<GivenOption>& given = call_.given.options;
    return call_.given.has("applyconfig") ||
           std::any_of(given.begin(), given.end(), [&](const GivenOption& option) {
               const SetOption* known = find_set_option(option.name);
               return known && known->applied == applied;
           });
}

void SetCall::refuse_moving() const {
    for (const auto& [option, key] : {std::pair("private", "VE_PRIVATE"), {"root", "VE_ROOT"}})
        if (call_.given.has(option))
            throw Complaint(ExitCode::Running,
                            fmt::format("Unable to change {} on a running container", key));
}

// The options whose change has to wait for a start.
std::vector<std::string> SetCall::find_unapplied() const {
    std::vector<std::string> unapplied;
    for (const GivenOption& option : call_.given.options) {
        const SetOption* known = find_set_option(option.name);
        if (!known || !waits_for_start(*known))
            continue;
        if (std::find(unapplied.begin(), unapplied.end(), option.name) == unapplied.end())
            unapplied.push_back(option.name);
    }
    return unapplied;
}

// A device of NETIF can come and go; one that is there cannot be another one.
bool SetCall::waits_for_start(const SetOption& option) const {
    const std::vector<std::string> before = vps::values_of(file_->text(), option.key);
    const std::vector<std::string> after = vps::values_of(text_, option.key);
    if (option.applied == Applied::Devices)
        return changes_word(before, after, option.words);
    return option.applied == Applied::AtStart && before != after;
}

void SetCall::apply(const FoundVps& vps, const VpsLock&) {
    const LiveParts parts{.limits = changes(Applied::Limits),
                          .addresses = changes(Applied::Addresses),
                          .interfaces = changes(Applied::Devices),
                          .devices = changes(Applied::HostDevices),
                          .net_devices = changes(Applied::NetDevices),
                          .names = changes(Applied::Names) || changes(Applied::Addresses),
                          .whole_network = false};
    if (!parts.limits && !parts.addresses && !parts.interfaces && !parts.devices &&
        !parts.net_devices && !parts.names)
        return;
    const VpsConfig config = read_config_of(call_.veid, text_);
    if (const Diagnostic* refusal = config.refusal())
        throw Error(ExitCode::BadValue, refusal->to_string());
    apply_config(call_.veid, vps, config, parts, Log("vzctl", call_.veid));
}

void SetCall::save() {
    if (!file_->exists())
        call_.talk.warn(fmt::format("WARNING: {} not found", config_path(call_.veid)));
    const std::vector<std::string> former = vps::values_of(file_->text(), "NAME");
    file_->write(text_);
    for (const ConfigChange& change : changes_)
        if (change.key == "NAME") {
            link_name(call_.veid, change.value, former.empty() ? "" : former.front());
            call_.talk.tell(fmt::format("Name {} assigned", change.value));
        }
    if (!values_of(call_.given, "applyconfig_map").empty() && !former.empty()) {
        require_free_name(call_.veid, former.front());
        link_name(call_.veid, former.front(), "");
    }
    call_.talk.tell(fmt::format("CT configuration saved to {}", config_path(call_.veid)));
}

// A VPS that does not run is started for it, and stopped.
void SetCall::set_passwords() {
    const std::vector<std::string> words = values_of(call_.given, "userpasswd");
    for (const std::string& word : words)
        require_user_and_password(word);
    if (words.empty())
        return;
    const bool is_up = is_running(call_.veid);
    if (!is_up)
        if (const ExitCode code = start_now(call_); code != ExitCode::Ok)
            throw Complaint(code, "Unable to start the container for its passwords");
    const auto stop = [&] {
        if (!is_up)
            (void)stop_now(call_);
    };
    Undo stop_again(stop);
    change_passwords(call_.veid, words);
    stop_again.keep();
    stop();
}

void SetCall::remind() const {
    const bool only_passwords =
        std::all_of(call_.given.options.begin(), call_.given.options.end(),
                    [](const GivenOption& option) { return option.name == "userpasswd"; });
    if (only_passwords && !call_.given.options.empty())
        return;
    call_.talk.tell(
        fmt::format("WARNING: Settings were not saved to config {}(use --save flag)",
                    is_running(call_.veid) ? "and will be lost after CT restart " : ""));
}

ExitCode reset_limits(const Call& call) {
    const VpsLock lock(call.veid);
    const Log log("vzctl", call.veid);
    const FoundVps vps = find_vps(call.veid, lock, log);
    if (!vps.init)
        throw Complaint(ExitCode::NotRunning, "Container is not running");
    apply_config(call.veid, vps, load_usable_config(call.veid),
                 {.limits = true,
                  .addresses = false,
                  .interfaces = false,
                  .devices = false,
                  .net_devices = false,
                  .names = false,
                  .whole_network = false},
                 log);
    return ExitCode::Ok;
}

ExitCode SetCall::run() {
    const bool saves = call_.given.has("save");
    check_options();
    if (call_.given.has("reset_ub"))
        return reset_limits(call_);
    read_and_plan();
    if (call_.given.has("userpasswd")) {
        file_.reset();
        set_passwords();
        read_and_plan();
    }
    {
        const VpsLock lock(call_.veid);
        const FoundVps vps = find_vps(call_.veid, lock, Log("vzctl", call_.veid));
        if (vps.init) {
            refuse_moving();
            const std::vector<std::string> unapplied = find_unapplied();
            needs_restart_ = !unapplied.empty();
            if (needs_restart_ && mode_ != SetMode::Restart)
                for (const std::string& option : unapplied)
                    call_.talk.warn(fmt::format("Unable to set {} on a running container", option));
            if (needs_restart_ && mode_ == SetMode::Ignore)
                throw Complaint(ExitCode::Running,
                                "Error: failed to apply some parameters, not saving configuration "
                                "file!");
            if (needs_restart_ && mode_ == SetMode::None)
                call_.talk.warn(
                    "WARNING: Some of the parameters could not be applied to a running "
                    "container; --setmode restart restarts it");
            apply(vps, lock);
        }
        if (saves)
            save();
    }
    file_.reset();
    if (!saves)
        remind();
    if (!needs_restart_)
        return ExitCode::Ok;
    return mode_ == SetMode::Restart ? restart() : ExitCode::Running;
}

ExitCode SetCall::restart() {
    call_.talk.tell("Restarting container");
    if (const ExitCode code = stop_now(call_); code != ExitCode::Ok)
        return code;
    return start_now(call_);
}

}  // namespace

ExitCode set_verb(const Call& call) {
    return SetCall(call).run();
}

std::vector<VerbOption> set_grammar() {
    std::vector<VerbOption> grammar(std::begin(kOthers), std::end(kOthers));
    for (const SetOption& option : set_options())
        grammar.push_back({option.name, Takes::Value, option.letter});
    return grammar;
}

}  // namespace vps
