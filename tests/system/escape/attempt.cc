// attempt [PREPARATION…] WHAT [ARGUMENT…]: tries one thing that root in a VPS must not be able to
// do. Scenario 88-escape runs it inside a VPS and, as the control, where the guard is missing.
//
// Exit 0: it worked. 1: it was refused; the reason is printed. 2: it could not be tried, which
// proves nothing. Statically linked, so that it runs in every VPS and on every host.

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/nsfs.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Words = std::vector<std::string>;

enum Outcome { kWorked = 0, kRefused = 1, kCannotTry = 2 };

[[gnu::format(printf, 1, 2)]] int worked(const char* format, ...) {
    va_list values;
    va_start(values, format);
    std::printf("works: ");
    std::vprintf(format, values);
    std::printf("\n");
    va_end(values);
    return kWorked;
}

int refused(const std::string& why) {
    std::printf("refused: %s\n", why.c_str());
    return kRefused;
}

int refused_by_errno() {
    return refused(std::strerror(errno));
}

[[noreturn]] void cannot_try(const std::string& what) {
    std::printf("cannot try: %s\n", what.c_str());
    std::fflush(stdout);
    _exit(kCannotTry);
}

int judge(long result) {
    return result < 0 ? refused_by_errno() : worked("%ld", result);
}

// For calls that are harmless because of a bad argument: they are allowed when the kernel gets to
// look at it.
int judge_by_errno(long result, int wanted) {
    if (result >= 0 || errno == wanted)
        return worked("%s", result < 0 ? std::strerror(wanted) : "done");
    return refused_by_errno();
}

const std::string& argument(const Words& words, std::size_t at) {
    if (at >= words.size())
        cannot_try("argument " + std::to_string(at) + " is missing");
    return words[at];
}

long number(const Words& words, std::size_t at) {
    return std::strtol(argument(words, at).c_str(), nullptr, 0);
}

// ---- files --------------------------------------------------------------------------------------

int open_to_read(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    static char block[8192];  // as much as a line of /dev/kmsg may have
    if (fd < 0 || (read(fd, block, sizeof block) < 0 && errno != EAGAIN))
        return refused_by_errno();
    return worked("open to read");
}

int open_to_write(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? refused_by_errno() : worked("open to write");
}

int write_text(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
    const std::string& text = argument(words, 2);
    if (fd < 0 || write(fd, text.data(), text.size()) < 0)
        return refused_by_errno();
    return worked("written");
}

int make_node(const Words& words) {
    const mode_t type = argument(words, 2) == "b" ? S_IFBLK : S_IFCHR;
    return judge(mknod(
        argument(words, 1).c_str(), type | 0600,
        makedev(static_cast<unsigned>(number(words, 3)), static_cast<unsigned>(number(words, 4)))));
}

int find_path(const Words& words) {
    return judge(access(argument(words, 1).c_str(), F_OK));
}

int set_immutable(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
    int flags = 0;
    if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
        cannot_try(std::strerror(errno));
    int wanted = flags | FS_IMMUTABLE_FL;
    if (ioctl(fd, FS_IOC_SETFLAGS, &wanted) < 0)
        return refused_by_errno();
    (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
    return worked("immutable");
}

int freeze(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        cannot_try(std::strerror(errno));
    if (ioctl(fd, FIFREEZE, 0) < 0)
        return refused_by_errno();
    (void)ioctl(fd, FITHAW, 0);
    return worked("frozen, and thawed");
}

int set_trusted_attribute(const Words& words) {
    return judge(setxattr(argument(words, 1).c_str(), "trusted.escape", "1", 1, 0));
}

// The classic of 2014: an inode's number is all one needs.
int open_by_handle(const Words& words) {
    const int mount = open(argument(words, 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    alignas(file_handle) char buffer[sizeof(file_handle) + 8] = {};
    auto* handle = reinterpret_cast<file_handle*>(buffer);
    handle->handle_bytes = 8;
    handle->handle_type = 1;  // inode and generation
    const std::uint32_t inode[2] = {2, 0};
    std::memcpy(buffer + sizeof(file_handle), inode, sizeof inode);
    return mount < 0 ? refused_by_errno() : judge(open_by_handle_at(mount, handle, O_RDONLY));
}

// Tries to become root, as a file with the set-user-id bit or with capabilities may.
int become_root(const Words&) {
    if (geteuid() != 0)
        (void)!setuid(0);
    return geteuid() == 0 ? worked("root now") : refused("user " + std::to_string(geteuid()));
}

int give_capabilities(const Words& words) {
    const std::uint32_t data[5] = {0x02000001, 1U << CAP_SETUID, 0, 0, 0};  // version 2, effective
    return judge(setxattr(argument(words, 1).c_str(), "security.capability", data, sizeof data, 0));
}

// ---- sweeps -------------------------------------------------------------------------------------

namespace fs = std::filesystem;

// How many files there one may write to, but those that CONTAIN one of the words that follow.
int sweep_open(const Words& words) {
    int open_ones = 0, seen = 0;
    std::string first;
    std::error_code error;
    auto walk = fs::recursive_directory_iterator(
        argument(words, 1), fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
        const std::string path = walk->path().string();
        std::error_code ignored;
        const bool excepted = std::any_of(words.begin() + 2, words.end(), [&](const auto& word) {
            return path.find(word) != std::string::npos;
        });
        if (excepted) {
            if (walk->is_directory(ignored))
                walk.disable_recursion_pending();
            continue;
        }
        if (!fs::is_regular_file(walk->symlink_status(ignored)))
            continue;
        ++seen;
        const int fd = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (open_ones++ < 8)
            first += " " + path;
        close(fd);
    }
    if (seen == 0)
        cannot_try("nothing in " + argument(words, 1));
    if (open_ones == 0)
        return refused("none of " + std::to_string(seen));
    return worked("%d of %d:%s", open_ones, seen, first.c_str());
}

// Writes another number into each file that lets one: what that did to the host is the host's to
// see.
int sweep_change(const Words& words) {
    int changed = 0, seen = 0;
    std::error_code error;
    auto walk = fs::recursive_directory_iterator(
        argument(words, 1), fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
        std::error_code ignored;
        if (!fs::is_regular_file(walk->symlink_status(ignored)))
            continue;
        ++seen;
        const int fd = open(walk->path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        char text[64] = {};
        if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) {
            const std::string other =
                std::to_string(std::atol(text) == 1 ? 0 : std::atol(text) + 1);
            changed += lseek(fd, 0, SEEK_SET) == 0 &&
                       write(fd, other.data(), other.size()) == static_cast<ssize_t>(other.size());
        }
        if (fd >= 0)
            close(fd);
    }
    std::printf("%d of %d changed\n", changed, seen);
    return seen == 0 ? kCannotTry : kWorked;
}

// ---- mounts -------------------------------------------------------------------------------------

int remount_file_system(const Words& words) {
    return judge(mount(nullptr, argument(words, 1).c_str(), nullptr, MS_REMOUNT,
                       argument(words, 2).c_str()));
}

int remount_read_only(const Words& words) {
    return judge(
        mount(nullptr, argument(words, 1).c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr));
}

int reconfigure(const Words& words) {
    const int fd = fspick(AT_FDCWD, argument(words, 1).c_str(), FSPICK_CLOEXEC);
    if (fd < 0 || fsconfig(fd, FSCONFIG_SET_STRING, argument(words, 2).c_str(),
                           argument(words, 3).c_str(), 0) < 0)
        return refused_by_errno();
    return judge(fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0));
}

int mount_it(const Words& words) {
    const std::string& target = argument(words, 2);
    (void)mkdir(target.c_str(), 0755);
    return judge(mount(argument(words, 1).c_str(), target.c_str(), argument(words, 3).c_str(), 0,
                       words.size() > 4 ? words[4].c_str() : nullptr));
}

// The hierarchy of cgroup v1 that any root could make, and the program that the host would run.
int set_release_agent(const Words& words) {
    const std::string& target = argument(words, 1);
    (void)mkdir(target.c_str(), 0755);
    if (mount("none", target.c_str(), "cgroup", 0, "none,name=escape") < 0)
        return refused_by_errno();
    const int fd = open((target + "/release_agent").c_str(), O_WRONLY | O_CLOEXEC);
    const bool written = fd >= 0 && write(fd, "/escape", 7) == 7;
    const int error = errno;
    close(fd);
    (void)umount2(target.c_str(), 0);
    errno = error;
    return written ? worked("release agent set") : refused_by_errno();
}

// The host's tree and not our part of it.
int find_in_cgroups(const Words& words) {
    const std::string& target = argument(words, 1);
    (void)mkdir(target.c_str(), 0755);
    // The options that the host has: of its own namespace the last mount's are everybody's.
    if (mount("none", target.c_str(), "cgroup2", 0, "nsdelegate,memory_recursiveprot") < 0)
        return refused_by_errno();
    const int result = access((target + "/" + argument(words, 2)).c_str(), F_OK);
    const int error = errno;
    (void)umount2(target.c_str(), MNT_DETACH);
    errno = error;
    return judge(result);
}

// ---- out of a root directory --------------------------------------------------------------------

int look_for(const std::string& mark, const char* way) {
    if (access(mark.c_str(), F_OK) < 0)
        return refused("no " + mark);
    return worked("%s found %s", way, mark.c_str());
}

// Twice chroot(2): the working directory stays outside of the second root.
int break_chroot(const Words& words) {
    const int start = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)mkdir("/tmp/inner", 0755);
    if (start < 0 || chroot("/tmp/inner") < 0 || fchdir(start) < 0)
        return refused_by_errno();
    for (int i = 0; i < 64; ++i)
        if (chdir("..") < 0)
            return refused_by_errno();
    if (chroot(".") < 0)
        return refused_by_errno();
    return look_for(argument(words, 1), "chroot");
}

int climb(const Words& words) {
    for (const char* start : {"/", "/..", "/proc/self/root", "/proc/1/root", "/proc/1/cwd", "/dev",
                              "/sys", "/proc/self/cwd"}) {
        if (chdir(start) < 0)
            continue;
        for (int i = 0; i < 64; ++i)
            if (access(argument(words, 1).c_str() + 1, F_OK) == 0)
                return worked("%d directories above %s", i, start);
            else if (chdir("..") < 0)
                break;
    }
    return refused("no " + argument(words, 1));
}

// Looks for a tree below the root directory's mount: a process that joins a mount namespace, be it
// its own, is put on the topmost mount of its "/".
int uncover(const Words& words) {
    if (unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) < 0)
        return refused_by_errno();
    const int mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (mounts < 0)
        cannot_try(std::strerror(errno));
    if (umount2("/", MNT_DETACH) < 0 || setns(mounts, CLONE_NEWNS) < 0)
        return refused_by_errno();
    return look_for(argument(words, 1), "umount");
}

// For controls: a VPS's root directory made without the last step of it, or by chroot(2) only.
int run_words(const Words& words, std::size_t from) {
    std::vector<char*> arguments;
    for (std::size_t i = from; i < words.size(); ++i)
        arguments.push_back(const_cast<char*>(words[i].c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    cannot_try("execute " + words[from] + ": " + std::strerror(errno));
}

int in_half_left_tree(const Words& words) {
    const char* dir = argument(words, 1).c_str();
    if (unshare(CLONE_NEWNS) < 0 ||
        mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) < 0 ||
        mount(dir, dir, nullptr, MS_BIND, nullptr) < 0 || chdir(dir) < 0 ||
        syscall(SYS_pivot_root, ".", ".") < 0)
        cannot_try(std::strerror(errno));
    return run_words(words, 2);
}

int in_moved_root(const Words& words) {
    const std::string& dir = argument(words, 1);
    if (unshare(CLONE_NEWNS) < 0 ||
        mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) < 0 ||
        mount(dir.c_str(), dir.c_str(), nullptr, MS_BIND, nullptr) < 0 ||
        mount("proc", (dir + "/proc").c_str(), "proc", 0, nullptr) < 0 || chdir(dir.c_str()) < 0 ||
        mount(".", "/", nullptr, MS_MOVE, nullptr) < 0 || chroot(".") < 0 || chdir("/") < 0)
        cannot_try(std::strerror(errno));
    return run_words(words, 2);
}

int in_chroot(const Words& words) {
    if (chroot(argument(words, 1).c_str()) < 0 || chdir("/") < 0)
        cannot_try(std::strerror(errno));
    return run_words(words, 2);
}

// ---- the kernel, hardware, clock ----------------------------------------------------------------

int kexec_load(const Words&) {
    return judge(syscall(SYS_kexec_load, 0, 0, nullptr, 0));
}

int kexec_file_load(const Words&) {
    return judge_by_errno(syscall(SYS_kexec_file_load, -1, -1, 0, nullptr, 0), EBADF);
}

int init_module(const Words&) {
    static char image[4096];
    return judge_by_errno(syscall(SYS_init_module, image, sizeof image, ""), ENOEXEC);
}

int finit_module(const Words&) {
    return judge_by_errno(syscall(SYS_finit_module, open("/proc/self/exe", O_RDONLY), "", 0),
                          ENOEXEC);
}

int delete_module(const Words&) {
    return judge_by_errno(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK), ENOENT);
}

int load_bpf(const Words&) {
    const bpf_insn program[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                                {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attributes.insns = reinterpret_cast<std::uint64_t>(program);
    attributes.insn_cnt = 2;
    attributes.license = reinterpret_cast<std::uint64_t>("GPL");
    return judge(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

int open_perf_event(const Words&) {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_SW_CPU_CLOCK;
    return judge(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0));
}

int add_key(const Words&) {
    return judge(syscall(SYS_add_key, "user", "escape", "1", 1, -2 /* the process's keyring */));
}

int request_key(const Words&) {
    return judge_by_errno(syscall(SYS_request_key, "user", "no such key", nullptr, 0), ENOKEY);
}

int keyctl(const Words&) {
    return judge(syscall(SYS_keyctl, 0 /* get id */, -3 /* of the session's keyring */, 1));
}

// FAMILY TYPE PROTOCOL
int open_socket(const Words& words) {
    return judge(socket(number(words, 1), number(words, 2), number(words, 3)));
}

// FAMILY: by the call of old 32-bit programs, which has its arguments in memory
int open_socket_32([[maybe_unused]] const Words& words) {
#ifdef __x86_64__
    auto* arguments = static_cast<int*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    if (arguments == MAP_FAILED)
        cannot_try(std::strerror(errno));
    arguments[0] = number(words, 1);
    arguments[1] = SOCK_STREAM;
    arguments[2] = 0;
    long result = 102;  // socketcall there
    asm volatile("int $0x80" : "+a"(result) : "b"(1L), "c"(arguments) : "memory");
    result = static_cast<int>(result);
    errno = result < 0 ? static_cast<int>(-result) : 0;
    return judge(result < 0 ? -1 : result);
#else
    cannot_try("no 32-bit calls");
#endif
}

// The time as programs of an old glibc ask for it. It kills them where the kernel has no such page.
int time_by_vsyscall([[maybe_unused]] const Words& words) {
#ifdef __x86_64__
    constexpr std::uintptr_t kTime = 0xffffffffff600400;
    return judge(std::bit_cast<long (*)(long*)>(kTime)(nullptr));
#else
    cannot_try("this architecture has no vsyscalls");
#endif
}

// FAMILY: by socket(2) of 32-bit programs, with a type that no family has
int open_socket_359([[maybe_unused]] const Words& words) {
#ifdef __x86_64__
    long result = 359;  // socket there
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(number(words, 1)), "c"(15L), "d"(0L)
                 : "memory", "r8", "r9", "r10", "r11");
    result = static_cast<int>(result);
    errno = result < 0 ? static_cast<int>(-result) : 0;
    return judge_by_errno(result < 0 ? -1 : result, EINVAL);
#else
    cannot_try("no 32-bit calls");
#endif
}

// add_key(2) by the way of 32-bit programs: the filter must know it, too.
int add_key_32([[maybe_unused]] const Words& words) {
#ifdef __x86_64__
    auto* text = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    if (text == MAP_FAILED)
        cannot_try(std::strerror(errno));
    std::memcpy(text, "user\0escape\0", 12);
    long result = 286;  // add_key there
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(text), "c"(text + 5), "d"(text), "S"(1L), "D"(-2L)
                 : "memory", "r8", "r9", "r10", "r11");
    result = static_cast<int>(result);
    errno = result < 0 ? static_cast<int>(-result) : 0;
    return judge(result < 0 ? -1 : result);
#else
    cannot_try("not on this architecture");
#endif
}

int open_userfaultfd(const Words&) {
    return judge(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
}

int set_clock(const Words&) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return judge(clock_settime(CLOCK_REALTIME, &now));
}

int set_time_of_day(const Words&) {
    timeval now{};
    gettimeofday(&now, nullptr);
    return judge(syscall(SYS_settimeofday, &now, nullptr));
}

int adjust_clock(const Words& words) {
    timex values{};
    if (syscall(SYS_clock_adjtime, CLOCK_REALTIME, &values) < 0 && errno != EPERM)
        cannot_try(std::strerror(errno));
    values.modes = ADJ_TICK;  // as it is
    if (values.tick == 0)
        values.tick = 10000;
    return judge(argument(words, 0) == "adjtimex" ? syscall(SYS_adjtimex, &values)
                                                  : syscall(SYS_clock_adjtime, 0, &values));
}

int raise_io_level(const Words&) {
    return judge(syscall(SYS_iopl, 3));
}

int open_ports(const Words&) {
    return judge(syscall(SYS_ioperm, 0x80, 1, 1));
}

int read_kernel_log(const Words&) {
    static char text[65536];
    return judge(syscall(SYS_syslog, 3, text, sizeof text));
}

int set_console_level(const Words& words) {
    return judge(syscall(SYS_syslog, 8, nullptr, number(words, 1)));
}

int swap_off(const Words&) {
    return judge_by_errno(swapoff("/no such file"), ENOENT);
}

int swap_on(const Words& words) {
    const int result = swapon(argument(words, 1).c_str(), 0);
    if (result == 0)
        (void)swapoff(argument(words, 1).c_str());
    return judge(result);
}

int switch_accounting(const Words&) {
    return judge(acct(nullptr));
}

int control_quota(const Words&) {
    return judge(syscall(SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), nullptr, 0, nullptr));
}

// Not the one that ends a VPS: "what ctrl-alt-del does", as systemd set it.
int forbid_ctrl_alt_del(const Words&) {
    return judge(reboot(RB_DISABLE_CAD));
}

int reboot_now(const Words&) {
    return judge(reboot(RB_AUTOBOOT));
}

int take_all_time(const Words&) {
    sched_param most{};
    most.sched_priority = 50;
    return judge(sched_setscheduler(0, SCHED_FIFO, &most));
}

int take_priority(const Words&) {
    return judge(setpriority(PRIO_PROCESS, 0, -20));
}

int avoid_oom_killer(const Words&) {
    return write_text({"", "/proc/self/oom_score_adj", "-1000"});
}

int raise_limit(const Words&) {
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    limit.rlim_max = limit.rlim_max == RLIM_INFINITY ? RLIM_INFINITY : limit.rlim_max * 2;
    limit.rlim_cur = limit.rlim_max;
    return judge(setrlimit(RLIMIT_MEMLOCK, &limit));
}

// ---- other processes ----------------------------------------------------------------------------

int trace_process(const Words& words) {
    const auto pid = static_cast<pid_t>(number(words, 1));
    const long result = ptrace(PTRACE_SEIZE, pid, 0, 0);
    return judge(result);
}

int read_memory(const Words& words) {
    char byte = 0;
    iovec here{&byte, 1}, there{nullptr, 1};
    // Address 0 holds nothing: EFAULT comes after the permission.
    return judge_by_errno(
        process_vm_readv(static_cast<pid_t>(number(words, 1)), &here, 1, &there, 1, 0), EFAULT);
}

int signal_process(const Words& words) {
    return judge(kill(static_cast<pid_t>(number(words, 1)), 0));
}

int open_pidfd(const Words& words) {
    return judge(syscall(SYS_pidfd_open, number(words, 1), 0));
}

// Anybody whose command line has WORD in it, but ourselves and our shell.
int see_process(const Words& words) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid == 0 || pid == getpid() || pid == getppid())
            continue;
        std::ifstream file(entry.path() / "cmdline");
        std::string text((std::istreambuf_iterator<char>(file)), {});
        std::replace(text.begin(), text.end(), '\0', ' ');
        if (text.find(argument(words, 1)) != std::string::npos &&
            text.find("see-process") == std::string::npos)
            return worked("process %d: %s", pid, text.c_str());
    }
    return refused("not seen");
}

int enter_namespace(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_RDONLY | O_CLOEXEC);
    struct stat there = {};
    struct stat here = {};
    if (fd < 0 || fstat(fd, &there) < 0)
        return refused_by_errno();
    const fs::path ours = fs::path("/proc/self/ns") / fs::path(argument(words, 1)).filename();
    if (stat(ours.c_str(), &here) == 0 && here.st_ino == there.st_ino)
        return refused("it is our own");
    return judge(setns(fd, 0));
}

int climb_namespaces(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_RDONLY | O_CLOEXEC);
    return fd < 0 ? refused_by_errno() : judge(ioctl(fd, NS_GET_PARENT));
}

int climb_user_namespaces(const Words& words) {
    const int fd = open(argument(words, 1).c_str(), O_RDONLY | O_CLOEXEC);
    const int owner = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS);
    if (owner < 0)
        return refused_by_errno();
    return judge(ioctl(owner, NS_GET_PARENT));
}

// A user namespace below ours gets ids that we do not have.
int widen_map(const Words& words) {
    int ready[2], done[2];
    if (pipe(ready) < 0 || pipe(done) < 0)
        cannot_try(std::strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        char byte = unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        close(done[1]);
        (void)!read(done[0], &byte, 1);
        _exit(0);
    }
    char byte = 'n';
    if (read(ready[0], &byte, 1) != 1 || byte != 'y')
        cannot_try("no user namespace");
    const std::string file = "/proc/" + std::to_string(child) + "/uid_map";
    const int outcome = write_text({"", file, argument(words, 1)});
    close(done[1]);
    (void)waitpid(child, nullptr, 0);
    return outcome;
}

// ---- sockets, IPC, terminals --------------------------------------------------------------------

socklen_t fill(sockaddr_un& address, const std::string& name) {
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.c_str(), std::min(name.size(), sizeof address.sun_path - 1));
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (name[0] != '@')
        return length + 1;
    address.sun_path[0] = '\0';
    return length;
}

int connect_unix(const Words& words) {
    sockaddr_un address{};
    const socklen_t length = fill(address, argument(words, 1));
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
        const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        if (fd < 0)
            cannot_try(std::strerror(errno));
        if (connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0)
            return worked("connected");
        if (errno != EPROTOTYPE)
            break;
    }
    return refused_by_errno();
}

sockaddr_in loopback(long port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int connect_tcp(const Words& words) {
    const sockaddr_in address = loopback(number(words, 1));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return judge(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

int find_shared_memory(const Words& words) {
    return judge(shmget(static_cast<key_t>(number(words, 1)), 1, 0));
}

int open_terminal(int* slave = nullptr) {
    const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int locked = 0, index = -1;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0 || ioctl(master, TIOCGPTN, &index) < 0)
        cannot_try(std::strerror(errno));
    if (slave)
        *slave = open(("/dev/pts/" + std::to_string(index)).c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return index;
}

// serve NAME FILE: what others are to look for, until SIGTERM: a process and an abstract socket of
// that name, port 4242, shared memory of key 4242, a file in /dev/shm, a terminal with a high
// number, which is written to FILE.
int serve(const Words& words) {
    const std::string name = "@" + argument(words, 1);
    sockaddr_un address{};
    const socklen_t length = fill(address, name);
    const sockaddr_in port = loopback(4242);
    const int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(local, reinterpret_cast<sockaddr*>(&address), length) < 0 || listen(local, 8) < 0 ||
        bind(tcp, reinterpret_cast<const sockaddr*>(&port), sizeof port) < 0 || listen(tcp, 8) < 0)
        cannot_try(std::strerror(errno));
    const int memory = shmget(4242, 4096, IPC_CREAT | 0666);
    if (memory < 0)
        cannot_try(std::strerror(errno));
    (void)shmat(memory, nullptr, 0);
    (void)close(open(("/dev/shm/" + argument(words, 1)).c_str(), O_CREAT | O_WRONLY, 0666));
    int terminal = 0;
    for (int i = 0; i < 12; ++i)
        terminal = open_terminal();
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, nullptr);
    std::ofstream(argument(words, 2)) << terminal << "\n";
    int signal = 0;
    (void)sigwait(&end, &signal);
    (void)shmctl(memory, IPC_RMID, nullptr);
    (void)unlink(("/dev/shm/" + argument(words, 1)).c_str());
    return 0;
}

int inject_input(int fd) {
    char byte = 'x';
    return ioctl(fd, TIOCSTI, &byte);
}

int inject(const Words&) {
    return judge(inject_input(0));
}

// An operator's terminal, and what is started from it: did anybody type there?
int with_terminal(const Words& words) {
    int slave = -1;
    (void)open_terminal(&slave);
    termios modes{};
    (void)tcgetattr(slave, &modes);
    cfmakeraw(&modes);
    (void)tcsetattr(slave, TCSANOW, &modes);
    const pid_t child = fork();
    if (child == 0) {
        setsid();
        if (ioctl(slave, TIOCSCTTY, 0) < 0 || dup2(slave, 0) < 0)
            cannot_try(std::strerror(errno));
        return run_words(words, 1);
    }
    (void)waitpid(child, nullptr, 0);
    int typed = 0;
    if (ioctl(slave, FIONREAD, &typed) < 0)
        cannot_try(std::strerror(errno));
    return typed > 0 ? worked("%d typed", typed) : refused("nothing typed");
}

// ---- too much -----------------------------------------------------------------------------------

int fork_many(const Words& words) {
    std::vector<pid_t> children;
    int error = 0;
    while (static_cast<long>(children.size()) < number(words, 1)) {
        const pid_t child = fork();
        if (child < 0) {
            error = errno;
            break;
        }
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pause();
            _exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children)
        kill(child, SIGKILL);
    for (const pid_t child : children)
        (void)waitpid(child, nullptr, 0);
    if (error != 0)
        return refused(std::strerror(error) + (" after " + std::to_string(children.size())));
    return worked("%zu processes", children.size());
}

// bomb SECONDS: all forks, again and again, from everybody.
int fork_bomb(const Words& words) {
    const auto end = std::time(nullptr) + number(words, 1);
    signal(SIGCHLD, SIG_IGN);
    while (std::time(nullptr) < end)
        if (fork() < 0)
            usleep(1000);
    _exit(0);
}

int eat_memory(const Words& words) {
    const auto bytes = static_cast<std::size_t>(number(words, 1)) << 20;
    auto* memory = static_cast<char*>(
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (memory == MAP_FAILED)
        cannot_try(std::strerror(errno));
    for (std::size_t at = 0; at < bytes; at += 4096)
        memory[at] = 1;
    return worked("%s MiB", argument(words, 1).c_str());
}

int eat_shared_memory(const Words& words) {
    // We and no other: who has the file does not count for the kernel.
    std::ofstream("/proc/self/oom_score_adj") << "1000";
    const int fd = open("/dev/shm/much", O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    unlink("/dev/shm/much");  // so that it goes with us
    static char block[1 << 20];
    for (long i = 0; i < number(words, 1); ++i)
        if (write(fd, block, sizeof block) != sizeof block)
            return refused_by_errno();
    return worked("%s MiB", argument(words, 1).c_str());
}

// ---- against those who enter --------------------------------------------------------------------

std::string link_of(const std::string& path) {
    std::error_code error;
    return fs::read_symlink(path, error).string();
}

// Pipes, sockets, … lead nowhere; files, directories and devices are told by their paths. What is
// the VPS's own is not ours to hide.
bool leads_to_host(const std::string& path) {
    const std::string target = link_of(path);
    struct stat file = {};
    struct stat root = {};
    if (target.empty() || stat(path.c_str(), &file) < 0 || stat("/", &root) < 0)
        return false;
    const auto type = file.st_mode & S_IFMT;
    if (type != S_IFDIR && type != S_IFREG)
        return false;
    return file.st_dev != root.st_dev && target.find("memfd:") == std::string::npos &&
           target.find("/proc") != 0 && target.find("/dev") != 0;
}

// watch SECONDS FILE: takes all that new processes let one take, until the time is over, and
// notes it.
int watch(const Words& words) {
    const auto end = std::time(nullptr) + number(words, 1);
    std::set<std::string> found;
    std::set<pid_t> old;
    long looks = 0, newcomers = 0;
    for (const auto& entry : fs::directory_iterator("/proc"))
        old.insert(std::atoi(entry.path().filename().c_str()));
    struct stat root {};
    stat("/", &root);
    std::ofstream(argument(words, 2) + ".ready") << "watching\n";
    // Pids come one after the other: the next one is tried before readdir() would show it.
    std::set<pid_t> seen;
    while (std::time(nullptr) < end && access((argument(words, 2) + ".end").c_str(), F_OK) < 0) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator("/proc", error)) {
            const pid_t pid = std::atoi(entry.path().filename().c_str());
            if (pid == 0 || pid == getpid() || old.contains(pid))
                continue;
            newcomers += seen.insert(pid).second;
            const std::string dir = "/proc/" + std::to_string(pid);
            for (int look = 0; look < 50 && access(dir.c_str(), F_OK) == 0; ++look) {
                ++looks;
                struct stat image {};
                const std::string name = link_of(dir + "/exe");
                const int exe = open((dir + "/exe").c_str(), O_RDONLY | O_CLOEXEC);
                if (exe >= 0 && fstat(exe, &image) == 0 && image.st_dev != root.st_dev)
                    found.insert("exe " + name);
                if (exe >= 0)
                    close(exe);
                const bool foreign = exe < 0 || image.st_dev != root.st_dev;
                for (const char* what : {"/cwd", "/root"})
                    if (leads_to_host(dir + what))
                        found.insert(what + (" " + link_of(dir + what)));
                for (const auto& fd : fs::directory_iterator(dir + "/fd", error))
                    if (leads_to_host(fd.path().string()))
                        found.insert("fd " + link_of(fd.path().string()));
                // Processes of the VPS may be traced; only foreign ones count.
                if (!foreign)
                    continue;
                const int memory = open((dir + "/mem").c_str(), O_RDWR | O_CLOEXEC);
                if (memory >= 0 && link_of(dir + "/exe") == name && !name.empty())
                    found.insert("memory of " + name);
                if (memory >= 0)
                    close(memory);
                if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
                    const std::string traced = link_of(dir + "/exe");
                    if (traced == name && !name.empty())
                        found.insert("traced " + name);
                    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
                    (void)waitpid(pid, nullptr, __WALL);
                    ptrace(PTRACE_DETACH, pid, 0, 0);
                }
            }
        }
    }
    std::ofstream file(argument(words, 2));
    file << "seen " << seen.size() << " newcomers " << newcomers << " looks " << looks << "\n";
    for (const std::string& line : found)
        file << line << "\n";
    return 0;
}

// For controls: enters a VPS as a program does that knows nothing of its dangers.
int enter_carelessly(const Words& words) {
    const int target =
        static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(number(words, 1)), 0));
    if (target < 0 || setns(target, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS |
                                        CLONE_NEWIPC | CLONE_NEWNET) < 0)
        cannot_try(std::strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
            cannot_try(std::strerror(errno));
        prctl(PR_SET_DUMPABLE, 1);
        usleep(200'000);
        return run_words(words, 2);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

// For controls: the text of a script as one would hand it over at first thought.
int with_plain_text(const Words& words) {
    const int memory = memfd_create("text", 0);
    if (memory < 0 || write(memory, "text\n", 5) != 5 || dup2(memory, 3) < 0)
        cannot_try(std::strerror(errno));
    return run_words(words, 1);
}

// A hostile shell of the VPS notes all that N.start and N.stop give to it and that it could use.
int report_what_came_in(const std::string& file) {
    std::ofstream report(file);
    for (int fd = 0; fd < 256; ++fd) {
        const std::string path = "/proc/self/fd/" + std::to_string(fd);
        const std::string target = link_of(path);
        if (target.empty() || (report.is_open() && target == file))
            continue;
        report << "fd " << fd << " " << target << "\n";
        if (leads_to_host(path))
            report << "host-fd " << target << "\n";
        struct stat status {};
        if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
            report << "host-fd " << target << "\n";
        if (target.find("memfd:") != std::string::npos) {
            const int again = open(path.c_str(), O_RDWR | O_CLOEXEC);
            if (write(fd, "x", 1) == 1 || (again >= 0 && write(again, "x", 1) == 1))
                report << "script-text-written\n";
            if (again >= 0)
                close(again);
        }
        if (isatty(fd))
            report << "terminal " << target << "\n";
        if (inject_input(fd) == 0)
            report << "injected " << fd << "\n";
    }
    const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal >= 0)
        report << "controlling-terminal\n";
    if (terminal >= 0 && inject_input(terminal) == 0)
        report << "injected /dev/tty\n";
    report << "exe " << link_of("/proc/self/exe") << "\ncwd " << link_of("/proc/self/cwd") << "\n";
    report << "parent " << getppid() << "\nsession " << (getsid(0) == getpid() ? "own" : "another")
           << "\n";
    for (const char* way : {"/proc/self/cwd/../../../../../..", "/proc/self/root/../../.."})
        if (access((std::string(way) + "/opt/vps-tests/attempt").c_str(), F_OK) == 0)
            report << "host-tree " << way << "\n";
    for (char** entry = environ; *entry; ++entry)
        report << "env " << *entry << "\n";
    for (const char* kind : {"CapBnd", "Seccomp", "Groups", "NoNewPrivs"}) {
        std::ifstream status("/proc/self/status");
        for (std::string line; std::getline(status, line);)
            if (line.starts_with(kind))
                report << "status " << line << "\n";
    }
    return 7;
}

int report_there(const Words& words) {
    (void)report_what_came_in(argument(words, 1));
    return 0;
}

// Executed by way of a descriptor or an image that was not the VPS's: as the interpreter of its
// own hostile shell or init.
int reached(const Words&) {
    const int image = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    std::ofstream("/tmp/reached") << "image " << link_of("/proc/self/exe")
                                  << (image < 0 ? " closed" : " open") << "\n";
    return 7;
}

// stop-newcomers SECONDS: each that comes into the VPS's pid namespace from without.
// As an init: from outside it looks like one that has ended and has yet to be reaped.
int lose_main_thread(const Words&) {
    std::thread([] {
        for (;;)
            pause();
    }).detach();
    syscall(SYS_exit, 0);
    return kCannotTry;
}

// As an init: in a user namespace without ids, where nobody can be root.
int go_below(const Words&) {
    if (unshare(CLONE_NEWUSER) < 0)
        return refused(std::strerror(errno));
    for (;;)
        pause();
}

int stop_newcomers(const Words& words) {
    const auto end = std::time(nullptr) + number(words, 1);
    pid_t next = getpid();
    int stopped = 0;
    std::ofstream("/tmp/stopping") << "ready\n";
    while (std::time(nullptr) < end) {
        // Pids come one after the other.
        for (pid_t pid = next + 1; pid < next + 4; ++pid)
            if (kill(pid, SIGSTOP) == 0) {
                ++stopped;
                next = pid;
            }
    }
    std::ofstream("/tmp/stopped") << stopped << "\n";
    return 0;
}

// image-left FD: started by `loader` with a descriptor of the executable that it was loaded for.
int overwrite_image(const Words& words) {
    const std::string path =
        "/proc/self/fd/" + std::to_string(std::atoi(argument(words, 1).c_str()));
    const std::string image = link_of(path);
    std::ofstream("/tmp/reached") << "image " << image << "\n";
    if (fork() != 0)
        _exit(7);
    setsid();
    // While somebody executes it the answer is ETXTBSY, whoever asks.
    int fd = -1;
    for (int i = 0; i < 200 && fd < 0 && (i == 0 || errno == ETXTBSY); ++i, usleep(20'000))
        fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    std::ofstream("/tmp/image-written.new")
        << (fd < 0 ? std::string("refused: ") + std::strerror(errno) : "works: " + image) << "\n";
    std::rename("/tmp/image-written.new", "/tmp/image-written");
    return 0;
}

// ---- all of them --------------------------------------------------------------------------------

struct Row {
    const char* name;
    int (*run)(const Words&);
};

constexpr std::array kAttempts{
    Row{"read", open_to_read},
    Row{"open-to-write", open_to_write},
    Row{"write", write_text},
    Row{"mknod", make_node},
    Row{"find", find_path},
    Row{"immutable", set_immutable},
    Row{"freeze", freeze},
    Row{"trusted", set_trusted_attribute},
    Row{"handle", open_by_handle},
    Row{"become-root", become_root},
    Row{"capabilities", give_capabilities},
    Row{"sweep-open", sweep_open},
    Row{"sweep-change", sweep_change},
    Row{"remount", remount_file_system},
    Row{"remount-ro", remount_read_only},
    Row{"reconfigure", reconfigure},
    Row{"mount", mount_it},
    Row{"release-agent", set_release_agent},
    Row{"cgroups", find_in_cgroups},
    Row{"break-chroot", break_chroot},
    Row{"climb", climb},
    Row{"uncover", uncover},
    Row{"in-half-left-tree", in_half_left_tree},
    Row{"in-moved-root", in_moved_root},
    Row{"in-chroot", in_chroot},
    Row{"kexec_load", kexec_load},
    Row{"kexec_file_load", kexec_file_load},
    Row{"init_module", init_module},
    Row{"finit_module", finit_module},
    Row{"delete_module", delete_module},
    Row{"bpf", load_bpf},
    Row{"perf_event_open", open_perf_event},
    Row{"add_key", add_key},
    Row{"add_key-32", add_key_32},
    Row{"request_key", request_key},
    Row{"keyctl", keyctl},
    Row{"socket", open_socket},
    Row{"socket-32", open_socket_32},
    Row{"socket-359", open_socket_359},
    Row{"time-by-vsyscall", time_by_vsyscall},
    Row{"userfaultfd", open_userfaultfd},
    Row{"clock_settime", set_clock},
    Row{"settimeofday", set_time_of_day},
    Row{"adjtimex", adjust_clock},
    Row{"clock_adjtime", adjust_clock},
    Row{"iopl", raise_io_level},
    Row{"ioperm", open_ports},
    Row{"syslog", read_kernel_log},
    Row{"syslog-level", set_console_level},
    Row{"swapon", swap_on},
    Row{"swapoff", swap_off},
    Row{"acct", switch_accounting},
    Row{"quotactl", control_quota},
    Row{"ctrl-alt-del", forbid_ctrl_alt_del},
    Row{"reboot", reboot_now},
    Row{"sched-fifo", take_all_time},
    Row{"nice", take_priority},
    Row{"oom_score_adj", avoid_oom_killer},
    Row{"rlimit", raise_limit},
    Row{"ptrace", trace_process},
    Row{"process_vm_readv", read_memory},
    Row{"signal", signal_process},
    Row{"pidfd_open", open_pidfd},
    Row{"see-process", see_process},
    Row{"setns", enter_namespace},
    Row{"parent-namespace", climb_namespaces},
    Row{"parent-user-namespace", climb_user_namespaces},
    Row{"widen-map", widen_map},
    Row{"connect", connect_unix},
    Row{"connect-tcp", connect_tcp},
    Row{"shm", find_shared_memory},
    Row{"serve", serve},
    Row{"tiocsti", inject},
    Row{"with-terminal", with_terminal},
    Row{"forks", fork_many},
    Row{"fork-bomb", fork_bomb},
    Row{"eat", eat_memory},
    Row{"eat-shm", eat_shared_memory},
    Row{"watch", watch},
    Row{"stop-newcomers", stop_newcomers},
    Row{"lose-main-thread", lose_main_thread},
    Row{"own-user-namespace", go_below},
    Row{"enter-carelessly", enter_carelessly},
    Row{"with-plain-text", with_plain_text},
    Row{"report", report_there},
    Row{"reached", reached},
    Row{"image-left", overwrite_image},
};

// Does the step that may come before an attempt; the step need not work.
bool prepare(Words& words) {
    const std::string& first = argument(words, 0);
    std::size_t length = 2;
    if (first == "own-mounts") {
        // The root of a VPS can do that, and what is tried does not last.
        if (unshare(CLONE_NEWNS) < 0)
            cannot_try(std::strerror(errno));
        (void)mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr);
        length = 1;
    } else if (first == "drop") {
        while (umount2(argument(words, 1).c_str(), MNT_DETACH) == 0) {
            // A bind on a bind: all of them, but never /proc itself.
        }
    } else if (first == "writable") {
        (void)mount(nullptr, argument(words, 1).c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr);
    } else if (first == "fresh") {  // fresh TYPE PATH
        (void)mkdir(argument(words, 2).c_str(), 0755);
        (void)mount("none", argument(words, 2).c_str(), argument(words, 1).c_str(), 0, nullptr);
        length = 3;
    } else {
        return false;
    }
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(length));
    return true;
}

}  // namespace

int main(int argc, char** argv) try {
    if (std::string_view(argv[0]).ends_with("/sh") || std::string_view(argv[0]).ends_with("/bash"))
        return report_what_came_in("/tmp/shell-report");
    Words words(argv + 1, argv + argc);
    while (prepare(words)) {
    }
    for (const Row& row : kAttempts)
        if (words[0] == row.name) {
            const int outcome = row.run(words);
            std::fflush(stdout);
            return outcome;
        }
    cannot_try("there is no " + words[0]);
} catch (const std::exception& error) {
    cannot_try(error.what());
}
