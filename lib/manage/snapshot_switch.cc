#include "manage/snapshot_switch.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "config/config_edit.hh"
#include "manage/area_lease.hh"
#include "manage/config_file.hh"
#include "manage/cut_switch.hh"
#include "manage/life_verbs.hh"
#include "manage/name_link.hh"
#include "manage/snapshot_area.hh"
#include "manage/vzctl_code.hh"
#include "snapshot/copy_area.hh"
#include "state/state.hh"
#include "sys/process.hh"
#include "sys/progress_line.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

constexpr ExitCode kCode = vzctl_code::kSnapshotSwitch;

[[noreturn]] void fail(const std::string& why) {
    throw Error(kCode, why);
}

[[noreturn]] void wrong_config(const std::string& why) {
    fail(
        fmt::format("the configuration that is kept with the snapshot {}; --skip-config leaves "
                    "the one of now",
                    why));
}

// Another VPS may have been given the name since.
void require_own_name(Veid veid, const std::string& text) {
    const std::string name = first_value_of(text, "NAME");
    if (name == first_value_of(ConfigFileEdit(config_path(veid)).text(), "NAME"))
        return;
    try {
        require_free_name(veid, name);
    } catch (const Complaint& complaint) {
        wrong_config(fmt::format("has a NAME that the VPS cannot have: {}", complaint.what()));
    }
}

// The configuration of the snapshot; nothing where none is kept, or none is wanted. It must still
// be that of this area.
std::optional<std::string> find_config(const Call& call, const SnapshotArea& subject,
                                       const std::string& path) {
    if (call.given.has("skip-config") || access(path.c_str(), F_OK) < 0)
        return std::nullopt;
    std::string text = sys::read_file(path, 16 << 20);
    const VpsConfig config = read_config_of(call.veid, text);
    if (const Diagnostic* refusal = config.refusal())
        wrong_config("is unusable: " + refusal->to_string());
    if (!config.ve_private || access(config.ve_private->c_str(), F_OK) < 0 ||
        sys::realpath(*config.ve_private) != subject.area)
        wrong_config("has another VE_PRIVATE");
    require_own_name(call.veid, text);
    return text;
}

void write_file(const std::string& path, const std::string& text) {
    sys::write_all(sys::open(path, O_WRONLY | O_CREAT | O_EXCL, 0600), text, path);
}

// The step from the area that is to the one that was, and back. Whatever ends it at whatever
// moment, open_snapshots() knows by the place to switch what is left to do.
class Switch {
  public:
    Switch(const Call& call, const SnapshotArea& subject, const AreaCopier& copier,
           SnapshotStore& store, std::string former, std::optional<std::string> config)
        : veid_(call.veid),
          talk_(call.talk),
          vps_(subject.config),
          area_(subject.area),
          copier_(copier),
          store_(store),
          former_(std::move(former)),
          identity_(copier.identity()),
          list_before_(store.list()),
          config_(std::move(config)) {}

    // The VPS is down. The copy is ready.
    void make(const std::string& uuid) {
        const VpsLock lock(veid_);
        if (is_mounted(veid_, vps_))
            fail("it has been started or mounted meanwhile");
        const Lease lease = take_lease_to_change(veid_, area_, talk_);  // until the VPS starts
        note(uuid);
        Undo back([&] { bring_back(); });
        if (rename(store_.place_to_copy().c_str(), store_.place_to_switch().c_str()) < 0)
            throw SysError(errno, "rename", store_.place_to_copy());
        sync_file_system(store_.directory());
        copier_.exchange(place_to_switch().place());
        sync_file_system(store_.directory());
        if (config_) {
            config_before_ = ConfigFileEdit(config_path(veid_)).text();
            replace_config(veid_, *config_);
        }
        SnapshotList list = list_before_;
        list.current = uuid;
        store_.write(list);
        stop_counting(veid_, place_to_switch().tree());
        back.keep();
    }

    // Not below a VPS that runs from there.
    void take_back() {
        const VpsLock lock(veid_);
        if (!is_running(veid_))
            bring_back();
    }

  private:
    // What open_snapshots() needs, on disk before it is the place to switch.
    void note(const std::string& uuid) const {
        const SwitchPlace place(store_.place_to_copy(), former_);
        SnapshotList list = list_before_;
        list.add({.uuid = former_,
                  .parent = {},
                  .date = date_now(),
                  .name = {},
                  .description = "before a switch that was cut off"});
        list.current = uuid;
        write_file(place.next_list(), format_snapshot_list(list));
        save_config(veid_, place.config());
        if (config_)
            write_file(place.next_config(), *config_);
        write_file(place.area_identity(), identity_);
        sync_file_system(store_.directory());
    }

    // The area last: until then, what cuts this off leaves the switch as one that has been made.
    void bring_back() {
        if (config_before_)
            replace_config(veid_, *config_before_);
        const std::string place = place_to_switch().place();
        if (settle_area(area_, place, identity_)) {
            store_.write(list_before_);
            copier_.exchange(place);
            sync_file_system(store_.directory());
        }
        store_.sweep();
    }

    [[nodiscard]] SwitchPlace place_to_switch() const {
        return {store_.place_to_switch(), former_};
    }

    Veid veid_;
    const Talk& talk_;
    const VpsConfig& vps_;
    std::string area_;
    const AreaCopier& copier_;
    SnapshotStore& store_;
    std::string former_;    // the snapshot that the area becomes when the switch is cut off
    std::string identity_;  // of the area, as it was
    SnapshotList list_before_;
    std::optional<std::string> config_, config_before_;
};

void heed(TerminationRequest& request) {
    if (request.heed())
        throw Error(ExitCode::System, "told to end");
}

void prepare_copy(const AreaCopier& copier, const SnapshotStore& store, const std::string& uuid,
                  const std::string& former, TerminationRequest& request) {
    const SwitchPlace to(store.place_to_copy(), former);
    for (const std::string& place : {store.place_to_copy(), to.place()})
        if (mkdir(place.c_str(), 0700) < 0)
            throw SysError(errno, "make", place);
    copier.prepare(to.place());
    sys::ProgressLine progress("Copying");
    copier.restore(store.place_of(uuid), to.place(), [&](std::uint64_t files) {
        heed(request);
        progress.tell_files(files);
    });
    sync_file_system(store.directory());  // while the VPS runs still
}

// What is not the VPS's any more. If that fails, the next change of the snapshots removes it.
void remove_former(const SnapshotStore& store, const Talk& talk) {
    try {
        store.sweep();
    } catch (const Error& error) {
        talk.warn(fmt::format("Warning: the files that were are not removed: {}", error.what()));
    }
}

// Empty where the VPS has none, and so is not mounted.
std::string root_of(const VpsConfig& config) {
    return config.ve_root && access(config.ve_root->c_str(), F_OK) == 0
               ? sys::realpath(*config.ve_root)
               : std::string();
}

void bring_down(const Call& call, bool runs, const VpsConfig& config) {
    if (runs) {
        // A postumount script that fails is no matter.
        if (stop_now(call) != ExitCode::Ok && is_mounted(call.veid, config))
            fail("it is not stopped");
    } else if (is_mounted(call.veid, config) && umount_verb(call) != ExitCode::Ok) {
        fail("it is not dismounted");
    }
}

// By us, or by somebody else since the stop, as a cluster.
bool is_started(const Call& call) {
    try {
        return start_now(call) == ExitCode::Ok;
    } catch (const Error& error) {
        if (error.code() != ExitCode::Running)
            throw;
        return true;
    }
}

void start_again(const Call& call) {
    try {
        if (is_running(call.veid) || start_now(call) == ExitCode::Ok)
            return;
    } catch (const Error& error) {
        call.talk.warn(error.what());
    }
    call.talk.warn("The container does not start again");
}

// It runs, and would stay down.
void require_enabled(const Call& call, const SnapshotArea& subject,
                     const std::optional<std::string>& text) {
    if (text ? read_config_of(call.veid, *text).disabled : subject.config.disabled)
        fail(
            fmt::format("with the configuration {} it is not started again (DISABLED=yes); "
                        "--skip-resume leaves it stopped",
                        text ? "of the snapshot" : "of now"));
}

void switch_to(const Call& call, const SnapshotArea& subject, SnapshotStore& store,
               const std::string& uuid) {
    std::optional<std::string> config = find_config(call, subject, store.config_of(uuid));
    // SIGINT and SIGTERM end it between two steps only, and what was done is undone.
    TerminationRequest request;
    // Not after a step that could not be taken back: open_snapshots() ends that.
    Undo remove([&] { remove_copies(store.place_to_copy()); });
    const std::string former = make_uuid();
    const std::unique_ptr<AreaCopier> copier = find_copier(call.veid, subject, store);
    copier->require_unused(root_of(subject.config));
    prepare_copy(*copier, store, uuid, former, request);
    const bool runs = is_running(call.veid), starts = runs && !call.given.has("skip-resume");
    if (starts)
        require_enabled(call, subject, config);
    Switch step(call, subject, *copier, store, former, std::move(config));
    Undo start([&] {
        if (runs)
            start_again(call);
    });
    heed(request);
    bring_down(call, runs, subject.config);
    heed(request);
    step.make(uuid);
    remove.keep();
    Undo back([&] { step.take_back(); });
    if (starts && !is_started(call))
        fail("it does not start with the files of the snapshot");
    back.keep();
    start.keep();
    remove_former(store, call.talk);
}

}  // namespace

ExitCode snapshot_switch_verb(const Call& call) {
    const std::string uuid = require_uuid(call);
    if (call.given.has("skip-resume") && call.given.has("must-resume"))
        throw Complaint(ExitCode::Usage,
                        "Invalid syntax: --skip-resume and --must-resume can not be used together");
    const SnapshotArea subject = find_snapshot_area(call.veid);
    SnapshotStore store = open_snapshots(call, subject, SnapshotStore::Create::No);
    require_snapshot(store.list(), uuid, kCode);
    if (call.given.has("must-resume"))
        throw Complaint(kCode, "Error: no dump in snapshot, unable to resume");
    call.talk.tell(fmt::format("Switching to snapshot {}", uuid));
    as_vzctl(fmt::format("Failed to switch to snapshot {}", uuid), kCode,
             [&] { switch_to(call, subject, store, uuid); });
    call.talk.tell("Container has been successfully switched to another snapshot");
    return ExitCode::Ok;
}

}  // namespace vps
