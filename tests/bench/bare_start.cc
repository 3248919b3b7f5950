// The system calls of a start and nothing else: a process in new user, pid, mount, UTS, IPC,
// network and cgroup namespaces, with the tree as its root, its ids mapped, and the mounts of a VPS
// in /proc, /sys and /dev; executes the tree's init and waits for its end. The measure for the
// launchers.
//
//   bare-start TREE

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

static void require(bool done, const char* what) {
    if (done)
        return;
    perror(what);
    _exit(1);
}

static void write_file(const std::string& path, const char* text) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    require(fd >= 0 && write(fd, text, strlen(text)) > 0, path.c_str());
    close(fd);
}

static void mount_api(const char* type, const char* target, unsigned long flags,
                      const char* options) {
    (void)mkdir(target, 0755);
    require(mount(type, target, type, flags, options) == 0, target);
}

static void bind(const char* source, const char* target) {
    // A file that this kernel does not have needs no protection.
    require(mount(source, target, nullptr, MS_BIND, nullptr) == 0 || errno == ENOENT, target);
}

// The files are those of lib/context/become_init.cc.
static void protect_proc() {
    constexpr unsigned long kFlags = MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NOEXEC | MS_NODEV;
    for (const char* path : {"proc/sys", "proc/sysrq-trigger", "proc/irq", "proc/bus", "proc/fs",
                             "proc/acpi", "proc/scsi", "proc/mtrr", "proc/sys/net"}) {
        bind(path, path);
        const bool writable = strcmp(path, "proc/sys/net") == 0;
        require(mount(nullptr, path, nullptr, kFlags | (writable ? 0 : MS_RDONLY), nullptr) == 0 ||
                    errno == ENOENT,
                path);
    }
    for (const char* path : {"proc/kcore", "proc/kallsyms", "proc/timer_list", "proc/sched_debug",
                             "proc/latency_stats"})
        bind("dev/null", path);
}

static void make_dev() {
    mount_api("tmpfs", "dev", MS_NOSUID, "mode=0755");
    for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
        const std::string node = std::string("dev/") + name, source = "/" + node;
        close(open(node.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
        require(mount(source.c_str(), node.c_str(), nullptr, MS_BIND, nullptr) == 0, node.c_str());
    }
    mount_api("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
    mount_api("tmpfs", "dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
    mount_api("mqueue", "dev/mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, nullptr);
}

static void raise_loopback() {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    memcpy(request.ifr_name, "lo", sizeof "lo");
    request.ifr_flags = IFF_UP;
    require(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0, "lo");
    close(fd);
}

[[noreturn]] static void become_init(const char* tree, int from_parent) {
    constexpr unsigned long kNoProgram = MS_NOSUID | MS_NOEXEC | MS_NODEV;
    int root = -1;
    require(read(from_parent, &root, sizeof root) == sizeof root, "read");
    require(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
    require(mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) == 0, "/");
    require(syscall(SYS_move_mount, root, "", AT_FDCWD, tree, MOVE_MOUNT_F_EMPTY_PATH) == 0, tree);
    require(fchdir(root) == 0, tree);
    require(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "setresuid");
    require(unshare(CLONE_NEWCGROUP) == 0, "unshare");
    mount_api("proc", "proc", kNoProgram, nullptr);
    mount_api("sysfs", "sys", kNoProgram | MS_RDONLY, nullptr);
    mount_api("cgroup2", "sys/fs/cgroup", kNoProgram, nullptr);
    make_dev();
    protect_proc();
    require(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
    require(umount2(".", MNT_DETACH) == 0 && chdir("/") == 0, "umount");
    require(sethostname("bare", 4) == 0, "sethostname");
    raise_loopback();
    char program[] = "/sbin/init";
    char* const argv[] = {program, nullptr};
    char* const envp[] = {nullptr};
    execve(program, argv, envp);
    require(false, program);
    _exit(1);
}

int main(int argc, char** argv) {
    require(argc == 2, "usage: bare-start TREE");
    int pipe[2];
    require(pipe2(pipe, O_CLOEXEC) == 0, "pipe");
    clone_args args{};
    // CLONE_FILES: what is opened here is open there, until exec.
    args.flags = CLONE_FILES | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS |
                 CLONE_NEWIPC | CLONE_NEWNET;
    args.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    require(pid >= 0, "clone");
    if (pid == 0)
        become_init(argv[1], pipe[0]);
    const std::string proc = "/proc/" + std::to_string(pid);
    write_file(proc + "/uid_map", "0 524288 65536\n");
    write_file(proc + "/gid_map", "0 524288 65536\n");
    const int root = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, argv[1],
                                              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    const int user = open((proc + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC);
    require(root >= 0 && user >= 0, argv[1]);
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.propagation = MS_SLAVE;
    attributes.userns_fd = static_cast<unsigned>(user);
    require(syscall(SYS_mount_setattr, root, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                    sizeof attributes) == 0,
            "map ids");
    require(write(pipe[1], &root, sizeof root) == sizeof root, "write");
    int status = 0;
    require(waitpid(static_cast<pid_t>(pid), &status, 0) == pid, "wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
