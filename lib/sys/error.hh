// The two exceptions of the project. Library code throws them; a program's main reports once.
// Texts are lower case, without a full stop, culprits in quotes, layers joined by ": ".
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

#include "sys/exit_code.hh"

namespace vps {

// Bad input or state: the text says what is wrong, the exit code is the one that a program ends
// with.
class Error : public std::runtime_error {
  public:
    Error(ExitCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
    [[nodiscard]] ExitCode code() const { return code_; }

  private:
    ExitCode code_;
};

// An action script that failed. The text names its path, how it ended, and what follows.
class ScriptError : public Error {
  public:
    ScriptError(std::string path, const std::string& text)
        : Error(ExitCode::ScriptFailed, text), path_(std::move(path)) {}
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

// A system call that failed. The text is "<verb> '<object>': <strerror>", or "<verb>: <strerror>"
// for an empty object.
class SysError : public Error {
  public:
    SysError(int errnum, const std::string& verb, const std::string& object = {},
             ExitCode code = ExitCode::System);
    [[nodiscard]] int errnum() const { return errnum_; }

  private:
    int errnum_;
};

}  // namespace vps
