#include "context/old_programs.hh"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>

#include "context/init_program.hh"
#include "sys/error.hh"
#include "sys/memory_file.hh"
#include "sys/process.hh"
#include "sys/sys.hh"

namespace vps {

#ifdef __x86_64__
bool has_vsyscall_page() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
        if (line.ends_with("[vsyscall]"))
            return true;
    return false;
}

// exit(0) by the system call of 32-bit programs.
static std::string smallest_32_bit_program() {
    constexpr unsigned char kCode[] = {0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80};
    constexpr Elf32_Addr kPlace = 0x08048000;
    Elf32_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_386;
    header.e_version = EV_CURRENT;
    header.e_entry = kPlace + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
    header.e_phoff = sizeof(Elf32_Ehdr);
    header.e_ehsize = sizeof(Elf32_Ehdr);
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = 1;
    Elf32_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_vaddr = segment.p_paddr = kPlace;
    segment.p_filesz = segment.p_memsz = sizeof header + sizeof segment + sizeof kCode;
    segment.p_flags = PF_R | PF_X;
    segment.p_align = 0x1000;
    std::string program(segment.p_filesz, '\0');
    std::memcpy(program.data(), &header, sizeof header);
    std::memcpy(program.data() + sizeof header, &segment, sizeof segment);
    std::memcpy(program.data() + sizeof header + sizeof segment, kCode, sizeof kCode);
    return program;
}

static bool runs_32_bit_programs() {
    const Fd program = sealed_memory_file("32-bit", smallest_32_bit_program());
    const std::string path = fmt::format("/proc/self/fd/{}", program.get());
    Child child = clone_process();
    if (child.pid() == 0) {
        char* const nothing[] = {nullptr};
        char name[] = "32-bit";
        char* const words[] = {name, nullptr};
        execve(path.c_str(), words, nothing);
        _exit(1);
    }
    return child.wait()->success();
}

KernelForOldPrograms this_kernel() {
    return {has_vsyscall_page(), runs_32_bit_programs()};
}
#else
bool has_vsyscall_page() {
    return true;
}

KernelForOldPrograms this_kernel() {
    return {};
}
#endif

// "libc-2.12.so", "libc-2.12.1.so"
static std::optional<std::pair<unsigned, unsigned>> parse_name(std::string_view name) {
    constexpr std::string_view kBefore = "libc-", kAfter = ".so";
    if (!name.starts_with(kBefore) || !name.ends_with(kAfter))
        return std::nullopt;
    unsigned major = 0, minor = 0;
    const char* const end = name.data() + name.size();
    const auto first = std::from_chars(name.data() + kBefore.size(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.' ||
        std::from_chars(first.ptr + 1, end, minor).ec != std::errc())
        return std::nullopt;
    return std::pair(major, minor);
}

std::optional<std::pair<unsigned, unsigned>> find_glibc_version(FdRef root) {
    // Debian's places since 7, everybody else's.
    for (const char* path : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"}) {
        const Fd library = sys::find_in_root(root, path, O_PATH);
        if (!library)
            continue;
        const std::string found = sys::readlink(fmt::format("/proc/self/fd/{}", library.get()));
        return parse_name(std::string_view(found).substr(found.rfind('/') + 1));
    }
    return std::nullopt;
}

std::optional<std::string> explain_init_32_bit(FdRef root, const KernelForOldPrograms& kernel) {
    if (kernel.programs_32_bit || !is_init_32_bit(root))
        return std::nullopt;
    return "init is a 32-bit program, which this host's kernel does not run; it needs a kernel "
           "with CONFIG_IA32_EMULATION, and ia32_emulation=1 on its command line where the kernel "
           "is told otherwise";
}

std::optional<std::string> explain_vsyscalls(FdRef root, const KernelForOldPrograms& kernel) {
    constexpr std::pair kFirstWithout{2U, 14U};
    const auto version = kernel.vsyscall_page ? std::nullopt : find_glibc_version(root);
    if (!version || *version >= kFirstWithout)
        return std::nullopt;
    return fmt::format(
        "programs of its glibc {}.{} are killed (segmentation fault) by this host's kernel when "
        "they "
        "ask for the time; vsyscall=xonly on the kernel's command line has them run",
        version->first, version->second);
}

std::optional<std::string> explain_mtab(FdRef root) {
    const Fd list = sys::find_in_root(root, "/etc/mtab", O_PATH | O_NOFOLLOW);
    struct stat status {};
    if (!list || fstat(list.get(), &status) < 0 || !S_ISREG(status.st_mode))
        return std::nullopt;
    return "its /etc/mtab is a file: mount and df of old distributions show what it says, and not "
           "what is mounted, unless the VPS's own boot writes it anew; in the VPS, "
           "ln -sf /proc/mounts /etc/mtab mends that";
}

}  // namespace vps
