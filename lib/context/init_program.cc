#include "context/init_program.hh"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "sys/guest_file.hh"
#include "sys/sys.hh"

namespace vps {

bool is_init_32_bit(FdRef root) {
    for (const char* path : kInits) {
        const Fd found = sys::find_in_root(root, path, O_PATH);
        if (!found)
            continue;
        const Fd program = open_guest_file(found);
        unsigned char ident[EI_NIDENT];
        return program && pread(program.get(), ident, sizeof ident, 0) == sizeof ident &&
               std::memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS32;
    }
    return false;
}

}  // namespace vps
