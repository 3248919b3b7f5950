// vps-supervise VEID WORD…: the supervisor of a running VPS. vps-run executes it in its own place,
// so that it is the main process of vps@.service, and the parent of the VPS's init, until that ends
// (life/supervised.hh has the words). Exit code 0: halted or stopped; 133: rebooted from inside.

#include <sys/epoll.h>
#include <sys/wait.h>

#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "context/capabilities.hh"
#include "life/adopted_init.hh"
#include "life/console_relay.hh"
#include "life/end_report.hh"
#include "life/running_status.hh"
#include "life/supervised.hh"
#include "life/supervisor.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/streams.hh"
#include "sys/sys.hh"
#include "systemd/log_relay.hh"
#include "systemd/notify.hh"

namespace vps {

namespace {

// Children that nobody waits for: vps-machine, and what a start has left.
void reap_others(const Supervised& vps) {
    for (const pid_t child : find_children())
        if (child != vps.init && (!vps.boot || child != vps.boot->reader()))
            (void)waitpid(child, nullptr, WNOHANG);
}

void tell_booted(Supervised& vps, const Log& log) {
    if (!vps.boot->has_booted())
        return;
    vps.boot.reset();
    log.say(Level::Info, "init says that it has booted");
    require_told(notify(ready_message(vps.veid, vps.init)));
}

// The process that watches has given up what a start needs: its capabilities, and its place among
// those that are killed first for want of memory. Every step from here on is one that root can take
// without a capability.
void give_up_privileges() {
    set_oom_score("-900");
    give_up_capabilities();
}

// All lines go over journald's socket. journald has the stream of each process of a unit kept in
// its descriptor store, where each daemon-reload compares it with those of all others.
void let_go_of_stream(const Log& log) {
    if (log.to_journal())
        attempt(log, sys::let_go_of_output);
}

std::optional<AdoptedInit> find_adopted(Supervised& vps) {
    if (vps.kinship == Kinship::Parent)
        return std::nullopt;
    if (vps.kinship == Kinship::Tracer)
        return AdoptedInit::seized(vps.init);
    std::optional<AdoptedInit> traced = AdoptedInit::seize(vps.init);
    if (traced)
        vps.kinship = Kinship::Tracer;
    return traced;
}

ExitStatus status_of_child(Supervised& vps) {
    Child init(vps.init, std::move(vps.init_handle));
    return init.wait().value_or(ExitStatus{});
}

// Each relay has a descriptor of its own, so that a newer program can be given these.
std::vector<LineRelay> relays_of(const Supervised& vps, ConsoleServer* console, const Log& log) {
    std::vector<LineRelay> relays;
    if (console)
        relays.push_back(relay_console(sys::duplicate(vps.console), vps.veid, log, *console));
    const std::string script = vps.veid.to_string() + ".start";
    if (vps.output)
        relays.push_back(relay_to_log(sys::duplicate(vps.output), log, script, Level::Info));
    if (vps.errors)
        relays.push_back(relay_to_log(sys::duplicate(vps.errors), log, script, Level::Warning));
    return relays;
}

ExitCode supervise_vps(Supervised vps, const Log& log) {
    RunningStatus shown(vps.veid, running_status(vps.veid, vps.init) + vps.remark);
    std::vector<Watched> watched;
    shown.add_to(watched);
    if (vps.boot)
        watched.push_back({vps.boot->fd(), EPOLLIN, [&] { tell_booted(vps, log); }});
    std::optional<ConsoleServer> server;
    if (vps.console) {
        server.emplace(vps.veid, vps.listener ? sys::duplicate(vps.listener) : Fd(),
                       sys::duplicate(vps.console));
        add_console(*server, watched);
    }
    std::vector<LineRelay> relays = relays_of(vps, server ? &*server : nullptr, log);
    const std::optional<AdoptedInit> adopted = find_adopted(vps);
    give_up_privileges();
    let_go_of_stream(log);
    std::optional<ExitStatus> status;
    const auto on_child = [&] {
        reap_others(vps);
        if (adopted && !status)
            status = adopted->pass_on_signals();
    };
    switch (supervise(vps.init_handle, relays, on_child, watched)) {
        case SupervisionEnd::ToldToGo:
            return let_run(vps.veid, log);
        case SupervisionEnd::ToldToRenew:
            for (LineRelay& relay : relays)
                relay.finish();
            execute_supervisor(vps);
        case SupervisionEnd::InitEnded:
            break;
    }
    if (server)
        server->end();
    on_child();
    if (vps.kinship == Kinship::Parent)
        status = status_of_child(vps);
    if (!status)
        log.say(Level::Notice, "has ended, halted or rebooted; it is taken for halted");
    return report_end(vps.veid, status.value_or(ExitStatus{}), log);
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    std::optional<vps::Log> log;
    try {
        vps::Supervised supervised =
            vps::read_supervised({argv + 1, static_cast<std::size_t>(argc - 1)});
        log.emplace("vps-supervise", supervised.veid);
        return static_cast<int>(vps::supervise_vps(std::move(supervised), *log));
    } catch (const std::exception& error) {
        if (log)
            log->say(vps::Level::Error, error.what());
        else
            vps::sys::print_line(vps::sys::kErrors, std::string("vps-supervise: ") + error.what());
        const auto* ours = dynamic_cast<const vps::Error*>(&error);
        return static_cast<int>(ours ? ours->code() : vps::ExitCode::System);
    }
}
