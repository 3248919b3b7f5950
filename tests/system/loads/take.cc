// take WHAT MOST [FILE|keep]: takes one after the other, MOST at most, of what a limit counts, and
// prints how many it got and what stopped it; keep: then holds them until it is killed. Scenarios
// run it in VPSes; it is statically linked, so that it runs in each.
//
// files      open files, those that it was started with counted in
// locked     pages locked into memory
// segments   pages of shared memory (System V)
// signals    signals that wait to be delivered
// terminals  pseudoterminals
// inotify    instances
// watches    of inotify, by 100 instances at most
// fanotify   groups
// namespaces of the UTS kind
// timers     of POSIX
// queues     of messages (POSIX)
// reads, writes  of 4 KiB of FILE, directly from or to its disk

#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr int kMostSegments = 4096;
int segments[kMostSegments];

bool take_segment(int taken) {
    if (taken == kMostSegments)
        return false;
    segments[taken] = shmget(IPC_PRIVATE, 1, 0600);
    return segments[taken] >= 0;
}

bool take_page(int) {
    void* page = mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mlock(page, 1) == 0;
}

bool take_signal(int) {
    return sigqueue(getpid(), SIGRTMIN, {}) == 0;
}

// Files without a name: the watch keeps the file.
bool take_watch(int taken) {
    constexpr int kFiles = 2500;
    static std::vector<int> files;
    static int instance = -1;
    const int at = taken % kFiles;
    if (at == 0)
        instance = inotify_init1(IN_CLOEXEC);
    if (taken < kFiles)
        files.push_back(open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    const std::string file = "/proc/self/fd/" + std::to_string(files[static_cast<std::size_t>(at)]);
    return inotify_add_watch(instance, file.c_str(), IN_OPEN) >= 0;
}

bool take_namespace() {
    return unshare(CLONE_NEWUTS) == 0 && open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC) >= 0;
}

bool take_timer() {
    timer_t timer;
    return timer_create(CLOCK_MONOTONIC, nullptr, &timer) == 0;
}

bool take_queue(int taken) {
    mq_attr attributes{};
    attributes.mq_maxmsg = 10;
    attributes.mq_msgsize = 8192;
    const std::string name = "/" + std::to_string(getpid()) + "-" + std::to_string(taken);
    const mqd_t queue = mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, &attributes);
    const int error = errno;
    mq_unlink(name.c_str());  // the descriptor keeps it
    errno = error;
    return queue != static_cast<mqd_t>(-1);
}

// `flags` say which way.
bool transfer(const char* path, int flags) {
    static const int fd = open(path, flags | O_DIRECT | O_DSYNC);
    static void* block = aligned_alloc(4096, 4096);
    return (flags == O_RDONLY ? pread(fd, block, 4096, 0) : pwrite(fd, block, 4096, 0)) == 4096;
}

bool take_one(const std::string& what, int taken, const char* file) {
    if (what == "files")
        return open("/dev/null", O_RDONLY) >= 0;
    if (what == "locked")
        return take_page(taken);
    if (what == "segments")
        return take_segment(taken);
    if (what == "signals")
        return take_signal(taken);
    if (what == "terminals")
        return posix_openpt(O_RDWR | O_NOCTTY) >= 0;
    if (what == "inotify")
        return inotify_init1(IN_CLOEXEC) >= 0;
    if (what == "watches")
        return take_watch(taken);
    if (what == "fanotify")
        return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY) >= 0;
    if (what == "namespaces")
        return take_namespace();
    if (what == "timers")
        return take_timer();
    if (what == "queues")
        return take_queue(taken);
    return transfer(file, what == "reads" ? O_RDONLY : O_WRONLY);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3)
        return 2;
    const std::string what = argv[1];
    const char* file = argc > 3 ? argv[3] : "";
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    const bool keep = std::strcmp(file, "keep") == 0;
    if (rlimit files{}; keep && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    int taken = what == "files" ? 3 : 0;
    const int most = std::atoi(argv[2]);
    while (taken < most && take_one(what, taken, file))
        ++taken;
    const char* reason = taken < most ? std::strerror(errno) : "";
    std::printf("%d%s%s\n", taken, *reason ? " " : "", reason);
    if (keep) {
        (void)fflush(stdout);
        for (;;)
            pause();
    }
    if (what == "segments")
        for (int i = 0; i < taken; ++i)
            shmctl(segments[i], IPC_RMID, nullptr);
    return 0;
}
