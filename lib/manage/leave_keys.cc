#include "manage/leave_keys.hh"

namespace vps {

std::string LeaveKeys::pass_on(std::string_view keys) {
    constexpr char kEsc = 0x1b;
    std::string passed;
    for (const char key : keys) {
        if (at_ == At::LineStart && key == kEsc) {
            at_ = At::AfterEsc;
            continue;
        }
        if (at_ == At::AfterEsc && key == '.') {
            left_ = true;
            return passed;
        }
        if (at_ == At::AfterEsc)
            passed += kEsc;
        passed += key;
        at_ = key == '\r' || key == '\n' ? At::LineStart : At::InLine;
    }
    return passed;
}

}  // namespace vps
