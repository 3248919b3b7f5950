// take WHAT MOST [FILE]: takes one after the other, MOST at most, of what a limit counts, and
// prints how many it got and what stopped it. Scenarios run it in VPSes; it is statically linked,
// so that it runs in each.
//
// files      open files, those that it was started with counted in
// locked     pages locked into memory
// segments   pages of shared memory (System V)
// signals    signals that wait to be delivered
// terminals  pseudoterminals
// reads, writes  of 4 KiB of FILE, directly from or to its disk

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

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
    int taken = what == "files" ? 3 : 0;
    const int most = std::atoi(argv[2]);
    while (taken < most && take_one(what, taken, file))
        ++taken;
    const char* reason = taken < most ? std::strerror(errno) : "";
    std::printf("%d%s%s\n", taken, *reason ? " " : "", reason);
    if (what == "segments")
        for (int i = 0; i < taken; ++i)
            shmctl(segments[i], IPC_RMID, nullptr);
    return 0;
}
