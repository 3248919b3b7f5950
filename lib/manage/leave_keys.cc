#include "manage/leave_keys.hh"

namespace vps {

std::string LeaveKeys::pass_on(std::string_view& keys) {
    constexpr char kEsc = 0x1b;
    order_ = ConsoleOrder::None;
    std::string passed;
    while (!keys.empty()) {
        const char key = keys.front();
        keys.remove_prefix(1);
        if (at_ == At::LineStart && key == kEsc) {
            at_ = At::AfterEsc;
            continue;
        }
        if (at_ == At::AfterEsc && (key == '.' || key == '!')) {
            at_ = At::LineStart;
            order_ = key == '.' ? ConsoleOrder::Leave : ConsoleOrder::Kill;
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
