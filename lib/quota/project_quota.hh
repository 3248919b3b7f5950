// Project quota of Linux file systems (ext4, xfs, f2fs): the project that a file counts for, and
// what a project may have. Needs root in the initial user namespace. `file` is any open file or
// directory of the file system; O_PATH will do where only quota is asked for or set.
#pragma once

#include <cstdint>

#include "sys/fd.hh"

namespace vps {

using ProjectId = std::uint32_t;  // 0: every file that belongs to none

// Enforced: limits hold. Counted: the file system knows the limits, but refuses nobody anything.
enum class ProjectQuota { None, Counted, Enforced };

// The state of the file system's quota, by quotactl(2) Q_XGETQSTATV. Throws SysError.
ProjectQuota project_quota_of(FdRef file);

// 0: no limit. The soft limits may be exceeded for the file system's grace time.
struct ProjectLimits {
    std::uint64_t soft_blocks, hard_blocks;  // of 1 KiB
    std::uint64_t soft_files, hard_files;
    bool operator==(const ProjectLimits&) const = default;
};

struct ProjectState {
    ProjectLimits limits;
    std::uint64_t bytes, files;  // in use
};

// Limits and use of a project; all is 0 where the file system has never heard of it. Throws
// SysError.
ProjectState read_project(FdRef file, ProjectId project);

// A project that has more than its limits already keeps it, and gets no more. Throws SysError.
void set_project_limits(FdRef file, ProjectId project, const ProjectLimits& limits);

// How long any project of the file system may exceed lower limits, in seconds; Linux has one grace
// time for all of them. Throws SysError.
inline constexpr std::uint64_t kDefaultGrace = 7ULL * 24 * 3600;  // linux/quota.h, MAX_DQ_TIME
std::uint64_t read_project_grace(FdRef file);
void set_project_grace(FdRef file, std::uint64_t seconds);

// The project that new files in this directory count for (FS_XFLAG_PROJINHERIT); 0 for none.
ProjectId inherited_project(FdRef directory);

// Has the file count for the project; a directory passes the project on to new files in it. Not
// O_PATH. Throws SysError.
void join_project(FdRef file, ProjectId project);

}  // namespace vps
