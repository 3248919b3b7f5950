// The program interpreter (PT_INTERP) of a hostile VPS: what the kernel runs first when somebody
// executes a dynamically linked program there, be it one of the host's. It keeps that program's
// file and goes on as `attempt image-left FD`. No libc: it is put where another one would be.

#include <fcntl.h>
#include <sys/syscall.h>

namespace {

long call(long number, long a, long b, long c) {
    long result = number;
    asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

long address(const void* pointer) {
    return reinterpret_cast<long>(pointer);
}

}  // namespace

// The kernel aligns the stack otherwise than a call does.
extern "C" [[noreturn, gnu::force_align_arg_pointer]] void _start() {
    const long fd = call(SYS_open, address("/proc/self/exe"), O_RDONLY, 0);
    if (fd < 0)
        call(SYS_exit_group, 8, 0, 0);
    char digits[3] = {static_cast<char>('0' + fd / 10 % 10), static_cast<char>('0' + fd % 10), 0};
    const char* const arguments[] = {"attempt", "image-left", digits, nullptr};
    const char* const environment[] = {nullptr};
    call(SYS_execve, address("/attempt"), address(arguments), address(environment));
    call(SYS_exit_group, 9, 0, 0);
    __builtin_unreachable();
}
