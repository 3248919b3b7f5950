#include "enter/enter_plan.hh"

#include <algorithm>
#include <array>

#include "script/script_environment.hh"

namespace vps {

namespace {

constexpr std::array kShells{"/bin/bash", "/bin/sh"};

std::string_view value_of(const std::vector<std::string>& environment, std::string_view name) {
    for (const std::string_view variable : environment)
        if (variable.starts_with(name) && variable.substr(name.size()).starts_with('='))
            return variable.substr(name.size() + 1);
    return {};
}

void set(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
    std::erase_if(environment,
                  [&](const std::string& variable) { return variable.starts_with(name + "="); });
    environment.push_back(name + "=" + value);
}

std::vector<std::string> files_of(const std::string& name, std::string_view path) {
    if (name.empty() || name.find('/') != std::string::npos)
        return {name};
    std::vector<std::string> files;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        files.push_back(std::string(path.substr(at, end - at)) + "/" + name);
        at = end + 1;
    }
    return files;
}

}  // namespace

bool is_terminal_name(std::string_view term) {
    return !term.empty() && term.size() <= 64 &&
           term.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789._+-") == std::string_view::npos;
}

std::string choose_shell(const Account& account,
                         const std::function<bool(const std::string&)>& exists) {
    if (!account.shell.empty() && exists(account.shell))
        return account.shell;
    const auto* found = std::find_if(kShells.begin(), kShells.end() - 1, exists);
    return *found;  // no shell exists: the error of the last one is told
}

ContextCommand plan_command(const EnterRequest& request) {
    ContextCommand command;
    command.user = {request.account.uid, request.account.gid, request.groups,
                    request.account.home.empty() ? "/" : request.account.home};
    command.environment = basic_environment(request.veid);
    set(command.environment, "HOME", command.user.home);
    if (is_terminal_name(request.term))
        set(command.environment, "TERM", request.term);
    set(command.environment, "USER", request.account.name);
    set(command.environment, "LOGNAME", request.account.name);
    set(command.environment, "SHELL", request.shell);
    set(command.environment, "container", "lxc");
    if (request.words.empty()) {
        command.argv = {"-" + request.shell.substr(request.shell.rfind('/') + 1)};
        command.programs = {request.shell};
    } else {
        command.argv = request.words;
        command.programs = files_of(request.words[0], value_of(command.environment, "PATH"));
    }
    return command;
}

}  // namespace vps
