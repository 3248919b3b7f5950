// The file of a VPS's configuration, read to be changed and written back. Two that change one file
// at once take turns, by a lock on /run/vps/configs, so that no change is lost: nobody else changes
// any configuration of the host while a ConfigFileEdit exists, and no script may be run then. The
// file is replaced as a whole, with its owner and mode; where it is a symbolic link, the file that
// it leads to is. Callers are root.
#pragma once

#include <optional>
#include <string>

#include "config/config.hh"
#include "config/veid.hh"
#include "state/state.hh"
#include "sys/fd.hh"

namespace vps {

class ConfigFileEdit {
  public:
    // Reads the file, which need not exist; waits for others who change it. Throws SysError.
    explicit ConfigFileEdit(const std::string& path, const std::string& run_dir = kRunDir);

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool exists() const { return exists_; }

    // Replaces the file, on disk when it returns. Does nothing where the text is the same. Throws
    // Error with vzctl's code for a configuration that cannot be saved.
    void write(const std::string& text) const;

    // Puts `former` back, or removes the file where nothing was there. Likewise.
    void put_back(const std::optional<std::string>& former) const;

  private:
    std::string path_;  // without links
    Fd lock_;
    std::string text_;
    bool exists_ = false;
    unsigned mode_ = 0644;
    unsigned uid_ = 0, gid_ = 0;
};

std::string config_path(Veid veid);  // "/etc/vz/conf/101.conf"

// The configuration that the VPS would have with this text in its file. Throws SysError.
VpsConfig read_config_of(Veid veid, const std::string& text);

}  // namespace vps
