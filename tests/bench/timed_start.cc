// Executes a launcher and prints what it has taken, as JSON: when it was executed and when it ended
// (CLOCK_MONOTONIC, nanoseconds), the CPU time of it and its children, the largest of them in KiB.
// It is small itself: a process has at first what the one that it was forked from has.
//
//   timed-start SECONDS PROGRAM ARGUMENT…       past SECONDS it is killed

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

static pid_t child = -1;

static long long now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

static void give_up(int) {
    kill(child, SIGKILL);
}

static double milliseconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

int main(int argc, char** argv) {
    if (argc < 3)
        return 2;
    signal(SIGALRM, give_up);
    const long long begin = now();
    child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    alarm(static_cast<unsigned>(atoi(argv[1])));
    int status = 0;
    rusage usage{};
    while (wait4(child, &status, 0, &usage) != child) {
    }
    const long long end = now();
    fprintf(stderr,
            "\n{\"begin\": %lld, \"end\": %lld, \"status\": %d, \"cpu\": %.3f, \"kib\": %ld}\n",
            begin, end, status, milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime),
            usage.ru_maxrss);
}
