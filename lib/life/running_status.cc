#include "life/running_status.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "sys/error.hh"
#include "systemd/cgroup.hh"
#include "systemd/masked.hh"
#include "systemd/notify.hh"
#include "systemd/unit_name.hh"

namespace vps {

std::string running_status(Veid veid, pid_t init) {
    return fmt::format("Running in {}, init is process {}", scope_unit(veid), init);
}

std::string ready_message(Veid veid, pid_t init) {
    return "READY=1\nSTATUS=" + running_status(veid, init);
}

void require_told(int told) {
    if (told < 0)  // under systemd, whose next start adopts the VPS
        throw SysError(-told, "tell systemd that the VPS runs");
}

void note_run(const Log& log, const std::function<void()>& note) {
    try {
        note();
    } catch (const Error& error) {
        log.say(Level::Warning,
                fmt::format("{}; without ONBOOT it will not start at the next boot", error.what()));
    }
}

ExitCode let_run(Veid veid, const Log& log) {
    // systemd knows no command of a masked unit: it ends the supervisor of a VPS, and calls nobody
    // to stop the VPS or to have it adopted.
    if (is_masked(service_unit(veid)) || is_masked("vps@.service"))
        log.say(Level::Error,
                fmt::format("{0} is masked, so that systemd has ended the supervisor and not "
                            "stopped the VPS, which runs on without one; systemctl unmask {0}; "
                            "systemctl start {0} has it adopted",
                            service_unit(veid)));
    else
        log.say(Level::Notice, "the supervisor was told to go; the VPS keeps running");
    return ExitCode::Ok;
}

RunningStatus::RunningStatus(Veid veid, std::string running)
    : running_(std::move(running)),
      events_(open((scope_cgroup(veid) + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC)) {}

void RunningStatus::add_to(std::vector<Watched>& watched) {
    if (events_)
        watched.push_back({events_, EPOLLPRI | EPOLLET, [this] { tell_change(); }});
}

void RunningStatus::tell_change() {
    char text[64];
    const ssize_t length = pread(events_.get(), text, sizeof text, 0);
    const bool frozen =
        length > 0 && std::string_view(text, static_cast<std::size_t>(length)).find("frozen 1") !=
                          std::string_view::npos;
    if (frozen != std::exchange(frozen_, frozen))
        tell_status(frozen ? running_ + "; it is frozen" : running_);
}

}  // namespace vps
