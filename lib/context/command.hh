// A command for the VPS context, as plain data: the caller that enters fills it in, and the child
// that has entered reads it (entry.hh).
#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#include <optional>
#include <string>
#include <vector>

#include "config/veid.hh"

namespace vps {

// The user that a command runs as, in ids of the VPS.
struct ContextUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
    std::string home = "/";  // the working directory, if it can be entered; else "/"
};

// The modes and size that a command's terminal has at first.
struct ContextTerminal {
    termios modes;
    winsize size;
};

enum class ContextInput { Empty, Pipe };

// The words, files and streams of a command.
struct ContextCommand {
    std::vector<std::string> argv;  // argv[0] is looked up inside
    std::vector<std::string> environment;
    int text = -1;  // a sealed memfd that stays open inside, as kTextFd
    // Files that are tried in turn, as execvp(3) tries the files of PATH; none: argv[0] alone
    std::vector<std::string> programs{};
    ContextUser user{};
    ContextInput input = ContextInput::Empty;
    // The terminal that is stdin, stdout, stderr and controlling terminal of the command; null:
    // pipes
    const ContextTerminal* terminal = nullptr;
    std::optional<Veid> veid{};  // of the VPS: the caller always knows it
};

}  // namespace vps
