// DISKSPACE, DISKINODES and QUOTATIME of a VPS as project quota on its private area; the project's
// id is the VEID. vps-mount applies the quota at each start, vps-reload while the VPS runs.
#pragma once

#include <optional>
#include <string>

#include "config/config.hh"
#include "quota/project_quota.hh"
#include "sys/fd.hh"
#include "systemd/log.hh"

namespace vps {

struct DiskQuota {
    ProjectLimits limits{};         // all 0: none
    std::optional<unsigned> grace;  // seconds
    bool demanded = false;          // N.conf itself says yes: no start without
};

// The quota that the configuration asks for. Pure.
DiskQuota plan_disk_quota(const VpsConfig& config);

// Why the file system of this private area cannot keep a quota, and how it could; nothing where it
// can. `path` names the area in that text. Throws SysError.
std::optional<std::string> find_missing_quota(FdRef area, const std::string& path);

// A private area that is in use is not marked: to mark it takes long, and nobody must change it
// meanwhile.
enum class PrivateArea { Idle, InUse };

// Marks the private area, unless it is marked, and sets the limits; without limits it removes the
// limits of an earlier start. Where the file system has no project quota a warning says how to
// enable it. The area may have more than the limits already. Throws Error NoDiskQuota where the
// quota is demanded and cannot be had, or was found and cannot be set; System when systemd ends the
// start meanwhile.
void apply_disk_quota(Veid veid, const VpsConfig& config, PrivateArea area, const Log& log);

}  // namespace vps
