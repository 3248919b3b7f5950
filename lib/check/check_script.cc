#include "check/check_script.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "check/shell_commands.hh"
#include "config/config_value.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// Commands that scripts for OpenVZ use and a host of today may not have.
struct FormerCommand {
    std::string_view name, instead;
};
constexpr FormerCommand kFormerCommands[] = {
    {"ifconfig", "package net-tools, or ip address"},
    {"route", "package net-tools, or ip route"},
    {"arp", "package net-tools, or ip neigh"},
    {"netstat", "package net-tools, or ss"},
    {"brctl", "package bridge-utils, or ip link"},
    {"vconfig", "ip link add link DEVICE type vlan"},
    {"tunctl", "ip tuntap"},
    {"vzctl", "systemctl start|stop vps@N, vps-mount, vps-umount, vps-enter"},
    {"vzlist", "systemctl list-units 'vps@*'"},
    {"vzquota", "the project quota, see vps.conf(5)"},
    {"vzpid", "systemd-cgls, systemctl status vps@N"},
    {"vznetcfg", "ip link"},
    {"arpsend", "package iputils-arping: arping"},
    {"ndsend", "package ndisc6"},
    {"ploop", "vps-ploop"},
    {"iptables", "package iptables"},
    {"ip6tables", "package iptables"},
    {"iptables-restore", "package iptables"},
    {"ipset", "package ipset"},
    {"ebtables", "package ebtables"},
    {"mount.nfs", "package nfs-common"},
    {"iscsiadm", "package open-iscsi"},
    {"rbd", "package ceph-common"},
    {"perl", "package perl"},
    {"ruby", "package ruby"},
    {"python", "package python3: python3"},
};

bool has_word(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool has_command(const ScriptPlace& place, const std::string& name) {
    if (name.starts_with('/'))
        return place.has_program(name);
    for (const char* dir : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/",
                            "/sbin/", "/bin/"})  // PATH of basic_environment()
        if (place.has_program(dir + name))
            return true;
    return false;
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

// A word that bash knows and dash does not, and the word that dash knows instead.
struct Bashism {
    std::string_view word, instead;
};
constexpr Bashism kBashCommands[] = {
    {"source", "'.'"},      {"[[", "'['"},          {"function", "'NAME() {'"},
    {"&>", "'>FILE 2>&1'"}, {">&", "'>FILE 2>&1'"},
};

std::optional<Bashism> find_bashism(const std::vector<std::string>& words) {
    for (const Bashism& bashism : kBashCommands)
        if (words[0] == bashism.word)
            return bashism;
    const bool is_test = words[0] == "[" || words[0] == "test";
    if (is_test && has_word(words, "=="))
        return Bashism{"==", "'='"};
    if (words[0] == "type" && words.size() > 1 && words[1].starts_with('-'))
        return Bashism{"type -p", "'command -v'"};
    return std::nullopt;
}

// "-s ! ADDRESS", as iptables once took it, for "! -s ADDRESS".
bool has_old_negation(const std::vector<std::string>& words) {
    for (std::size_t i = 2; i + 1 < words.size(); ++i)
        if (words[i] == "!" && words[i - 1].starts_with('-') && !words[i + 1].starts_with('-'))
            return true;
    return false;
}

// The type of the file system that a mount(8) command names, if files of that type are nobody's in
// a VPS. ext4's driver takes ids under its own name only; tmpfs does since Linux 6.3.
std::string unmappable_type(const std::vector<std::string>& words) {
    static constexpr std::array<std::string_view, 8> kTypes{"ext2", "ext3", "nfs",     "nfs4",
                                                            "cifs", "ntfs", "ntfs-3g", "fuse"};
    for (std::size_t i = 1; i + 1 < words.size(); ++i)
        if (words[i] == "-t" || words[i] == "--types")
            return std::find(kTypes.begin(), kTypes.end(), words[i + 1]) != kTypes.end()
                       ? words[i + 1]
                       : std::string();
    return {};
}

bool is_below_root(const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(),
                       [](const std::string& word) { return word.find("VE_ROOT") != word.npos; });
}

void check_host_command(const ShellCommand& command, const ScriptPlace& place,
                        std::vector<Finding>& findings) {
    const auto say = [&](Grade grade, const std::string& text) {
        findings.push_back({grade, command.line, 1, {}, text});
    };
    const std::string& word = command.words[0];
    const std::string name = base_name(word);
    if (name == "mount" && has_word(command.words, "simfs"))
        say(Grade::Note, "mount -t simfs: a bind mount here, by mount.simfs(8)");
    if (const std::string type = name == "mount" ? unmappable_type(command.words) : "";
        !type.empty())
        say(is_below_root(command.words) ? Grade::Warning : Grade::Note,
            fmt::format("mount -t {}: user ids cannot be mapped there; in a VPS that is not "
                        "USERNS=no its files are nobody's{}",
                        type,
                        type.starts_with("ext") ? "; -t ext4 has the same driver, and can" : ""));
    if ((name == "iptables" || name == "ip6tables") && has_old_negation(command.words))
        say(Grade::Warning,
            fmt::format("{} takes '!' before the option only: '! -s ADDRESS', not '-s ! ADDRESS'",
                        name));
    for (const FormerCommand& former : kFormerCommands)
        if (former.name == name && !has_command(place, word))
            say(Grade::Warning, fmt::format("'{}' is not on this host: {}", word, former.instead));
}

void check_command(const ShellCommand& command, const ScriptKind& kind, bool dash,
                   const ScriptPlace& place, std::vector<Finding>& findings) {
    if (dash)
        if (const auto bashism = find_bashism(command.words))
            findings.push_back({Grade::Warning,
                                command.line,
                                1,
                                {},
                                fmt::format("'{}' is bash's, and /bin/sh is dash: write {}, or "
                                            "#!/bin/bash in the first line",
                                            bashism->word, bashism->instead)});
    if (kind.context == ScriptContext::Host)
        check_host_command(command, place, findings);
}

// The first of several findings with one text stays, and names the lines of the others.
std::vector<Finding> join_equal(std::vector<Finding> findings) {
    std::vector<Finding> joined;
    std::map<std::string, std::size_t> places;
    std::vector<std::vector<unsigned>> others;
    std::stable_sort(findings.begin(), findings.end(),
                     [](const Finding& a, const Finding& b) { return a.line < b.line; });
    for (Finding& finding : findings) {
        const auto [place, is_new] = places.try_emplace(finding.text, joined.size());
        if (is_new) {
            joined.push_back(std::move(finding));
            others.emplace_back();
        } else if (auto& lines = others[place->second];
                   finding.line != (lines.empty() ? joined[place->second].line : lines.back())) {
            lines.push_back(finding.line);
        }
    }
    for (std::size_t i = 0; i < joined.size(); ++i)
        if (!others[i].empty())
            joined[i].text += fmt::format(" (line{} {}, too)", others[i].size() > 1 ? "s" : "",
                                          fmt::join(others[i], ", "));
    return joined;
}

// The program that reads a script with this first line.
struct Interpreter {
    std::string path;     // as execve(2) takes it; empty without "#!"
    std::string program;  // behind env(1), else the path
};

Interpreter find_interpreter(const std::string& first) {
    Interpreter found;
    if (!first.starts_with("#!"))
        return found;
    const auto words = words_of(std::string_view(first).substr(2), " \t");
    if (words.empty())
        return found;
    found.program = found.path = std::string(words[0]);
    if (base_name(found.path) == "env")
        for (std::size_t i = 1; i < words.size(); ++i)
            if (const std::string word(words[i]); !word.starts_with('-') && !is_assignment(word)) {
                found.program = word;
                break;
            }
    return found;
}

}  // namespace

ScriptPlace this_host() {
    std::string sh;
    try {
        sh = sys::realpath("/bin/sh");
    } catch (const Error&) {
        // A host without any sh is told by the findings of scripts that ask for it.
    }
    return {[](const std::string& path) { return access(path.c_str(), X_OK) == 0; },
            base_name(sh) == "dash"};
}

std::vector<Finding> check_script_text(const ScriptKind& kind, const std::string& text, mode_t mode,
                                       const ScriptPlace& place) {
    std::vector<Finding> findings;
    const auto say = [&](Grade grade, unsigned line, const std::string& reason) {
        findings.push_back({grade, line, line, {}, reason});
    };
    const bool host = kind.context == ScriptContext::Host;
    if (host && (mode & 0111) == 0)
        say(Grade::Error, 0, "it has no run bit; chmod +x");
    if (text.starts_with("\x7f"
                         "ELF"))
        return findings;
    const std::string first = text.substr(0, text.find('\n'));
    const bool shebang = first.starts_with("#!");
    const Interpreter interpreter = find_interpreter(first);
    if (!shebang) {
        // A text without a first line of its own is read by bash or sh in the VPS context.
        if (host)
            say(Grade::Error, 1, explain_exec_failure(ENOEXEC, text));
    } else if (!place.has_program(interpreter.path)) {
        say(Grade::Error, 1, explain_exec_failure(ENOENT, text));
    } else if (interpreter.program != interpreter.path &&
               !has_command(place, interpreter.program)) {
        say(Grade::Error, 1,
            fmt::format("'{}', which {} of its first line is to find, is not there",
                        interpreter.program, interpreter.path));
    }
    if (text.find("\r\n") != std::string::npos && !first.ends_with('\r'))
        say(Grade::Warning, 1, "lines end in CR LF: a shell takes the CR for a part of each line");
    const std::string shell = base_name(interpreter.program);
    if (shebang && shell != "sh" && shell != "bash" && shell != "dash")
        return findings;
    const bool dash = shell == "dash" || (shell == "sh" && place.sh_is_dash);
    for (const ShellCommand& command : find_commands(text))
        check_command(command, kind, dash, place, findings);
    return join_equal(std::move(findings));
}

}  // namespace vps
