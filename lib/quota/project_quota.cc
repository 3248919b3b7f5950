#include "quota/project_quota.hh"

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/error.hh"

namespace vps {

namespace {

constexpr ExitCode kNoDiskQuota = ExitCode::NoDiskQuota;

int control_quota(FdRef file, int command, ProjectId project, void* data) {
    return syscall(SYS_quotactl_fd, file.get(), QCMD(static_cast<unsigned>(command), PRJQUOTA),
                   project, data) < 0
               ? errno
               : 0;
}

void require(int error, const char* verb) {
    if (error != 0)
        throw SysError(error, verb, {}, kNoDiskQuota);
}

}  // namespace

ProjectQuota project_quota_of(FdRef file) {
    fs_quota_statv state{};
    state.qs_version = FS_QSTATV_VERSION1;
    // Q_XGETQSTATV answers for user and group quota, too, and fails where there is no quota at all.
    if (const int error = control_quota(file, Q_XGETQSTATV, 0, &state)) {
        if (error == ENOSYS || error == EINVAL || error == ESRCH || error == EOPNOTSUPP ||
            error == ENOTBLK || error == ENODEV)
            return ProjectQuota::None;
        throw SysError(error, "ask for the project quota", {}, kNoDiskQuota);
    }
    if ((state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0)
        return ProjectQuota::Enforced;
    return (state.qs_flags & FS_QUOTA_PDQ_ACCT) != 0 ? ProjectQuota::Counted : ProjectQuota::None;
}

ProjectState read_project(FdRef file, ProjectId project) {
    if_dqblk entry{};
    const int error = control_quota(file, Q_GETQUOTA, project, &entry);
    if (error == ENOENT)  // xfs makes the entry with the first file or limit
        return {};
    require(error, "read the quota of the project");
    return {
        {entry.dqb_bsoftlimit, entry.dqb_bhardlimit, entry.dqb_isoftlimit, entry.dqb_ihardlimit},
        entry.dqb_curspace,
        entry.dqb_curinodes};
}

void set_project_limits(FdRef file, ProjectId project, const ProjectLimits& limits) {
    if_dqblk entry{};
    entry.dqb_bsoftlimit = limits.soft_blocks;
    entry.dqb_bhardlimit = limits.hard_blocks;
    entry.dqb_isoftlimit = limits.soft_files;
    entry.dqb_ihardlimit = limits.hard_files;
    entry.dqb_valid = QIF_LIMITS;
    require(control_quota(file, Q_SETQUOTA, project, &entry), "set the quota of the project");
}

std::uint64_t read_project_grace(FdRef file) {
    if_dqinfo info{};
    require(control_quota(file, Q_GETINFO, 0, &info), "read the grace time of project quota");
    return info.dqi_bgrace;
}

void set_project_grace(FdRef file, std::uint64_t seconds) {
    if_dqinfo info{};
    info.dqi_bgrace = info.dqi_igrace = seconds;
    info.dqi_valid = IIF_BGRACE | IIF_IGRACE;
    require(control_quota(file, Q_SETINFO, 0, &info), "set the grace time of project quota");
}

ProjectId inherited_project(FdRef directory) {
    fsxattr attributes{};
    if (ioctl(directory.get(), FS_IOC_FSGETXATTR, &attributes) < 0 ||
        (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT) == 0)
        return 0;
    return attributes.fsx_projid;
}

void join_project(FdRef file, ProjectId project) {
    struct stat status {};
    fsxattr attributes{};
    if (fstat(file.get(), &status) < 0 || ioctl(file.get(), FS_IOC_FSGETXATTR, &attributes) < 0)
        throw SysError(errno, "read the project of a file", {}, kNoDiskQuota);
    const fsxattr before = attributes;
    attributes.fsx_projid = project;
    if (S_ISDIR(status.st_mode))
        attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    if (attributes.fsx_projid == before.fsx_projid && attributes.fsx_xflags == before.fsx_xflags)
        return;
    int result = ioctl(file.get(), FS_IOC_FSSETXATTR, &attributes);
    if (result < 0 && errno == EPERM && (before.fsx_xflags & FS_XFLAG_IMMUTABLE) != 0) {
        // The file has chattr +i. ext4 changes its project only in a call that takes the flag; the
        // next call gives the flag back.
        attributes.fsx_xflags &= ~static_cast<unsigned>(FS_XFLAG_IMMUTABLE);
        result = ioctl(file.get(), FS_IOC_FSSETXATTR, &attributes);
        attributes.fsx_xflags |= FS_XFLAG_IMMUTABLE;
        if (result == 0)
            result = ioctl(file.get(), FS_IOC_FSSETXATTR, &attributes);
    }
    if (result < 0)
        throw SysError(errno, "set the project of a file", {}, kNoDiskQuota);
}

}  // namespace vps
