// The words that a layer adds to an error that passes through it: an error of the middle, "read:
// File too large", says what was done to the VPS only once each layer above has put its own words
// before it.
//     within({"disk quota of '/vz/private/101'", ExitCode::NoDiskQuota}, [&] { … });
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "sys/error.hh"

namespace vps {

struct ErrorContext {
    std::string doing;  // the work that was under way; the error's text follows it
    // The exit code of an error here that has none of its own (ExitCode::System).
    ExitCode code = ExitCode::System;
};

// Throws `error` as it reads within `context`: its text, its exit code. An action script's error
// says all by itself.
[[noreturn]] void throw_within(const ErrorContext& context, const std::exception& error);

// Does `step`. Any exception of it leaves as an Error (a ScriptError as itself) within `context`.
template <typename Step>
auto within(const ErrorContext& context, Step&& step) -> decltype(std::forward<Step>(step)()) {
    try {
        return std::forward<Step>(step)();
    } catch (const ScriptError&) {
        throw;
    } catch (const std::exception& error) {
        throw_within(context, error);
    }
}

}  // namespace vps
