#include "check/check_script.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "config/config_value.hh"
#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::string_view kBlanks = " \t\r";

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
    {"ploop", "nothing: there are no ploop images on a stock kernel"},
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

constexpr std::array<std::string_view, 17> kBeforeCommands{
    "if", "then", "else", "elif", "do",    "while", "until",   "!",   "{",
    "(",  "time", "exec", "nice", "nohup", "env",   "command", "sudo"};

template <typename List>
bool is_one_of(const std::string& word, const List& list) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool is_assignment(const std::string& word) {
    const std::size_t equals = word.find('=');
    return equals != 0 && equals != std::string::npos &&
           std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
                       [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '+'; });
}

class Reader {
  public:
    explicit Reader(std::string text) : text_(std::move(text)) {}

    std::vector<ShellCommand> read() {
        while (at_ < text_.size())
            step();
        end_command();
        return std::move(commands_);
    }

  private:
    char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void step() {
        const char c = here();
        if (c == '\n') {
            end_command();
            ++line_;
            ++at_;
            skip_here_documents();
        } else if (kBlanks.find(c) != kBlanks.npos) {
            ++at_;
        } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
            ++line_;
            at_ += 2;
        } else if (c == '#') {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (text_.compare(at_, 2, "<<") == 0 && text_.compare(at_, 3, "<<<") != 0) {
            take_here_document();
        } else if (text_.compare(at_, 2, "&>") == 0) {
            commands_.push_back({line_, {"&>"}});
            at_ += 2;
        } else if (text_.compare(at_, 2, ">&") == 0) {
            at_ += 2;
            take_duplication();
        } else if (c == '(' && words_.size() == 1 && text_.compare(at_, 2, "()") == 0) {
            functions_.insert(words_[0]);
            words_.clear();
            at_ += 2;
        } else if (std::string_view(";&|()").find(c) != std::string_view::npos) {
            const bool next_case = text_.compare(at_, 2, ";;") == 0 && cases_ > 0;
            end_command();
            at_ += next_case ? 2 : 1;
            pattern_ = next_case || (pattern_ && c != ')');
        } else if (c == '<' || c == '>') {
            ++at_;
        } else {
            take_word();
        }
    }

    // Takes the word behind ">&": a descriptor in any shell, a file in bash only.
    void take_duplication() {
        while (here() == ' ' || here() == '\t')
            ++at_;
        if (std::string_view("0123456789-$\"'`").find(here()) == std::string_view::npos)
            commands_.push_back({line_, {">&"}});
    }

    void take_word() {
        const std::size_t start = at_;
        const unsigned line = line_;
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n;&|()<>").find(here()) == std::string_view::npos)
            take_part();
        add_word(text_.substr(start, at_ - start), line);
    }

    // Takes a character of a word, or a quoted piece of it.
    void take_part() {
        const char c = text_[at_++];
        if (c == '\\' && at_ < text_.size())
            skip_one();
        else if (c == '\'' || c == '"' || c == '`')
            skip_quoted(c);
        else if (c == '$')
            take_substitution();
    }

    // Takes the text behind a "$".
    void take_substitution() {
        const std::size_t start = at_ + 1;
        const unsigned line = line_;
        if (here() == '{')
            return skip_nested('{', '}');
        if (here() != '(')
            return;
        skip_nested('(', ')');
        if (text_[start] != '(')  // of $((arithmetic))
            read_within(start, line);
    }

    // Reads the text between `start` and the character before this place as a script by itself.
    void read_within(std::size_t start, unsigned line) {
        if (nesting_ > 0 || depth_ == kMostNested || at_ <= start)
            return;
        Reader inner(text_.substr(start, at_ - 1 - start));
        inner.line_ = line;
        inner.depth_ = depth_ + 1;
        inner.functions_ = functions_;
        for (ShellCommand& command : inner.read())
            commands_.push_back(std::move(command));
    }

    void skip_one() {
        if (here() == '\n')
            ++line_;
        ++at_;
    }

    void skip_quoted(char quote) {
        const std::size_t start = at_;
        const unsigned line = line_;
        while (at_ < text_.size() && here() != quote) {
            const char c = here();
            if (c == '\\' && quote != '\'')
                ++at_;
            skip_one();
            if (quote == '"' && c == '$')
                take_substitution();
            if (quote == '"' && c == '`')
                skip_quoted(c);
        }
        ++at_;
        if (quote == '`')
            read_within(start, line);
    }

    void skip_nested(char open, char close) {
        if (++nesting_ > kMostNested)
            at_ = text_.size();
        skip_to(open, close);
        --nesting_;
    }

    void skip_to(char open, char close) {
        for (unsigned depth = 0; at_ < text_.size();) {
            const char c = here();
            if (c == open)
                ++depth;
            if (c == close && --depth == 0) {
                ++at_;
                return;
            }
            if (c == '\\')
                ++at_;
            skip_one();
            if (c == '\'' || c == '"')
                skip_quoted(c);
        }
    }

    void take_here_document() {
        at_ += 2;
        const bool tabs = here() == '-';
        at_ += tabs;
        while (here() == ' ' || here() == '\t')
            ++at_;
        const std::size_t start = at_;
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n;&|()<>").find(here()) == std::string_view::npos)
            ++at_;
        std::string end = text_.substr(start, at_ - start);
        std::erase_if(end, [](char c) { return c == '\'' || c == '"' || c == '\\'; });
        here_documents_.push_back({end, tabs});
    }

    void skip_here_documents() {
        for (const HereDocument& document : here_documents_)
            while (at_ < text_.size()) {
                const std::size_t end = std::min(text_.find('\n', at_), text_.size());
                std::string_view line = std::string_view(text_).substr(at_, end - at_);
                at_ = std::min(end + 1, text_.size());
                ++line_;
                if (document.tabs)
                    line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
                if (line == document.end)
                    break;
            }
        here_documents_.clear();
    }

    void add_word(const std::string& word, unsigned line) {
        if (word == "esac" && words_.empty()) {
            cases_ -= cases_ > 0;
            pattern_ = false;
            return;
        }
        if (pattern_)
            return;
        if (words_.empty() && (is_one_of(word, kBeforeCommands) || is_assignment(word)))
            return;
        if (words_.empty() && word.starts_with('-'))
            return;  // an option of a program that runs a command
        if (words_.empty())
            command_line_ = line;
        words_.push_back(word);
        if (word == "in" && words_.size() == 3 && words_[0] == "case") {
            ++cases_;
            pattern_ = true;
            words_.clear();
        }
    }

    void end_command() {
        static constexpr std::array<std::string_view, 7> kNone{"for", "select", "case", "done",
                                                               "fi",  "}",      "in"};
        if (words_.size() > 1 && words_[0] == "function")
            functions_.insert(words_[1]);
        if (!words_.empty() && !is_one_of(words_[0], kNone) && !functions_.contains(words_[0]))
            commands_.push_back({command_line_, words_});
        words_.clear();
    }

    struct HereDocument {
        std::string end;
        bool tabs;
    };
    static constexpr unsigned kMostNested = 32;  // substitutions within substitutions

    std::string text_;
    std::size_t at_ = 0;
    unsigned line_ = 1, command_line_ = 1, cases_ = 0, nesting_ = 0, depth_ = 0;
    bool pattern_ = false;
    std::vector<std::string> words_;
    std::set<std::string> functions_;
    std::vector<HereDocument> here_documents_;
    std::vector<ShellCommand> commands_;
};

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
    if (is_test && is_one_of("==", words))
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

void check_host_command(const ShellCommand& command, const ScriptPlace& place,
                        std::vector<Finding>& findings) {
    const auto say = [&](Grade grade, const std::string& text) {
        findings.push_back({grade, command.line, 1, {}, text});
    };
    const std::string& word = command.words[0];
    const std::string name = base_name(word);
    if (name == "mount" && is_one_of("simfs", command.words))
        say(Grade::Note, "mount -t simfs: a bind mount here, by mount.simfs(8)");
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

// Of several findings with one text the first stays, and names the lines of the others.
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
        // Without any sh, a finding tells a script that asks for it.
    }
    return {[](const std::string& path) { return access(path.c_str(), X_OK) == 0; },
            base_name(sh) == "dash"};
}

std::vector<ShellCommand> find_commands(const std::string& script) {
    return Reader(script).read();
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
        // In the VPS context bash or sh reads a text without a first line of its own.
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
