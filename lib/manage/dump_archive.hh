// Archives of OpenVZ's vzdump, which Proxmox wrote, too: a tar of a private area, with the VPS's
// configuration and action scripts in ./etc/vzdump. All of an archive is as hostile as a VPS.
// Callers are root in the host context.
#pragma once

#include <string>

#include "manage/call.hh"
#include "manage/confined_tar.hh"

namespace vps {

inline constexpr const char* kDumpDirectory = "/etc/vzdump";  // in the private area

class DumpArchive {
  public:
    // Finds out by its first bytes how the file is packed. Throws Complaint where it is no file, or
    // where the host has no program that unpacks it.
    explicit DumpArchive(const std::string& path);

    // The text of ./etc/vzdump/vps.conf. tar works in `dir`, an empty directory, and writes
    // nothing. Throws Error where the archive has none, or a huge one, or at SIGINT and SIGTERM.
    [[nodiscard]] std::string read_config(const TarIds& ids, const std::string& dir) const;

    // Unpacks all of it but /dev into the directory, and tells of device nodes that are left out.
    // Throws Error likewise, and where anything else cannot be unpacked.
    void unpack(const TarIds& ids, const std::string& dir, const Talk& talk) const;

  private:
    std::string path_;
    const char* option_ = nullptr;  // of tar; null: it is not packed
};

}  // namespace vps
