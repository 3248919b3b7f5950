#include "manage/config_file.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_draft.hh"
#include "manage/vzctl_code.hh"
#include "sys/error.hh"
#include "sys/followed_links.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"
#include "sys/within.hh"

namespace vps {

namespace {

constexpr std::size_t kLargest = 16 << 20;

std::string directory_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

// The path at which the file is, or is to be: the end of the symbolic links.
std::string follow(const std::string& path) {
    return within({"save the configuration", vzctl_code::kCannotSave}, [&] {
        struct stat status {};
        if (lstat(path.c_str(), &status) < 0)
            return sys::realpath(directory_of(path)) + path.substr(path.rfind('/'));
        return sys::realpath(path);
    });
}

void replace(const std::string& path, const std::string& text, unsigned mode, unsigned uid,
             unsigned gid) {
    const std::string dir = directory_of(path);
    const std::string temporary = fmt::format("{}/.{}.new", dir, path.substr(dir.size() + 1));
    (void)unlink(temporary.c_str());  // of one that was killed
    const Fd file = sys::open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    Undo remove([&] { (void)unlink(temporary.c_str()); });
    sys::write_all(file, text, temporary);
    if (fchown(file.get(), uid, gid) < 0 || fchmod(file.get(), mode & 07777) < 0)
        throw SysError(errno, "change the owner of", temporary);
    if (fsync(file.get()) < 0)
        throw SysError(errno, "write", temporary);
    if (rename(temporary.c_str(), path.c_str()) < 0)
        throw SysError(errno, "replace", path);
    remove.keep();
    sys::sync_directory(dir);
}

}  // namespace

// The directory of the configurations is no place for a lock: whoever may read it could hold it.
static Fd lock_configs(const std::string& run_dir) {
    const std::string place = run_dir + "/configs";
    sys::mkdir_all(place, kRunMode);
    return sys::lock_directory(place);
}

ConfigFileEdit::ConfigFileEdit(const std::string& path, const std::string& run_dir)
    : path_(follow(path)), lock_(lock_configs(run_dir)) {
    Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file && errno == ENOENT)
        return;
    if (!file)
        throw SysError(errno, "open", path_);
    struct stat status {};
    if (fstat(file.get(), &status) < 0)
        throw SysError(errno, "look at", path_);
    if (!S_ISREG(status.st_mode))
        throw Error(vzctl_code::kCannotSave, fmt::format("'{}' is no regular file", path_));
    text_ = sys::read_all(file, path_, kLargest);
    exists_ = true;
    mode_ = status.st_mode;
    uid_ = status.st_uid;
    gid_ = status.st_gid;
}

void ConfigFileEdit::write(const std::string& text) const {
    if (exists_ && text == text_)
        return;
    within({"save the configuration", vzctl_code::kCannotSave},
           [&] { replace(path_, text, mode_, uid_, gid_); });
}

void ConfigFileEdit::put_back(const std::optional<std::string>& former) const {
    if (former)
        write(*former);
    else
        (void)sys::unlink_if_there(path_);
}

std::string config_path(Veid veid) {
    return fmt::format("/etc/vz/conf/{}.conf", veid.to_string());
}

VpsConfig read_config_of(Veid veid, const std::string& text) {
    ConfigDraft draft(ConfigDraft::Detail::Full);
    draft.read(ConfigFile::Host, "/etc/vz/vz.conf", read_host_conf());
    draft.read(ConfigFile::Vps, config_path(veid), text);
    return std::move(draft).finish(veid);
}

}  // namespace vps
