// alone FILE COMPLAINTS: locks FILE for as long as the VPS lives, in the background; where another
// process has it locked, adds a line to the file COMPLAINTS. The init of a VPS runs it, as the
// judge of whether two inits have one private area. Statically linked.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <string>

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    const int file = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) < 0) {
        const std::string line = "not alone, at " + std::to_string(std::time(nullptr)) + "\n";
        const int complaints = open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        return write(complaints, line.data(), line.size()) < 0 ? 2 : 1;
    }
    if (fork() != 0)
        _exit(0);
    (void)signal(SIGHUP, SIG_IGN);
    for (;;)
        pause();
}
