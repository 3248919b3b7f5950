// A unit file as a value that can only hold well-formed lines: section and setting names are
// literals of this program, and each kind of value is made harmless on its way in, so that no byte
// of a configuration file can start a line, a section, a specifier or a word of its own. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sys/literal.hh"

namespace vps {

class UnitFile {
  public:
    // Starts the file with a comment line that names its source.
    explicit UnitFile(std::string_view source);

    void section(Literal name);
    void set(Literal key, Literal value);
    void set(Literal key, std::uint64_t number, Literal unit = "");

    // Free text for people. Line breaks and control characters become blanks, bytes that are not
    // UTF-8 question marks; a long text is cut.
    void set_text(Literal key, std::string_view text);

    // A path by itself (SourcePath=), absolute and without control characters.
    void set_path(Literal key, std::string_view path);

    // Unit names or a list of numbers: letters, digits and "@:._,-" only; throws Error otherwise.
    void set_word(Literal key, std::string_view word);

    // A list of paths (RequiresMountsFor=); several settings add up. Where systemd's syntax cannot
    // express a path, its nearest parent that it can stands in for it; nothing for "/".
    void add_path(Literal key, std::string_view path);

    // The name of the mount unit of `path` (systemd.mount(5)), escaped as by systemd-escape(1);
    // nothing where the path is "/" or has "." or ".." in it, or the name would be longer than
    // systemd's may be.
    void add_mount_unit(Literal key, std::string_view path);

    // A number for the device that `path` lies on (IOReadBandwidthMax=); nothing where systemd's
    // syntax cannot express the path.
    void set_for_device(Literal key, std::string_view path, std::uint64_t number);

    [[nodiscard]] const std::string& text() const& { return text_; }
    [[nodiscard]] std::string text() && { return std::move(text_); }

  private:
    void start(Literal key);
    void append_quoted(std::string_view path);

    std::string text_;
};

}  // namespace vps
