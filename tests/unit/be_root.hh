// Tests of work that root does call this: whoever is not root becomes root of a user namespace,
// with no other user in it.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <string>

// False where the machine gives its users no such namespace. The process stays root.
inline bool be_root() {
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    if (uid == 0)
        return true;
    if (unshare(CLONE_NEWUSER) < 0)
        return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " + std::to_string(uid) + " 1";
    std::ofstream("/proc/self/gid_map") << "0 " + std::to_string(gid) + " 1";
    return geteuid() == 0 && getegid() == 0;
}
