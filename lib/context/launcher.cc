// The launcher: the one program that runs between a helper's process in a VPS and the VPS's own
// program. The VPS decides which file is executed ("#!/proc/self/exe" as first line of its shell),
// and so can get hold of the program that runs at that moment. That is the launcher, out of a
// sealed memory file, and never one of the host's files. The launcher has no libc, because it is
// copied and executed at each entry.
//
// Words: TAG SHELL PROGRAM… "" ARGV…, see launch.hh. The launcher writes TAG and an errno to the
// descriptor kReport if none of the programs could be executed. None of its words is secret, or to
// be trusted.

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/syscall.h>

#include <cerrno>

namespace {

constexpr long kReport = 4;

long call(long number, long a, long b, long c) {
#if defined(__x86_64__)
    long result = 0;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a), "S"(b), "d"(c)
                 : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
#else
#error "how does this architecture make a system call?"
#endif
}

long address(const void* pointer) {
    return reinterpret_cast<long>(pointer);
}

long execute(const char* program, char** argv, char** envp) {
    return -call(SYS_execve, address(program), address(argv), address(envp));
}

// The errno of the failure, as execvp(3) chooses it: a file that must not be executed outweighs
// files that do not exist. `separator` is the "" before the VPS's words.
long try_programs(char** programs, char** separator, bool by_shell, char** envp) {
    char** const argv = separator + 1;
    const bool own_name = **argv == '\0';
    static char shell[] = "/bin/sh";
    long error = ENOENT;
    for (char** program = programs; program != separator; ++program) {
        if (own_name)
            *argv = *program;
        const long failed = execute(*program, argv, envp);
        if (failed == ENOEXEC && by_shell) {
            *separator = shell;
            *argv = *program;
            (void)execute(shell, separator, envp);
            return ENOEXEC;
        }
        if (failed != EACCES && failed != ENOENT && failed != ENOTDIR)
            return failed;
        if (error != EACCES)
            error = failed;
    }
    return error;
}

int to_number(const char* digits) {
    int number = 0;
    for (; *digits >= '0' && *digits <= '9'; ++digits)
        number = number * 10 + (*digits - '0');
    return number;
}

}  // namespace

extern "C" [[noreturn, gnu::used]] void run_launcher(long* stack) {
    // Nobody in the VPS may look into this process, either.
    (void)call(SYS_prctl, PR_SET_DUMPABLE, 0, 0);
    (void)call(SYS_fcntl, kReport, F_SETFD, FD_CLOEXEC);
    const long argc = stack[0];
    char** const words = reinterpret_cast<char**>(stack + 1);
    char** const envp = words + argc + 1;
    char** separator = words + 2;
    while (separator < words + argc && **separator != '\0')
        ++separator;
    if (separator + 1 < words + argc) {  // else it was no helper that executed the launcher
        const long error = try_programs(words + 2, separator, words[1][0] == 's', envp);
        const int report[2] = {to_number(words[0]), static_cast<int>(error)};
        (void)call(SYS_write, kReport, address(report), sizeof report);
    }
    for (;;)
        (void)call(SYS_exit_group, 127, 0, 0);
}

#if defined(__x86_64__)
asm(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall run_launcher\n");
#elif defined(__aarch64__)
asm(".globl _start\n_start:\n\tmov x0, sp\n\tbl run_launcher\n");
#endif
