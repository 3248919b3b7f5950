// Values of configuration keys: text in, plain data out. Pure; used by the table of keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"

namespace vps {

// The verdict on a value: taken, taken although it looks wrong, or unusable. `why` completes the
// sentence "bad value '…': "; null for Good.
struct Verdict {
    enum Grade { Good, Odd, Bad } grade;
    const char* why;
};
inline constexpr Verdict kGood{Verdict::Good, nullptr};
constexpr Verdict odd(const char* why) {
    return {Verdict::Odd, why};
}
constexpr Verdict bad(const char* why) {
    return {Verdict::Bad, why};
}

// The unit of a number without a suffix. Counts take no suffix; one on pages or blocks gives bytes,
// which are divided by the page size or 1024.
enum class Unit { Count, Bytes, Pages, Blocks };

// "yes" or "no".
Verdict read_yes_no(bool& out, std::string_view text);

// A decimal number of at most `max`, and nothing else. "unlimited" is `max`.
Verdict read_number(std::uint64_t& out, std::string_view text, std::uint64_t max);

// A number, with decimals and one of the suffixes of read_barrier_limit(), or "unlimited".
Verdict read_amount(std::uint64_t& out, std::string_view text, Unit unit);

// "barrier[:limit]", each a number, with decimals and one of the suffixes T G M K P B in either
// case, or "unlimited". Odd where the barrier is above the limit.
Verdict read_barrier_limit(BarrierLimit& out, std::string_view text, Unit unit);

// "all" or a list such as "0,2-3".
Verdict read_cpu_mask(CpuMask& out, std::string_view text);

// An absolute path without "..", other than "/"; "$VEID" and "${VEID}" stand for the VEID. The
// result has no empty and no "." components.
Verdict read_path(std::string& out, std::string_view text, Veid veid);

// A name for uts_namespaces(7): letters, digits, '-' and '_' in parts with single dots between
// them, at most HOST_NAME_MAX bytes. Odd where systemd would not take it from /etc/hostname as it
// is (hostname(5)).
Verdict read_host_name(std::string& out, std::string_view text);

// Whether the text is made of parts between dots that are no longer than `longest`, not empty, and
// of letters, digits, '-' and '_' only.
bool has_name_parts(std::string_view text, std::size_t longest);

// The parts of the text between separators, without empty ones.
std::vector<std::string_view> words_of(std::string_view text,
                                       std::string_view separators = " \t\n");

// `text` in quotes, shortened, on one line, printable: to be shown in a message.
std::string quote_for_message(std::string_view text);

}  // namespace vps
