// One call of vzctl: a VPS, the words behind it, and how what is to say is said. vzctl's words have
// no program's name before them, as its callers know them: what it does goes to standard output,
// what is wrong to standard error, and --quiet silences both.
#pragma once

#include <string>
#include <vector>

#include "config/veid.hh"
#include "manage/options.hh"
#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/utf8.hh"

namespace vps {

enum class Loudness { Quiet, Usual };

class Talk {
  public:
    explicit Talk(Loudness loudness = Loudness::Usual) : loudness_(loudness) {}

    void tell(const std::string& line) const { say(sys::kOutput, line); }
    void warn(const std::string& line) const { say(sys::kErrors, line); }
    [[nodiscard]] bool is_quiet() const { return loudness_ == Loudness::Quiet; }

  private:
    void say(FdRef stream, const std::string& line) const {
        if (!is_quiet())
            sys::print_line(stream, printable(line));
    }

    Loudness loudness_;
};

struct Call {
    Veid veid;
    std::string verb;
    std::vector<std::string> words;  // behind the VEID
    GivenOptions given;              // the same, of a verb that has options
    Talk talk;
    std::string area{};  // the private area before the VEID, of register
};

// An error whose text is the whole line.
class Complaint : public Error {
    using Error::Error;
};

}  // namespace vps
