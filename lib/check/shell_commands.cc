#include "check/shell_commands.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>
#include <utility>

namespace vps {

namespace {

constexpr std::string_view kBlanks = " \t\r";

constexpr std::array<std::string_view, 17> kBeforeCommands{
    "if", "then", "else", "elif", "do",    "while", "until",   "!",   "{",
    "(",  "time", "exec", "nice", "nohup", "env",   "command", "sudo"};

template <typename List>
bool is_one_of(const std::string& word, const List& list) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
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
        } else if (c == '<' || c == '>' || kBlanks.find(c) != kBlanks.npos) {
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

}  // namespace

bool is_assignment(const std::string& word) {
    const std::size_t equals = word.find('=');
    return equals != 0 && equals != std::string::npos &&
           std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
                       [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '+'; });
}

std::vector<ShellCommand> find_commands(const std::string& script) {
    return Reader(script).read();
}

}  // namespace vps
