#include "manage/create.hh"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "config/config_value.hh"
#include "config/vps_name.hh"
#include "manage/config_file.hh"
#include "manage/name_link.hh"
#include "manage/new_area.hh"
#include "manage/remove_tree.hh"
#include "manage/sample.hh"
#include "manage/set_option.hh"
#include "manage/unpack.hh"
#include "manage/vzctl_code.hh"
#include "script/action_script.hh"
#include "state/place.hh"
#include "state/state.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCreateScript = "/etc/vz/conf/vps.create";
constexpr ScriptKind kCreate{script::All, "create", script::Host, "after a VPS has been created",
                             "the VPS is not created"};

std::string last_value(const GivenOptions& given, std::string_view name) {
    std::string value;
    for (const GivenOption& option : given.options)
        if (option.name == name)
            value = option.value;
    return value;
}

// N.conf as it is; others may change it meanwhile, since an unpacking takes its time.
std::optional<std::string> read_former(Veid veid) {
    const ConfigFileEdit file(config_path(veid));
    return file.exists() ? std::optional(file.text()) : std::nullopt;
}

// The configuration as it will be, and what it was made of.
class Creation {
  public:
    explicit Creation(const Call& call)
        : call_(call), host_(read_host_conf()), former_(read_former(call.veid)) {}

    void plan();
    void make();

  private:
    [[nodiscard]] std::string begin_text() const;
    void add_options(const std::string& begin);
    void read_config(const std::string& begin);
    void require_no_area() const;
    void require_own_places() const;
    void save() const;
    void put_back() const;
    void run_script() const;

    const Call& call_;
    std::string host_;                   // the text of vz.conf
    std::optional<std::string> former_;  // the text of N.conf, where it is there
    std::vector<ConfigChange> changes_;
    std::string text_, template_, tarball_;
    VpsConfig config_;
};

// N.conf as it is, or a sample: of --config, or of CONFIGFILE in vz.conf.
std::string Creation::begin_text() const {
    const std::string wanted = last_value(call_.given, "config");
    if (former_) {
        if (!wanted.empty())
            throw Complaint(vzctl_code::kNoConfig,
                            fmt::format("Error: container config file {} already exists, can not "
                                        "use --config option",
                                        config_path(call_.veid)));
        return *former_;
    }
    const std::string sample = wanted.empty() ? first_value_of(host_, "CONFIGFILE") : wanted;
    if (sample.empty())
        return {};
    return edit_config(read_sample(sample, static_cast<int>(vzctl_code::kNoConfig)),
                       {{"ORIGIN_SAMPLE", sample}});
}

void Creation::add_options(const std::string& begin) {
    changes_ = plan_changes(begin, call_.given.options);
    for (const auto& [option, key] :
         {std::pair("local_uid", "LOCAL_UID"), {"local_gid", "LOCAL_GID"}})
        if (call_.given.has(option)) {
            changes_.push_back({key, last_value(call_.given, option)});
            refuse_empty(option, changes_.back());
            require_good_value(option, changes_.back());
        }
    template_ = last_value(call_.given, "ostemplate");
    for (const std::string& text : {begin, host_})
        for (const char* key : {"OSTEMPLATE", "DEF_OSTEMPLATE"})
            if (template_.empty())
                template_ = first_value_of(text, key);
    if (template_.empty())
        throw Complaint(vzctl_code::kNoTemplateGiven, "OS template is not specified");
    changes_.push_back({"OSTEMPLATE", template_});
    changes_.push_back({"VE_LAYOUT", "simfs"});
    for (const char* key : {"VE_ROOT", "VE_PRIVATE"})
        if (const std::string path = first_value_of(host_, key);
            !path.empty() && first_value_of(edit_config(begin, changes_), key).empty())
            changes_.push_back({key, path});
}

void Creation::read_config(const std::string& begin) {
    text_ = edit_config(begin, changes_);
    config_ = read_config_of(call_.veid, text_);
    if (const Diagnostic* refusal = config_.refusal())
        throw Error(ExitCode::BadValue, refusal->to_string());
    if (!config_.ve_private)
        throw Complaint(ExitCode::NoVePrivate, "VE_PRIVATE is not set");
    if (!config_.ve_root)
        throw Complaint(ExitCode::NoVeRoot, "VE_ROOT is not set");
}

void Creation::require_no_area() const {
    struct stat status {};
    if (lstat(config_.ve_private->c_str(), &status) < 0)
        return;
    std::error_code failure;
    if (S_ISDIR(status.st_mode) && fs::is_empty(*config_.ve_private, failure) && !failure)
        return;
    require_clear_place(*config_.ve_private);  // a file system has its lost+found
    throw Complaint(vzctl_code::kAreaExists,
                    "Private area already exists in " + *config_.ve_private);
}

// A start refuses the same places.
void Creation::require_own_places() const {
    const HostPlaces host;
    for (const auto& problem : {host.find_root_problem(config_), host.find_area_problem(config_)})
        if (problem)
            throw Error(ExitCode::BadValue, config_.tell(*problem));
}

void Creation::plan() {
    for (const char* option : {"layout", "ve_layout", "velayout"}) {
        const std::string layout = last_value(call_.given, option);
        if (layout.starts_with("ploop"))
            throw Complaint(ExitCode::Ploop, "ploop is not supported; use --layout simfs");
        if (call_.given.has(option) && layout != "simfs")
            throw Complaint(ExitCode::BadValue,
                            fmt::format("Bad parameter for --{}: {} (it is simfs here)", option,
                                        quote_for_message(layout)));
    }
    const std::string begin = begin_text();
    add_options(begin);
    read_config(begin);
    require_no_area();
    require_own_places();
    require_clear_place(*config_.ve_private);
    const std::string dir = first_value_of(host_, "TEMPLATE");
    if (dir.empty())
        throw Complaint(vzctl_code::kNoTemplateDir, "TEMPLATE is not set");
    tarball_ = find_template(dir, template_);
    if (config_.name)
        require_free_name(call_.veid, *config_.name);
}

void Creation::save() const {
    const ConfigFileEdit file(config_path(call_.veid));
    if (file.exists() != former_.has_value() || file.text() != former_.value_or(""))
        throw Error(vzctl_code::kCannotSave,
                    fmt::format("'{}' has been changed meanwhile", config_path(call_.veid)));
    file.write(text_);
}

void Creation::put_back() const {
    ConfigFileEdit(config_path(call_.veid)).put_back(former_);
}

void Creation::run_script() const {
    const auto found = find_script(kCreate, "vps.create", kCreateScript);
    if (found)
        (void)run_host_script(*found, {},
                              {.veid = call_.veid,
                               .ve_root = *config_.ve_root,
                               .ve_private = *config_.ve_private,
                               .timeout = config_.script_timeout},
                              Log("vzctl", call_.veid));
}

void Creation::make() {
    // Whatever is to end us waits until all is done, or undone.
    TerminationRequest request;
    Undo heed([&] { (void)request.heed(); });
    const std::string area = *config_.ve_private, temporary = area + ".tmp";
    call_.talk.tell(fmt::format("Creating container private area ({})", template_));
    const std::size_t slash = area.rfind('/');
    if (slash > 0)
        sys::mkdir_all(area.substr(0, slash), 0700);
    remove_tree(temporary);  // of one that was killed
    make_area(call_, config_, tarball_, temporary);
    Undo remove_temporary([&] { remove_tree(temporary); });
    if (rename(temporary.c_str(), area.c_str()) < 0)
        throw SysError(errno, "rename", temporary, vzctl_code::kNoArea);
    remove_temporary.keep();
    Undo remove_area([&] { remove_tree(area); });
    const bool had_root = access(config_.ve_root->c_str(), F_OK) == 0;
    sys::mkdir_all(*config_.ve_root, 0755);
    Undo remove_root([&] {
        if (!had_root)
            (void)rmdir(config_.ve_root->c_str());  // a script may have put something there
    });
    const bool had_name = config_.name && !find_named(*config_.name).empty();
    save();
    Undo restore_config([&] { put_back(); });
    if (config_.name)
        link_name(call_.veid, *config_.name, "");
    Undo remove_link([&] {
        if (config_.name && !had_name)
            link_name(call_.veid, "", *config_.name);
    });
    run_script();
    if (request.came())
        throw Error(vzctl_code::kNoArea, "told to end before the VPS was created");
    heed.keep();
    remove_link.keep();
    restore_config.keep();
    remove_root.keep();
    remove_area.keep();
    call_.talk.tell(fmt::format("CT configuration saved to {}", config_path(call_.veid)));
    call_.talk.tell("Container private area was created");
}

}  // namespace

ExitCode create_verb(const Call& call) {
    const VpsLock lock(call.veid);
    Creation creation(call);
    creation.plan();
    creation.make();
    return ExitCode::Ok;
}

}  // namespace vps
