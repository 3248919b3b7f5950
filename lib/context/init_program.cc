#include "context/init_program.hh"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "sys/sys.hh"

namespace vps {

namespace {

// A regular file only: to open another kind may wait for ever, or do something.
Fd open_program(FdRef found) {
    struct stat status {};
    if (fstat(found.get(), &status) < 0 || !S_ISREG(status.st_mode))
        return {};
    return sys::open("/proc/self/fd/" + std::to_string(found.get()), O_RDONLY | O_NONBLOCK);
}

}  // namespace

bool is_init_32_bit(FdRef root) {
    for (const char* path : kInits) {
        const Fd found = sys::find_in_root(root, path, O_PATH);
        if (!found)
            continue;
        const Fd program = open_program(found);
        unsigned char ident[EI_NIDENT];
        return program && pread(program.get(), ident, sizeof ident, 0) == sizeof ident &&
               std::memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS32;
    }
    return false;
}

}  // namespace vps
