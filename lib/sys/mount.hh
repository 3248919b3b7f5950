// Mounts: the table of mounts, mounts that nobody sees yet, and dismounting a whole tree.
// Everything here works in the caller's mount namespace and needs CAP_SYS_ADMIN to change it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hh"
#include "sys/process.hh"

namespace vps {

// One line of mountinfo (proc_pid_mountinfo(5)), its octal escapes undone.
struct MountEntry {
    int id;
    int parent;
    std::string target;
    std::string type;
    std::string source;
    std::string device;        // "MAJOR:MINOR", of the file system
    int peer_group = 0;        // "shared:N" (mount_namespaces(7)); 0: not shared
    std::string root{};        // the directory of the file system that is seen at the target
    bool is_slave = false;     // "master:N" (likewise)
    std::string attributes{};  // of the mount: "rw,nosuid,relatime"
    std::string options{};     // of the file system: "rw,prjquota"
};

// A field of mountinfo without its escapes: "\040" is a blank.
std::string unescape_mountinfo(std::string_view text);

// The lines of a mountinfo that are whole; a VPS chooses the names in its own. Pure.
std::vector<MountEntry> parse_mountinfo(std::string_view text);

// The mounts in the mount namespace of the process, with targets as it sees them. Throws SysError.
std::vector<MountEntry> read_mounts(const std::string& pid = "self");

// Whether this directory is a mount point (statx(2), STATX_ATTR_MOUNT_ROOT, Linux 5.8), for callers
// that need no more than that: the list of mounts of a thousand VPSes is long. Throws SysError.
bool is_mount_point(const std::string& dir);

// The entry of the mount that shows this file; nothing if the mount is in another mount namespace.
std::optional<MountEntry> find_mount(FdRef file);

// The entries mounted at `root` and, transitively, on them; parents before children, in the order
// in which they were mounted. `root` must be canonical.
std::vector<MountEntry> mounts_at_or_below(const std::vector<MountEntry>& all,
                                           const std::string& root);

enum class Propagation { Keep, Private };

// A bind mount as plain data `set` and `clear` are MOUNT_ATTR_* (mount_setattr(2)).
struct BindSpec {
    std::string source;
    std::string target;
    std::uint64_t set = 0;
    std::uint64_t clear = 0;
    // Files of root in the source are shown as this user namespace's root's, where the file system
    // can do that.
    FdRef user_namespace = FdRef(-1);
};

// A copy of a mount that is not in the tree yet, so that nobody sees it half made. Dissolves unless
// it is attached.
class DetachedMount {
  public:
    // A copy of the mount that `source` shows, without the mounts below it.
    static DetachedMount copy_of(const std::string& source);
    // A copy with all mounts below it.
    static DetachedMount copy_of_tree(const std::string& source);

    void set_attributes(std::uint64_t set, std::uint64_t clear) const;
    // Leaves its source's peer group: mounts below the copy do not show up in the source.
    void make_private() const;
    // Receives later mounts below the source, and gives nothing back; a tree as a whole.
    void make_slave() const;
    // Shows files with the host's ids for 0… of `user_namespace`, so that root's files belong to
    // the root there (mount_setattr(2), MOUNT_ATTR_IDMAP). A tree is mapped as a whole. False, and
    // nothing is changed, where a file system or the kernel cannot do that.
    [[nodiscard]] bool map_ids(FdRef user_namespace) const;
    void attach(const std::string& target) const;
    // The descriptor for a process that attaches the mount in its own mount namespace.
    [[nodiscard]] FdRef fd() const { return tree_; }

  private:
    DetachedMount(Fd tree, std::string source)
        : tree_(std::move(tree)), source_(std::move(source)) {}
    Fd tree_;
    std::string source_;
};

// A mount that its owner has made, and that is detached with the owner unless it is kept.
class [[nodiscard]] MountGuard {
  public:
    explicit MountGuard(std::string target) : target_(std::move(target)) {}
    MountGuard(MountGuard&& other) noexcept
        : target_(std::exchange(other.target_, std::string())) {}
    MountGuard& operator=(MountGuard&&) = delete;
    ~MountGuard();
    void keep() noexcept { target_.clear(); }

  private:
    std::string target_;
};

// Makes and attaches the mount of `spec`. Throws SysError CannotMount, with nothing attached.
MountGuard bind_mount(const BindSpec& spec);

// Takes the mount at `target` out of every peer group: mounts below it show up nowhere else, not in
// other mount namespaces of the host either.
void make_private(const std::string& target);

// The same for the mount that `target` shows and all that is mounted on it.
void make_tree_private(const std::string& target);

// Makes the mount at `target` a peer group of its own: mounts made below it later can be received
// by the mount namespaces that are copied from here (mount_namespaces(7), shared subtrees).
void make_shared(const std::string& target);

// Has a tree of mounts give nothing back to their sources, and receive later mounts from them:
// mounts that are copies of others (mount --bind, --rbind) become slaves of these. Each mount of
// the tree is shared then, as make_shared() says.
void make_receiving(const std::string& root);

// Dismounts everything at and below `root`, last mounted first, and nothing elsewhere: mounts below
// `root` that are copies of the host's (mount --bind, --rbind) are no peers of the host's any
// more. Waits for a busy mount until the deadline, then throws Error CannotDismount, which names
// the mount and its holders.
void dismount_tree(const std::string& root, const Deadline& deadline);

// Detaches everything at and below `root` (MNT_DETACH): a busy mount goes out of sight now, and is
// dismounted when its last user lets go. Throws SysError CannotDismount.
void detach_tree(const std::string& root);

}  // namespace vps
