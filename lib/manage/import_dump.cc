#include "manage/import_dump.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include "config/config_edit.hh"
#include "manage/config_file.hh"
#include "manage/confined_tar.hh"
#include "manage/dump_archive.hh"
#include "manage/dump_config.hh"
#include "manage/life_verbs.hh"
#include "manage/name_link.hh"
#include "manage/new_area.hh"
#include "manage/remove_tree.hh"
#include "manage/vzctl_code.hh"
#include "ploop/area_kind.hh"
#include "quota/disk_quota.hh"
#include "script/action_script.hh"
#include "state/state.hh"
#include "sys/guest_file.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

// The scripts that vzdump saves.
constexpr std::array kScripts{script::kStart, script::kStop, script::kMount, script::kUmount};
// Keys that give a VPS more of the host than others have.
constexpr std::array kGrants{"CAPABILITY", "DEVICES", "DEVNODES",       "FEATURES",
                             "IO_URING",   "NETDEV",  "SOCKET_FAMILIES"};

std::string script_path(const ScriptKind& kind, Veid veid) {
    return "/etc/vz/conf/" + kind.name(veid);
}

bool is_there(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0;
}

std::string last_value(const std::string& text, std::string_view key) {
    const std::vector<std::string> values = values_of(text, key);
    return values.empty() ? std::string() : values.back();
}

class Import {
  public:
    Import(const std::string& archive, Veid veid, const Talk& talk)
        : archive_(archive), veid_(veid), talk_(talk) {}

    void plan();
    void make();

  private:
    void require_free() const;
    void adopt_config(const std::string& text);
    [[nodiscard]] std::string without_strange_keys(const std::string& text) const;
    void require_plain_rights() const;
    void take_scripts();
    void write_scripts() const;
    void remove_scripts() const noexcept;
    [[nodiscard]] std::string target_of(const ScriptKind& kind) const;

    DumpArchive archive_;
    Veid veid_;
    const Talk& talk_;
    std::string area_, temporary_;
    std::string text_;  // of N.conf
    VpsConfig config_;
    std::map<std::string, std::string> scripts_;  // by their paths
};

// The places of the new VPS are those of vz.conf.
void Import::plan() {
    const VpsConfig host = read_config_of(veid_, "");
    if (!host.ve_private)
        throw Complaint(ExitCode::NoVePrivate, "VE_PRIVATE is not set in /etc/vz/vz.conf");
    if (!host.ve_root)
        throw Complaint(ExitCode::NoVeRoot, "VE_ROOT is not set in /etc/vz/vz.conf");
    area_ = *host.ve_private;
    temporary_ = area_ + ".tmp";
    require_down(veid_, host);
    require_free();
}

void Import::require_free() const {
    const std::string remedy = fmt::format(
        "; choose another VEID, or make this one free with 'vzctl destroy {}'", veid_.to_string());
    if (is_there(config_path(veid_)))
        throw Complaint(vzctl_code::kNoConfig,
                        fmt::format("VPS {} is there already: {}{}", veid_.to_string(),
                                    config_path(veid_), remedy));
    require_clear_place(area_);
    std::error_code failure;
    if (is_there(area_) &&
        (!fs::is_directory(fs::symlink_status(area_)) || !fs::is_empty(area_, failure) || failure))
        throw Complaint(vzctl_code::kAreaExists,
                        fmt::format("there is a private area already in {}{}", area_, remedy));
    for (const ScriptKind& kind : kScripts)
        for (const std::string& path : {script_path(kind, veid_), target_of(kind)})
            if (is_there(path))
                throw Complaint(
                    vzctl_code::kNoConfig,
                    fmt::format("there is a script already: '{}'; look at it, and remove it",
                                path));
}

// A host's script out of an archive must not run before somebody has looked at it.
std::string Import::target_of(const ScriptKind& kind) const {
    return script_path(kind, veid_) + (kind.context == script::Host ? ".restored" : "");
}

std::string Import::without_strange_keys(const std::string& text) const {
    std::set<std::string> strange;
    for (const Setting& setting : read_config_of(veid_, make_plain_config(text).text).others)
        if (setting.file == ConfigFile::Vps)
            strange.insert(setting.key);
    PlainConfig plain = make_plain_config(text, strange);
    if (!plain.put_out.empty())
        talk_.warn(
            fmt::format("Warning: lines of vps.conf that are no settings of OpenVZ's have "
                        "become comments in {}: {}",
                        config_path(veid_), fmt::join(plain.put_out, ", ")));
    return std::move(plain.text);
}

void Import::adopt_config(const std::string& text) {
    text_ = without_strange_keys(text);
    const std::string host = sys::read_file("/etc/vz/vz.conf");
    std::vector<ConfigChange> changes{{"VE_ROOT", last_value(host, "VE_ROOT")},
                                      {"VE_PRIVATE", last_value(host, "VE_PRIVATE")}};
    if (!values_of(text_, "VE_LAYOUT").empty())
        changes.push_back({"VE_LAYOUT", "simfs"});
    if (const std::string netif = last_value(text_, "NETIF"); !netif.empty())
        changes.push_back({"NETIF", with_veth_names(netif, veid_.to_string())});
    if (const std::string name = last_value(text_, "NAME"); !name.empty()) {
        try {
            require_free_name(veid_, name);
        } catch (const Complaint& complaint) {
            changes.push_back({"NAME", ""});
            talk_.warn(fmt::format("Warning: the VPS has no NAME now: {}", complaint.what()));
        }
    }
    text_ = edit_config(text_, changes);
    config_ = read_config_of(veid_, text_);
    if (const Diagnostic* refusal = config_.refusal())
        throw Error(ExitCode::BadValue,
                    "the configuration in the archive: " + refusal->to_string());
    if (!config_.ve_private || *config_.ve_private != area_ || !config_.ve_root)
        throw Error(ExitCode::BadValue, "VE_PRIVATE or VE_ROOT in /etc/vz/vz.conf is unusable");
    require_plain_rights();
}

void Import::require_plain_rights() const {
    if (!config_.userns)
        throw Complaint(ExitCode::BadValue,
                        "the configuration in the archive has USERNS=no, which would make root in "
                        "the VPS root of the host: no OpenVZ node has such a line");
    if (config_.local_uid.value_or(0) != 0 || config_.local_gid.value_or(0) != 0)
        throw Complaint(ExitCode::BadValue,
                        "the configuration in the archive has LOCAL_UID or LOCAL_GID: the owners "
                        "in the archive are ids of the old host, not of the VPS");
    for (const char* key : kGrants)
        if (const std::string value = last_value(text_, key); !value.empty())
            talk_.warn(
                fmt::format("Warning: {} has {}=\"{}\", which gives the VPS more of the "
                            "host than others have: look whether it should",
                            config_path(veid_), key, value));
}

// Out of the new area, and with that directory gone, as it is not the VPS's.
void Import::take_scripts() {
    const Fd root = sys::open(temporary_, O_PATH | O_DIRECTORY);
    for (const ScriptKind& kind : kScripts) {
        const std::string path = fmt::format("{}/vps.{}", kDumpDirectory, kind.suffix);
        if (const Fd file = find_guest_file(root, path))
            scripts_[target_of(kind)] = sys::read_all(file, path, kLargestScript);
    }
    if (const Fd etc = sys::find_in_root(root, "/etc", O_PATH | O_DIRECTORY))
        remove_tree(fmt::format("/proc/{}/fd/{}/vzdump", getpid(), etc.get()));
}

void Import::write_scripts() const {
    for (const auto& [path, text] : scripts_) {
        const bool waits = path.ends_with(".restored");
        sys::replace_file(path, text, waits ? 0644 : 0755);
        if (waits)
            talk_.warn(
                fmt::format("Warning: '{0}' is a script for the host, which the VPS may "
                            "have written: look at it, then: chmod 755 {0} && mv {0} {1}",
                            path, path.substr(0, path.rfind('.'))));
    }
}

void Import::remove_scripts() const noexcept {
    for (const auto& [path, text] : scripts_)
        (void)unlink(path.c_str());
}

void Import::make() {
    if (const std::size_t slash = area_.rfind('/'); slash > 0)
        sys::mkdir_all(area_.substr(0, slash), 0700);
    remove_tree(temporary_);  // of one that was killed
    const IgnoredInterrupt ignored;
    TerminationRequest request;
    if (mkdir(temporary_.c_str(), 0755) < 0)
        throw SysError(errno, "make", temporary_, vzctl_code::kNoArea);
    Undo remove_temporary([&] { remove_tree(temporary_); });
    {
        const TarIds ids(veid_, VpsConfig{});
        adopt_config(archive_.read_config(ids, temporary_));
        talk_.tell(fmt::format("Restoring container private area ({})", area_));
        VpsConfig as_if = config_;
        as_if.ve_private = temporary_;
        apply_disk_quota(veid_, as_if, PrivateArea::Idle, Log("vzrestore", veid_));
        archive_.unpack(ids, temporary_, talk_);
    }
    if (request.heed())
        throw Error(vzctl_code::kNoArea, "told to end before the VPS was restored");
    take_scripts();
    mark_as_files(sys::open(temporary_, O_PATH | O_DIRECTORY));
    if (rename(temporary_.c_str(), area_.c_str()) < 0)
        throw SysError(errno, "rename", temporary_, vzctl_code::kNoArea);
    remove_temporary.keep();
    Undo remove_area([&] { remove_tree(area_); });
    sys::mkdir_all(*config_.ve_root, 0755);
    Undo undo_scripts([&] { remove_scripts(); });
    write_scripts();
    const ConfigFileEdit file(config_path(veid_));
    if (file.exists())  // since we looked
        require_free();
    file.write(text_);
    Undo remove_config([&] { (void)sys::unlink_if_there(config_path(veid_)); });
    if (config_.name)
        link_name(veid_, *config_.name, "");
    remove_config.keep();
    undo_scripts.keep();
    remove_area.keep();
    talk_.tell(fmt::format("CT configuration saved to {}", config_path(veid_)));
    talk_.tell("Container was restored");
    (void)request.heed();  // too late
}

}  // namespace

void import_dump(const std::string& archive, Veid veid, const Talk& talk) {
    const VpsLock lock(veid);
    Import work(archive, veid, talk);
    work.plan();
    work.make();
}

}  // namespace vps
