#include "libsystemd.hh"

#include <dlfcn.h>

#include <string>

#include "error.hh"

namespace vps {

namespace {

void* library = nullptr;  // never closed
bool may_load = true;

}  // namespace

void load_libsystemd() {
    if (library)
        return;
    if (!may_load)
        throw Error(ExitCode::System, "libsystemd is wanted where it must not be loaded");
    library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        throw Error(ExitCode::System,
                    std::string("load libsystemd (package libsystemd0): ") + dlerror());
}

void never_load_libsystemd() noexcept {
    may_load = false;
}

void* find_in_libsystemd(const char* name) {
    load_libsystemd();
    void* found = dlsym(library, name);
    if (!found)
        throw Error(ExitCode::System, std::string("use libsystemd: ") + dlerror());
    return found;
}

}  // namespace vps
