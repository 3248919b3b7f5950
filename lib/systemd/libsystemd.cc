#include "systemd/libsystemd.hh"

#include <dlfcn.h>

#include <string>

#include "sys/error.hh"
#include "sys/process.hh"

namespace vps {

namespace {

void* library = nullptr;  // never closed

}  // namespace

void load_libsystemd() {
    if (library)
        return;
    if (is_clone())
        throw Error(ExitCode::System, "libsystemd is wanted where it must not be loaded");
    library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        throw Error(ExitCode::System,
                    std::string("load libsystemd (package libsystemd0): ") + dlerror());
}

void* find_in_libsystemd(const char* name) {
    load_libsystemd();
    void* found = dlsym(library, name);
    if (!found)
        throw Error(ExitCode::System, std::string("use libsystemd: ") + dlerror());
    return found;
}

}  // namespace vps
