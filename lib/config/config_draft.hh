// A VpsConfig in the making: fed with the text of vz.conf, then of N.conf. The generator reads
// vz.conf into one draft and copies that for each VPS; load_vps_config() makes one and throws it
// away. Pure: no file is opened here.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hh"
#include "config/config_key.hh"
#include "config/config_line.hh"

namespace vps {

// An assignment as it was read, for a checker.
struct ReadLine {
    enum class Fate {
        Counts,
        Unknown,    // no key of the table
        Elsewhere,  // its key counts in the other file only
        Unusable,   // its value is bad
        Replaced,   // another line's value counts instead, by the key's rule for duplicates
    } fate;
    const ConfigKey* key;  // null: unknown
    ConfigFile file;
    unsigned line, column;  // of the value
    std::string name, value;
    std::string source;  // the line, or lines, as written
};

class ConfigDraft {
  public:
    enum class Detail {
        Boot,  // leaves out notes and VpsConfig::others, which nobody reads at boot
        Full,
        Lines,  // keeps lines(), too
    };
    explicit ConfigDraft(Detail detail);

    // Takes in a file's text. `name` is what diagnostics call it. Once per file, vz.conf first.
    void read(ConfigFile file, std::string name, std::string_view text);

    // All assignments of both files, in their order.
    [[nodiscard]] const std::vector<ReadLine>& lines() const { return lines_; }

    // The findings so far, which are then no longer part of the result.
    std::vector<Diagnostic> take_diagnostics();

    // The configuration of this VPS: paths expanded and checked.
    [[nodiscard]] VpsConfig finish(Veid veid) &&;

    // The fields so far, for VIRTUOZZO and VE_PARALLEL; the fields of one VPS are not complete
    // here.
    [[nodiscard]] const VpsConfig& fields() const { return config_; }

  private:
    // The place of the value that counts.
    struct Place {
        ConfigFile file = ConfigFile::None;
        unsigned line = 0;
        unsigned column = 0;
    };
    // A diagnostic that says that this key's value is unusable.
    struct Refused {
        const ConfigKey* key;
        std::size_t diagnostic;
    };

    void read_line(ConfigFile file, const ConfigLine& line);
    void read_all(ConfigFile file, ConfigLines& lines);
    void read_unknown(ConfigFile file, const ConfigLine& line);
    ReadLine::Fate read_known(ConfigFile file, const ConfigLine& line, const ConfigKey& key);
    bool read_value(const Place& place, const ConfigLine& line, const ConfigKey& key);
    void keep_line(ConfigFile file, const ConfigLine& line, const ConfigKey* key,
                   ReadLine::Fate fate);
    void finish_path(std::string_view key_name, std::optional<std::string>& path, Veid veid);
    void finish_places();
    Diagnostic& report(Severity severity, const Place& place, std::string_view key,
                       std::string text);
    void refuse(const ConfigKey& key, const Place& place, std::string text);
    void refuse(const ConfigKey& key, const Place& place, std::string text, Guards the_value);
    void forgive(const ConfigKey& key);
    void forgive_idle();
    Place& place_of(const ConfigKey& key);

    Detail detail_;
    VpsConfig config_;
    std::array<std::string, 3> names_;  // by ConfigFile
    std::vector<Place> places_;         // by position in config_keys()
    std::vector<Refused> refused_;
    std::vector<ReadLine> lines_;
};

}  // namespace vps
