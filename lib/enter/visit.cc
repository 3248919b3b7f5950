#include "enter/visit.hh"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "config/config.hh"
#include "context/enter.hh"
#include "context/running_vps.hh"
#include "enter/account.hh"
#include "enter/enter_plan.hh"
#include "enter/flow.hh"
#include "enter/outer_terminal.hh"
#include "state/state.hh"
#include "sys/caught_signals.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// Besides those of the table, in shells' terms.
constexpr int kNotExecutable = 126, kNotFound = 127;

int exit_code_of(const ExitStatus& status) {
    return status.signal != 0 ? sys::kSignalled + status.signal : status.code;
}

// The command, and everything that is on its way to and from it.
class Session {
  public:
    // `terminal` is ours, if the command has one of its own.
    Session(ContextProcess process, Fd signals, OuterTerminal* terminal);

    // Runs until the command has ended and all that it printed is out. Returns its exit code, or
    // 128+N if the signal N ended us. Throws SysError, also where its output could not be written.
    int run();

  private:
    void serve_signals();
    void serve_flows(const std::vector<pollfd>& events);
    void note_end();
    void require_written() const;
    [[nodiscard]] bool finished() const;

    ContextProcess process_;
    Fd signals_;
    OuterTerminal* terminal_;
    Flow input_;
    std::vector<Flow> outputs_;
    std::optional<int> exit_code_;  // once the command has ended
    int ended_by_ = 0;              // the signal that ended us
};

Session::Session(ContextProcess process, Fd signals, OuterTerminal* terminal)
    : process_(std::move(process)),
      signals_(std::move(signals)),
      terminal_(terminal),
      input_(Flow::inwards(STDIN_FILENO,
                           terminal ? sys::duplicate(process_.terminal) : std::move(process_.in))) {
    if (terminal) {
        outputs_.push_back(Flow::outwards(sys::duplicate(process_.terminal), STDOUT_FILENO));
    } else {
        outputs_.push_back(Flow::outwards(std::move(process_.out), STDOUT_FILENO));
        outputs_.push_back(Flow::outwards(std::move(process_.err), STDERR_FILENO));
    }
}

bool Session::finished() const {
    return ended_by_ != 0 || (exit_code_ && std::all_of(outputs_.begin(), outputs_.end(),
                                                        [](const Flow& f) { return f.ended(); }));
}

void Session::note_end() {
    exit_code_ = exit_code_of(process_.child.wait().value_or(ExitStatus{}));
    input_ = Flow::none();
    for (Flow& output : outputs_)
        output.expect_no_more();
}

// A full disk would make half a backup of `tar c`, which has ended well.
void Session::require_written() const {
    constexpr const char* kStreams[] = {"standard output", "standard error"};
    for (std::size_t i = 0; !terminal_ && i < outputs_.size(); ++i)
        if (outputs_[i].loss() != 0)
            throw SysError(outputs_[i].loss(), "write", kStreams[i]);
}

void Session::serve_signals() {
    sys::take_signals(signals_, [this](int signal) {
        if (signal == SIGWINCH || signal == SIGCONT) {
            if (!terminal_)
                return;
            if (signal == SIGCONT)
                terminal_->make_raw();  // whoever stopped us has set it otherwise
            const winsize size = terminal_->size();
            (void)ioctl(process_.terminal.get(), TIOCSWINSZ, &size);
        } else if (terminal_ || exit_code_) {
            ended_by_ = signal;  // the command's terminal hangs up
        } else {
            process_.child.signal(signal);
        }
    });
}

void Session::serve_flows(const std::vector<pollfd>& events) {
    input_.serve(events[2], events[3]);
    for (std::size_t i = 0; i < outputs_.size(); ++i)
        outputs_[i].serve(events[4 + 2 * i], events[5 + 2 * i]);
}

int Session::run() {
    while (!finished()) {
        std::vector<pollfd> events{{signals_.get(), POLLIN, 0},
                                   {exit_code_ ? -1 : process_.child.pidfd().get(), POLLIN, 0}};
        const auto add = [&](const Flow& flow) {
            const auto two = flow.events();
            events.insert(events.end(), two.begin(), two.end());
        };
        add(input_);
        std::for_each(outputs_.begin(), outputs_.end(), add);
        const bool hasty = std::any_of(outputs_.begin(), outputs_.end(),
                                       [](const Flow& flow) { return flow.is_hasty(); });
        if (poll(events.data(), events.size(), hasty ? 0 : -1) < 0) {
            if (errno != EINTR)
                throw SysError(errno, "poll");
            continue;
        }
        if (events[0].revents != 0)
            serve_signals();
        serve_flows(events);
        if (terminal_ && !exit_code_ &&
            (input_.which_end() == Flow::End::OfSource ||
             outputs_[0].which_end() == Flow::End::OfDestination))
            ended_by_ = SIGHUP;  // our terminal has gone
        if (events[1].revents != 0)
            note_end();
    }
    if (ended_by_ == 0) {
        require_written();
        return *exit_code_;
    }
    process_.child.release();  // what it does when its terminal hangs up is its own affair
    return sys::kSignalled + ended_by_;
}

// The directory that init sees as "/", with init's own mounts.
Fd open_root(const RunningInit& init) {
    const auto gone = [] { return Error(ExitCode::NotRunning, "has just ended"); };
    try {
        require_way_in(init.pid);
        Fd root = sys::open(fmt::format("/proc/{}/root", init.pid), O_PATH | O_DIRECTORY);
        if (wait_for_end(init.handle, deadline_after(0)))  // the pid may be another's by now
            throw gone();
        return root;
    } catch (const SysError& error) {
        if (error.errnum() == ENOENT || error.errnum() == ESRCH)
            throw gone();
        throw;
    }
}

Account require_account(const std::string& user, FdRef root) {
    const std::string passwd = read_in_root(root, "/etc/passwd");
    const std::optional<Account> account = find_account(passwd, user);
    if (!account)
        throw Error(ExitCode::Usage, fmt::format("'{}' is no user in its /etc/passwd", user));
    return *account;
}

struct Membership {
    Account account;
    std::vector<gid_t> groups;
};

// Whatever the VPS has under these names, it does not keep root out.
Membership find_root_account(FdRef root) {
    const Account plain{"root", 0, 0, "", ""};
    try {
        const Account account =
            find_account(read_in_root(root, "/etc/passwd"), "root").value_or(plain);
        if (account.uid == 0)
            return {account, groups_of(account, read_in_root(root, "/etc/group"))};
    } catch (const Error&) {
        // A file of gigabytes, or a file system that does not answer.
    }
    return {plain, {0}};
}

Membership find_membership(FdRef root, const std::string& user) {
    if (user.empty())
        return find_root_account(root);
    const Account account = require_account(user, root);
    return {account, groups_of(account, read_in_root(root, "/etc/group"))};
}

}  // namespace

RunningInit require_init(Veid veid) {
    FoundVps vps = find_enterable_vps(veid);
    if (!vps.init) {
        (void)load_vps_config(veid);  // one that does not exist has an exit code
        throw Error(ExitCode::NotRunning, "is not running");
    }
    return {std::move(*vps.init), vps.state->init_pid};
}

std::string find_shell(const RunningInit& init) {
    const Fd root = open_root(init);
    return choose_shell(
        {}, [&](const std::string& path) { return bool(sys::find_in_root(root, path, O_PATH)); });
}

ContextCommand plan_visit(const RunningInit& init, const Visitor& visitor) {
    const Fd root = open_root(init);
    const Membership member = find_membership(root, visitor.user);
    const auto exists = [&](const std::string& path) {
        return static_cast<bool>(sys::find_in_root(root, path, O_PATH));
    };
    const char* term = std::getenv("TERM");
    ContextCommand command =
        plan_command({visitor.veid, member.account, member.groups,
                      choose_shell(member.account, exists), visitor.words, term ? term : ""});
    command.veid = visitor.veid;
    return command;
}

Streams streams_of_caller() {
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? Streams::Terminal : Streams::Pipes;
}

int visit(const RunningInit& init, ContextCommand command, Streams streams, const Log& log) {
    std::unique_ptr<OuterTerminal> terminal;
    ContextTerminal inner{};
    if (streams == Streams::Terminal) {
        terminal = std::make_unique<OuterTerminal>();
        inner = {terminal->modes(), terminal->size()};
        command.terminal = &inner;
    } else {
        command.input = ContextInput::Pipe;
    }
    try {
        Fd signals = sys::catch_signals(kCallersSignals);
        ContextProcess process = start_in_vps(init.handle, init.pid, command, {{}, signals});
        if (terminal)
            terminal->make_raw();
        Session session(std::move(process), std::move(signals), terminal.get());
        return session.run();
    } catch (const ExecError& error) {
        log.say(Level::Error, error.what());
        return error.errnum() == ENOENT ? kNotFound : kNotExecutable;
    } catch (const SysError& error) {
        if (error.errnum() == ESRCH)
            throw Error(ExitCode::NotRunning, "has just ended");
        if (error.errnum() == ETIMEDOUT)  // a signal, before the command was executed
            throw Error(static_cast<ExitCode>(sys::kSignalled + SIGINT),
                        "interrupted before it was entered");
        throw;
    }
}

}  // namespace vps
