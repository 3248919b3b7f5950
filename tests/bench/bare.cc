// The work that the generator cannot do without: reads the files and writes the bytes that a recipe
// names, and nothing else. The measure for tests/bench/generator.
//
//   bare RECIPE OUTPUT-DIRECTORY
//
// The recipe is a list of records, each of NUL-terminated fields: "R" path (read it), "D" path
// (make a directory), "L" path target (make a link), "F" path size, followed by that many bytes
// (write them). All but the first are below the output directory.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

static void require(bool done, const char* path) {
    if (done)
        return;
    perror(path);
    exit(1);
}

static const char* take_field(const char*& at) {
    const char* field = at;
    at += strlen(at) + 1;
    return field;
}

static void read_whole(const char* path) {
    static char buffer[1 << 16];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    require(fd >= 0 && read(fd, buffer, sizeof buffer) >= 0, path);
    close(fd);
}

static void write_whole(int dir_fd, const char* path, const char* bytes, size_t size) {
    const int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    require(fd >= 0 && write(fd, bytes, size) == static_cast<ssize_t>(size), path);
    close(fd);
}

int main(int argc, char** argv) {
    require(argc == 3, "usage: bare RECIPE OUTPUT-DIRECTORY");
    const int recipe = open(argv[1], O_RDONLY | O_CLOEXEC);
    struct stat status {};
    require(recipe >= 0 && fstat(recipe, &status) == 0, argv[1]);
    if (status.st_size == 0)
        return 0;
    const auto size = static_cast<size_t>(status.st_size);
    const auto* at =
        static_cast<const char*>(mmap(nullptr, size, PROT_READ, MAP_PRIVATE, recipe, 0));
    require(at != MAP_FAILED, argv[1]);
    const int dir_fd = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
    require(dir_fd >= 0, argv[2]);

    for (const char* end = at + size; at < end;) {
        const char kind = *take_field(at);
        const char* path = take_field(at);
        if (kind == 'R') {
            read_whole(path);
        } else if (kind == 'D') {
            require(mkdirat(dir_fd, path, 0755) == 0, path);
        } else if (kind == 'L') {
            require(symlinkat(take_field(at), dir_fd, path) == 0, path);
        } else {
            const auto count = strtoul(take_field(at), nullptr, 10);
            write_whole(dir_fd, path, at, count);
            at += count;
        }
    }
}
