#include "life/dismount.hh"

#include <fmt/format.h>

#include <exception>

#include "context/named_hierarchy.hh"
#include "life/left_over.hh"
#include "life/settings.hh"
#include "network/network_program.hh"
#include "ploop/mount_disk.hh"
#include "state/directories.hh"
#include "state/id_range.hh"
#include "sys/error.hh"
#include "sys/mount.hh"

namespace vps {

namespace {

constexpr unsigned kBusyGrace = 5;  // seconds that a busy mount is waited for

void dismount(Veid veid, const std::string& root, const Log& log, Refusal refusal) {
    try {
        dismount_tree(root, deadline_after(kBusyGrace));
    } catch (const Error& error) {
        if (refusal == Refusal::Force) {
            log.say(Level::Warning, fmt::format("{}, detaching it", error.what()));
            detach_tree(root);
            return;
        }
        if (!kill_left_over(veid, log))
            throw;
        // perhaps one of the killed processes held the mount
        dismount_tree(root, deadline_after(kBusyGrace));
    }
}

void run_umount_script(const ScriptKind& kind, const ScriptSettings& settings, const Log& log,
                       Refusal refusal) {
    const AskedScript asked = ask(kind, settings);
    try {
        (void)run_host_script(asked.kind, asked.settings, log);
    } catch (const Error& error) {
        if (is_overruled(error, asked, log))
            return;
        if (refusal == Refusal::Respect)
            throw;
        log.say(Level::Warning, fmt::format("{}, but this is forced", error.what()));
    }
}

}  // namespace

Scripts scripts_owed(const VpsState& state, const VpsConfig& config, bool is_failed_start) {
    const Scripts owed = row_of(state.phase).owed;
    const bool failed_start =
        owed == Scripts::None || (is_failed_start && state.phase == Phase::Mounted);
    if (!failed_start)
        return owed;
    return config.start_failure_umount_scripts ? Scripts::Umount : Scripts::None;
}

void end_vps(const VpsLock& lock, VpsState state, Scripts scripts, const ScriptSettings& settings,
             const Log& log, Refusal refusal) {
    remove_network(settings.veid);
    if (scripts == Scripts::Umount) {
        enter_all_the_same(lock, state, Phase::Umounting, log);
        run_umount_script(script::kUmount, settings, log, refusal);
        run_umount_script(script::kGlobalUmount, settings, log, refusal);
        enter_all_the_same(lock, state, Phase::Dismounting, log);
    }
    // What does not hinder the rest: all of it is done, and the first failure is told.
    std::exception_ptr failure;
    const auto note_failure = [&](const auto& step) {
        try {
            step();
        } catch (const std::exception& error) {
            if (failure)
                log.say(Level::Error, error.what());
            else
                failure = std::current_exception();
        }
    };
    const bool has_disk = !state.image.empty() && is_mount_point(state.mount_point);
    if (has_disk)
        note_failure([&] { flush_disk(state.mount_point, state.image); });
    if (state.phase != Phase::Postumount)
        try {
            dismount(settings.veid, state.mount_point, log, refusal);
        } catch (...) {
            if (failure)
                attempt(log, [&] { std::rethrow_exception(failure); });
            throw;
        }
    if (has_disk)
        note_failure([&] { close_disk(settings.veid, state.image, log); });
    else if (!state.image.empty())
        attempt(log, [&] { close_disk(settings.veid, state.image, log); });
    if (scripts != Scripts::None) {
        enter_all_the_same(lock, state, Phase::Postumount, log);
        // Postumount scripts can refuse nothing: both run, and the first failure is told.
        for (const ScriptKind& kind : {script::kPostumount, script::kGlobalPostumount})
            note_failure([&] { (void)run_host_script(kind, settings, log); });
    }
    (void)kill_left_over(settings.veid, log);
    attempt(log, [&] { remove_named_group(settings.veid); });
    if (state.first_id != 0)
        attempt(log, [&] { release_ids(state.first_id, settings.veid, kRunDir, state.ids); });
    // A state that stays, of a VPS that is dismounted, has the next start run the umount scripts
    // again.
    attempt(log, [&] {
        release_directories(settings.veid, state);
        lock.remove_state(state);
    });
    if (failure)
        std::rethrow_exception(failure);
}

UnfinishedMount::~UnfinishedMount() {
    if (kept_)
        return;
    try {
        end_vps(lock_, state_, owed_, settings_, log_);
    } catch (const std::exception& error) {
        const auto* script = dynamic_cast<const ScriptError*>(&error);
        log_.say(
            Level::Error, error.what(),
            {{"MESSAGE_ID", std::string(script ? message_id::kScriptFailed : message_id::kFailed)},
             {"SCRIPT", script ? script->path() : ""}});
    }
}

}  // namespace vps
