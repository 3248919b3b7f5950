#include "manage/password.hh"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <span>

#include "context/enter.hh"
#include "enter/visit.hh"
#include "manage/call.hh"
#include "manage/vzctl_code.hh"
#include "script/script_environment.hh"
#include "sys/sys.hh"
#include "sys/within.hh"

namespace vps {

namespace {

constexpr unsigned kPatience = 60;      // seconds that a VPS may take for it
constexpr std::size_t kLongest = 1024;  // of all words, far below what a pipe holds
constexpr const char* kFailed = "Unable to change the password in the container";

constexpr std::size_t kLongestReason = 256;  // of what chpasswd says, which is the VPS's

// One that has ended without reading says why itself.
void give(ContextProcess& process, const std::string& line) {
    try {
        sys::write_all(process.in, line, "the input of chpasswd");
    } catch (const SysError& error) {
        if (error.errnum() != EPIPE)
            throw;
    }
    process.in.reset();
}

// How chpasswd ended, and the line with which it said why; nothing where it has not ended in time.
struct Answer {
    std::optional<ExitStatus> ended;
    std::string reason;
};

// Takes all that it prints, so that a broken pipe does not end it before its own reason does.
Answer wait_for_answer(ContextProcess& process, const Deadline& deadline) {
    Answer answer;
    std::array<char, 4096> buffer{};
    std::array<pollfd, 3> events{pollfd{process.child.pidfd().get(), POLLIN, 0},
                                 pollfd{process.err.get(), POLLIN, 0},
                                 pollfd{process.out.get(), POLLIN, 0}};
    for (int timeout = 0; (timeout = milliseconds_until(deadline)) > 0;) {
        const int ready = poll(events.data(), events.size(), timeout);
        if (ready < 0 && errno != EINTR)
            throw SysError(errno, "wait for chpasswd");
        if (ready <= 0)
            continue;
        for (pollfd& stream : std::span(events).subspan(1)) {
            if (stream.revents == 0)
                continue;
            const ssize_t got = read(stream.fd, buffer.data(), buffer.size());
            if (got <= 0)
                stream.fd = -1;
            else if (&stream == &events[1] && answer.reason.size() < kLongestReason)
                answer.reason.append(buffer.data(), static_cast<std::size_t>(got));
        }
        if (events[0].revents != 0)  // whoever has its streams besides is not waited for
            break;
    }
    answer.ended = process.child.wait(deadline);
    answer.reason = answer.reason.substr(0, answer.reason.find('\n')).substr(0, kLongestReason);
    return answer;
}

// Without the password, whoever has put that into it.
std::string explain(const Answer& answer, const std::string& word) {
    if (!answer.ended)
        return "its chpasswd does not end";
    const std::string password = word.substr(word.find(':') + 1);
    if (!answer.reason.empty() && answer.reason.find(password) == answer.reason.npos)
        return answer.reason;
    return "its chpasswd ends with " + answer.ended->to_string();
}

[[noreturn]] void refuse() {
    throw Complaint(ExitCode::BadValue, "Bad parameter for --userpasswd: not USER:PASSWORD");
}

}  // namespace

void require_user_and_password(const std::string& word) {
    const std::size_t colon = word.find(':');
    if (colon == 0 || colon == word.npos || colon + 1 == word.size() || word.size() > kLongest ||
        word.find_first_of(std::string_view("\n\r\0", 3)) != word.npos)
        refuse();
}

void change_passwords(Veid veid, const std::vector<std::string>& words) {
    const RunningInit init = require_init(veid);
    ContextCommand command = plan_visit(init, {veid, {}, {"chpasswd"}});
    command.input = ContextInput::Pipe;
    const Deadline deadline = deadline_after(kPatience);
    for (const std::string& word : words) {
        ContextProcess process = within({kFailed, vzctl_code::kBadPassword}, [&] {
            return start_in_vps(init.handle, init.pid, command, {deadline});
        });
        give(process, word + "\n");
        const Answer answer = wait_for_answer(process, deadline);
        if (!answer.ended || !answer.ended->success())
            throw Complaint(vzctl_code::kBadPassword,
                            std::string(kFailed) + ": " + explain(answer, word));
    }
}

}  // namespace vps
