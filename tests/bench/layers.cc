// The time that each layer of a VPS's isolation adds to its start: a child is cloned with that
// layer, does what the layer takes between clone and exec, and ends. Interleaved, against a child
// with none.
//
//   layers [ROUNDS]
//
// Needs root and a quiet machine. Prints the minimum and the median of the wall-clock time from
// clone to the end of the child, and how much more that is than without, in microseconds.

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "context/capabilities.hh"
#include "context/launch.hh"
#include "context/syscall_filter.hh"
#include "context/vps_root.hh"
#include "state/id_range.hh"
#include "sys/error.hh"
#include "sys/process.hh"

using namespace vps;

namespace {

constexpr std::uint64_t kPlain = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
constexpr const char* kProgram = "/bin/true";

Fd launcher;
std::vector<std::string> launcher_strings;
std::vector<char*> launcher_words;
char* no_environment[] = {nullptr};

void nothing(pid_t) {}
void map_user_ids(pid_t pid) {
    map_ids(pid, {kFirstId, kFirstId, false});
}
void make_devices(pid_t) {
    (void)make_dev(UserIds{kFirstId, kFirstId, false}, {});
}

int stay() {
    return 0;
}
int execute() {
    char program[] = "true";
    char* argv[] = {program, nullptr};
    return execve(kProgram, argv, no_environment);
}
int execute_by_launcher() {
    return launch(launcher.get(), 1, launcher_words.data(), no_environment);
}
int leave_capabilities() {
    return keep_capabilities(0);
}

int filter_syscalls() {
    return install_syscall_filter(
        {.user_namespace = true, .io_uring = false, .old_32_bit = false, .socket_families = 0});
}

struct Layer {
    const char* name;
    std::uint64_t flags;
    void (*host)(pid_t child);  // what the supervisor does meanwhile
    int (*child)();             // 0: done
    std::size_t without = 0;    // the row that it is compared with
};

const Layer kLayers[] = {
    {"mount, pid, UTS, IPC namespaces", kPlain, nothing, stay},
    {"user namespace and its ids", kPlain | CLONE_NEWUSER, map_user_ids, stay},
    {"network namespace", kPlain | CLONE_NEWNET, nothing, stay},
    {"capability bounding set", kPlain, nothing, leave_capabilities},
    {"seccomp filter", kPlain, nothing, filter_syscalls},
    {"/dev with its nodes", kPlain, make_devices, stay},
    {"exec of a program", kPlain, nothing, execute},
    {"the same by the launcher", kPlain, nothing, execute_by_launcher, 6},
};

double measure(const Layer& layer) {
    const auto begin = std::chrono::steady_clock::now();
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) < 0)
        throw SysError(errno, "make a pipe");
    const Child child = clone_process(layer.flags);
    if (child.pid() == 0) {
        char word = 0;
        close(gate[1]);
        _exit(read(gate[0], &word, 1) == 1 && layer.child() == 0 ? 0 : 1);
    }
    layer.host(child.pid());
    close(gate[0]);
    (void)!write(gate[1], "g", 1);
    close(gate[1]);
    int status = 0;
    if (waitpid(child.pid(), &status, 0) < 0 || status != 0)
        throw Error(ExitCode::System, fmt::format("{}: its child failed", layer.name));
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    return took.count();
}

void run(unsigned rounds) {
    std::vector<std::vector<double>> times(std::size(kLayers));
    for (unsigned round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < std::size(kLayers); ++i)
            times[i].push_back(measure(kLayers[i]));
    for (std::vector<double>& row : times)
        std::sort(row.begin(), row.end());
    fmt::print("{:<34}{:>8}{:>8}{:>15}\n", "us, rounds: " + std::to_string(rounds), "min", "median",
               "more (median)");
    for (std::size_t i = 0; i < std::size(kLayers); ++i) {
        const double median = times[i][rounds / 2];
        fmt::print("{:<34}{:>8.0f}{:>8.0f}{:>15.0f}\n", kLayers[i].name, times[i][0], median,
                   median - times[kLayers[i].without][rounds / 2]);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const unsigned rounds = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 300;
    try {
        launcher = make_launcher();
        launcher_strings = launch_words(0, false, {kProgram}, {"true"});
        for (std::string& word : launcher_strings)
            launcher_words.push_back(word.data());
        launcher_words.push_back(nullptr);
        run(std::max(rounds, 1U));
    } catch (const Error& error) {
        fmt::print(stderr, "layers: {}\n", error.what());
        return static_cast<int>(error.code());
    }
}
