// The options of vzctl's verbs, as getopt_long(3) reads them, which its callers count on: in any
// order among the operands, "--ipadd=A" and "--ipadd A", names cut short where no other begins so.
// The order of options is kept, because some speak of the one before.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sys/exit_code.hh"

namespace vps {

enum class Takes { Nothing, Value };

struct VerbOption {
    std::string_view name;  // without "--"
    Takes takes = Takes::Nothing;
    char letter = 0;  // 'q'; 0: it has none
};

struct GivenOption {
    std::string name, value;
};

struct GivenOptions {
    std::vector<GivenOption> options;

    [[nodiscard]] bool has(std::string_view name) const;
};

// Throws Error: `unknown` for an option that is none or lacks its value, Usage for any operand.
GivenOptions parse_options(const std::vector<std::string>& words, std::span<const VerbOption> known,
                           ExitCode unknown = ExitCode::Usage);

}  // namespace vps
