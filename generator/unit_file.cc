#include "generator/unit_file.hh"

#include <algorithm>

#include "sys/error.hh"
#include "sys/utf8.hh"
#include "systemd/unit_path.hh"

namespace vps {

// systemd refuses lines of 1 MiB, and with them the whole file; people refuse sooner.
static constexpr std::size_t kMaxText = 200;

static bool is_ascii_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

static bool is_alphanumeric_or(std::string_view others, char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

static bool is_word_char(char c) {
    return is_alphanumeric_or("@:._,-", c);
}

// True for nearly all texts: no character has a meaning of its own in a unit.
static bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c >= 0x20 && c < 0x7f && c != '%' && c != '\\' && c != '"';
    });
}

static bool is_expressible(std::string_view path) {
    if (is_plain(path))
        return true;
    if (std::any_of(path.begin(), path.end(), is_ascii_control))
        return false;
    while (!path.empty())
        if (!take_character(path).code)
            return false;
    return true;
}

// Specifiers are expanded in all that is written here.
static void append_doubling_percent(std::string& out, std::string_view text) {
    if (text.find('%') == text.npos) {
        out += text;
        return;
    }
    for (const char c : text) {
        out += c;
        if (c == '%')
            out += c;
    }
}

UnitFile::UnitFile(std::string_view source) {
    text_.reserve(512);
    text_ += "# Made by systemd-vps-generator";
    if (!source.empty() && is_expressible(source))
        (text_ += " from ") += source;
    text_ += '\n';
}

void UnitFile::start(Literal key) {
    text_ += key.text();
    text_ += '=';
}

void UnitFile::section(Literal name) {
    text_ += "\n[";
    text_ += name.text();
    text_ += "]\n";
}

void UnitFile::set(Literal key, Literal value) {
    start(key);
    text_ += value.text();
    text_ += '\n';
}

void UnitFile::set(Literal key, std::uint64_t number, Literal unit) {
    start(key);
    text_ += std::to_string(number);
    text_ += unit.text();
    text_ += '\n';
}

void UnitFile::set_text(Literal key, std::string_view text) {
    std::string plain;
    if (is_plain(text))
        plain = text.substr(0, kMaxText);
    else
        while (!text.empty() && plain.size() < kMaxText) {
            const auto [code, bytes] = take_character(text);
            plain += !code ? "?" : is_control(*code) ? " " : bytes;
        }
    // A backslash at the end would join the next line to this one.
    plain.resize(plain.find_last_not_of("\\ ") + 1);
    start(key);
    append_doubling_percent(text_, plain);
    text_ += '\n';
}

void UnitFile::set_path(Literal key, std::string_view path) {
    if (!path.starts_with('/') || !is_expressible(path) || path.ends_with('\\'))
        return;
    start(key);
    append_doubling_percent(text_, path);
    text_ += '\n';
}

void UnitFile::set_word(Literal key, std::string_view word) {
    if (!std::all_of(word.begin(), word.end(), is_word_char))
        throw Error(ExitCode::System, "'" + std::string(word) + "': not a word for a unit");
    start(key);
    text_ += word;
    text_ += '\n';
}

void UnitFile::append_quoted(std::string_view path) {
    text_ += '"';
    if (is_plain(path)) {
        text_ += path;
    } else {
        std::string quoted;
        for (const char c : path) {
            if (c == '"' || c == '\\')
                quoted += '\\';
            quoted += c;
        }
        append_doubling_percent(text_, quoted);
    }
    text_ += '"';
}

void UnitFile::add_path(Literal key, std::string_view path) {
    while (!is_expressible(path))
        path = path.substr(0, path.rfind('/'));
    if (path.size() <= 1)
        return;
    start(key);
    append_quoted(path);
    text_ += '\n';
}

void UnitFile::add_mount_unit(Literal key, std::string_view path) {
    const std::string name = unit_of_path(path, ".mount");
    if (name.empty())
        return;
    start(key);
    text_ += name;
    text_ += '\n';
}

void UnitFile::set_for_device(Literal key, std::string_view path, std::uint64_t number) {
    if (!is_expressible(path))
        return;
    start(key);
    append_quoted(path);
    text_ += ' ';
    text_ += std::to_string(number);
    text_ += '\n';
}

}  // namespace vps
