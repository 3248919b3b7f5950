#include "manage/password.hh"

#include <csignal>

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
        sys::write_all(process.in, word + "\n", "the input of chpasswd");
        process.in.reset();
        process.out.reset();
        process.err.reset();
        const std::optional<ExitStatus> ended = process.child.wait(deadline);
        if (!ended || !ended->success())
            throw Complaint(vzctl_code::kBadPassword, std::string(kFailed) + ": its chpasswd " +
                                                          (ended ? "ends with " + ended->to_string()
                                                                 : std::string("does not end")));
    }
}

}  // namespace vps
