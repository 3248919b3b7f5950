// Values of configuration keys: text in, plain data out. Pure; used by the table of keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"

namespace vps {

// What became of a value: taken, taken although it looks wrong, or unusable. `why` completes the
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

// What a number without a suffix counts. Counts take no suffix; one on pages or blocks gives bytes,
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

// IP addresses and "inherit", separated by blanks, added to the list. Words of another kind are
// left out: Odd, or Bad where no word is left. Odd as well where resolvers do not ask all of them.
// "#" before a word makes a comment of it and the rest.
Verdict read_name_servers(WordList& out, std::string_view text);

// The same of domain names, "." among them.
Verdict read_search_domains(WordList& out, std::string_view text);

// The parts of the text between separators, without empty ones.
std::vector<std::string_view> words_of(std::string_view text,
                                       std::string_view separators = " \t\n");

// An IPv4 or IPv6 address as inet_pton(3) takes it.
bool is_ip_address(std::string_view text);

// `text` in quotes, shortened, on one line, printable: to be shown in a message.
std::string quote_for_message(std::string_view text);

}  // namespace vps
