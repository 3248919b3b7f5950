#include "manage/console.hh"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "enter/outer_terminal.hh"
#include "enter/visit.hh"
#include "life/console_message.hh"
#include "manage/console_kill.hh"
#include "manage/leave_keys.hh"
#include "manage/life_verbs.hh"
#include "sys/caught_signals.hh"
#include "sys/process.hh"
#include "sys/unix_address.hh"

namespace vps {

namespace {

constexpr int kRetryPause = 200;  // milliseconds, between two looks for a supervisor
// In which a new one takes over, as a rule. Keys stay in the terminal meanwhile, and nothing is
// told.
constexpr unsigned kTakeover = 2;  // seconds

// Nothing while nobody listens there.
Fd connect_to_console(Veid veid) {
    Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket)
        throw SysError(errno, "make a socket");
    const std::string path = console_socket_path(veid);
    const sockaddr_un address = sys::unix_address(path);
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return socket;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN)
        return {};
    throw SysError(errno, "connect to", path);
}

// One who is attached, until the keys that leave, a signal or the end of the input.
class Attachment {
  public:
    Attachment(const Call& call, AttachAs as);
    ExitCode run();

  private:
    void attach();
    void take_signals();
    void take_keys();
    void take_order(const std::string& passed);
    void serve_socket();
    void take_messages();
    void take(const ParsedConsoleMessage& message);
    void write_out();
    void note(const std::string& text);
    void tell_lost();
    void lose_supervisor();
    void send_size();
    void send(const std::string& message);
    [[nodiscard]] bool may_be_taken_over() const;
    [[nodiscard]] bool reads_keys() const;
    [[nodiscard]] int timeout() const;
    [[nodiscard]] WindowSize size() const;

    const Call& call_;
    AttachAs as_;
    Fd signals_;
    std::unique_ptr<OuterTerminal> terminal_;
    Fd socket_;
    LeaveKeys keys_;
    std::string typed_;  // on its way to the supervisor
    std::string shown_;  // on its way to our output
    std::uint64_t lost_ = 0;
    bool told_waiting_ = false;
    std::optional<Deadline> takeover_;  // since the supervisor was lost
    std::optional<AttachAs> told_as_;   // since the last wait
    std::optional<ExitCode> end_;
};

Attachment::Attachment(const Call& call, AttachAs as)
    : call_(call), as_(as), signals_(sys::catch_signals(kCallersSignals)) {
    if (streams_of_caller() != Streams::Terminal)
        return;
    terminal_ = std::make_unique<OuterTerminal>();
    terminal_->make_raw();
}

WindowSize Attachment::size() const {
    if (!terminal_)
        return {};
    const winsize size = terminal_->size();
    return {size.ws_row, size.ws_col};
}

// A line of ours, among what the VPS prints.
void Attachment::note(const std::string& text) {
    if (!call_.talk.is_quiet())
        shown_ += terminal_ ? "\r\n" + text + "\r\n" : text + "\n";
}

void Attachment::attach() {
    socket_ = connect_to_console(call_.veid);
    if (socket_) {
        if (std::exchange(told_waiting_, false))
            told_as_.reset();  // the wait is over
        takeover_.reset();
        typed_ = format_attach({as_, size()});
    } else if (!may_be_taken_over() && !std::exchange(told_waiting_, true)) {
        const unsigned veid = call_.veid.value();
        note(is_running(call_.veid)
                 ? fmt::format("Nobody serves the console of CT {}: waiting (ESC . leaves)", veid)
                 : fmt::format("CT {} is not running: waiting for its start (ESC . leaves)", veid));
    }
}

bool Attachment::may_be_taken_over() const {
    return takeover_ && milliseconds_until(*takeover_) > 0;
}

void Attachment::lose_supervisor() {
    socket_.reset();
    takeover_ = deadline_after(kTakeover);
    typed_.clear();
    if (as_ == AttachAs::Taker)
        as_ = AttachAs::Writer;  // nobody else is thrown out once more
}

// ---- from here

void Attachment::take_signals() {
    sys::take_signals(signals_, [this](int signal) {
        if (signal != SIGWINCH && signal != SIGCONT) {
            end_ = static_cast<ExitCode>(sys::kSignalled + signal);
        } else if (terminal_) {
            if (signal == SIGCONT)
                terminal_->make_raw();  // whoever stopped us has set it otherwise
            send_size();
        }
    });
}

void Attachment::send_size() {
    if (socket_ && as_ != AttachAs::Watcher)
        send(format_size(size()));
}

void Attachment::take_keys() {
    std::array<char, kMostConsoleBytes - 1> buffer;  // an Esc may come before
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        end_ = ExitCode::Ok;
        return;
    }
    std::string_view keys(buffer.data(), static_cast<std::size_t>(got));
    while (!keys.empty() && !end_)
        take_order(keys_.pass_on(keys));
}

// What was typed before the order goes first; what comes behind one that leaves is nobody's.
void Attachment::take_order(const std::string& passed) {
    if (socket_ && as_ != AttachAs::Watcher && !passed.empty()) {
        if (typed_.empty())
            send(format_console_bytes(ConsoleMessage::Input, passed));
        else
            note("[keys are lost: the VPS does not read them]");
    }
    if (keys_.order() == ConsoleOrder::Leave)
        end_ = ExitCode::Ok;
    if (keys_.order() == ConsoleOrder::Kill && as_ == AttachAs::Watcher)
        note("[only the one who writes can end what runs here]");
    else if (keys_.order() == ConsoleOrder::Kill)
        note(fmt::format("[{} processes on the console were killed]", kill_on_console(call_.veid)));
}

void Attachment::serve_socket() {
    if (socket_ && !typed_.empty())
        send(std::exchange(typed_, {}));
    if (socket_ && shown_.empty())
        take_messages();
}

// A message that finds no room waits, and with it the keys that follow.
void Attachment::send(const std::string& message) {
    if (::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return;
    if (errno == EAGAIN || errno == EINTR)
        typed_ = message;
    else
        lose_supervisor();
}

// ---- from the VPS

void Attachment::take_messages() {
    std::array<char, kMostConsoleBytes + 2> buffer;
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    const auto message = got > 0
                             ? parse_console_message({buffer.data(), static_cast<std::size_t>(got)})
                             : std::nullopt;
    if (message)
        take(*message);
    else
        lose_supervisor();
}

void Attachment::take(const ParsedConsoleMessage& message) {
    const unsigned veid = call_.veid.value();
    switch (message.kind) {
        case ConsoleMessage::Writes:
            as_ = AttachAs::Writer;
            if (std::exchange(told_as_, as_) != as_)
                note(fmt::format("Attached to CT {} (ESC . to detach)", veid));
            break;
        case ConsoleMessage::Watches:
            as_ = AttachAs::Watcher;
            if (std::exchange(told_as_, as_) != as_)
                note(fmt::format(
                    "Attached to CT {} to watch: {} (ESC . to detach)", veid,
                    message.number == 0
                        ? "nobody writes"
                        : fmt::format("process {} writes; --force takes over", message.number)));
            break;
        case ConsoleMessage::Output:
            shown_ += message.bytes;
            break;
        case ConsoleMessage::Lost:
            lost_ += message.number;
            break;
        case ConsoleMessage::Free:
            note("[the one who wrote has left: attach again to write]");
            break;
        case ConsoleMessage::Full:
            throw Complaint(ExitCode::Locked, fmt::format("Too many are attached to CT {}", veid));
        case ConsoleMessage::HasEnded:
            note(fmt::format("[CT {} has ended: waiting for its next start]", veid));
            told_waiting_ = true;
            told_as_.reset();
            lose_supervisor();
            takeover_.reset();  // keys are not for the next run
            break;
        default:
            lose_supervisor();
    }
}

// When there is a pause: in a flood it would be one line after the other.
void Attachment::tell_lost() {
    if (lost_ > 0)
        note(fmt::format("[{} bytes are missing here: they came faster than they were shown]",
                         lost_));
    lost_ = 0;
}

void Attachment::write_out() {
    // A pipe that poll calls writable takes PIPE_BUF bytes at once.
    const ssize_t put =
        write(STDOUT_FILENO, shown_.data(), std::min<std::size_t>(shown_.size(), PIPE_BUF));
    if (put >= 0)
        shown_.erase(0, static_cast<std::size_t>(put));
    else if (errno != EAGAIN && errno != EINTR)
        end_ = ExitCode::Ok;  // nobody looks any more
}

bool Attachment::reads_keys() const {
    return socket_ ? typed_.empty() : !may_be_taken_over();
}

int Attachment::timeout() const {
    return !socket_ || lost_ > 0 ? kRetryPause : -1;
}

ExitCode Attachment::run() {
    while (!end_) {
        if (!socket_ && shown_.empty())
            attach();
        // While the output is not taken, no more is read: the supervisor does not wait for us.
        std::array<pollfd, 4> events{
            pollfd{signals_.get(), POLLIN, 0}, pollfd{reads_keys() ? STDIN_FILENO : -1, POLLIN, 0},
            pollfd{shown_.empty() ? -1 : STDOUT_FILENO, POLLOUT, 0},
            pollfd{
                shown_.empty() || !typed_.empty() ? socket_.get() : -1,
                static_cast<short>((shown_.empty() ? POLLIN : 0) | (typed_.empty() ? 0 : POLLOUT)),
                0}};
        const int ready = poll(events.data(), events.size(), timeout());
        if (ready < 0 && errno != EINTR)
            throw SysError(errno, "poll");
        if (ready == 0)
            tell_lost();
        if (events[0].revents != 0)
            take_signals();
        if (events[1].revents != 0)
            take_keys();
        if (events[2].revents != 0)
            write_out();
        if (events[3].revents != 0)
            serve_socket();
    }
    tell_lost();
    note(fmt::format("Detached from CT {}", call_.veid.value()));
    while (!shown_.empty() && *end_ == ExitCode::Ok) {
        const std::size_t before = shown_.size();
        write_out();
        if (shown_.size() == before)
            break;
    }
    return *end_;
}

}  // namespace

ExitCode console_verb(const Call& call) {
    AttachAs as = AttachAs::Writer;
    for (const std::string& word : call.words) {
        if (word == "--force")
            as = AttachAs::Taker;
        else if (!word.empty() && word.find_first_not_of("0123456789") == word.npos && word != "1")
            throw Complaint(ExitCode::BadValue,
                            "Invalid tty " + word + ": a VPS has one terminal of its own, 1");
        else if (word != "1")
            throw Complaint(ExitCode::Usage, fmt::format("Invalid option '{}'", word));
    }
    return Attachment(call, as).run();
}

}  // namespace vps
