#include "snapshot/manager_program.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/program.hh"
#include "sys/sys.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

constexpr std::size_t kMostOutput = 64 << 20;

std::string path_of(const ManagerProgram& program) {
    for (const char* directory : {"/sbin/", "/usr/sbin/", "/bin/", "/usr/bin/"})
        if (const std::string path = directory + program.name; access(path.c_str(), X_OK) == 0)
            return path;
    throw Error(ExitCode::System, fmt::format("there is no program '{}' on this host: install {}",
                                              program.name, program.package));
}

Fd open_memory(const char* name) {
    Fd file(memfd_create(name, MFD_CLOEXEC));
    if (!file)
        throw SysError(errno, "make a file in memory");
    return file;
}

std::string read_back(const Fd& file) {
    if (lseek(file.get(), 0, SEEK_SET) < 0)
        throw SysError(errno, "read what a program has said");
    return sys::read_all(file, "what a program has said", kMostOutput);
}

bool is_warning(const std::string& line) {
    return line.starts_with("WARNING:");
}

}  // namespace

std::string in_one_line(const std::string& said) {
    std::vector<std::string> lines;
    std::istringstream text(said);
    for (std::string line; std::getline(text, line);) {
        const std::size_t first = line.find_first_not_of(" \t");
        const std::size_t last = line.find_last_not_of(" \t\r.");
        if (first != std::string::npos && last != std::string::npos && first <= last)
            lines.push_back(line.substr(first, last - first + 1));
    }
    if (!std::all_of(lines.begin(), lines.end(), is_warning))
        std::erase_if(lines, is_warning);
    return printable(fmt::format("{}", fmt::join(lines, "; ")));
}

std::string run_manager(const ManagerProgram& program, const std::vector<std::string>& words,
                        FdRef held) {
    std::vector<std::string> all{path_of(program)};
    all.insert(all.end(), words.begin(), words.end());
    const std::vector<std::string> settings{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                                            "LVM_SUPPRESS_FD_WARNINGS=1"};
    std::vector<char*> environment = pointers_to(settings);
    const Fd nothing = sys::open("/dev/null", O_RDONLY), out = open_memory("output"),
             errors = open_memory("errors");
    Child child = start_program(all, 0, [&] {
        environ = environment.data();
        return setsid() >= 0 && dup2(nothing.get(), STDIN_FILENO) >= 0 &&
               dup2(out.get(), STDOUT_FILENO) >= 0 && dup2(errors.get(), STDERR_FILENO) >= 0 &&
               (held.get() < 0 || fcntl(held.get(), F_SETFD, 0) == 0);
    });
    child.release();
    const ExitStatus status = child.wait().value_or(ExitStatus{});
    if (status.success())
        return read_back(out);
    const std::string said = in_one_line(read_back(errors));
    const bool has_verb = !words.empty() && !words.front().starts_with('-');
    throw Error(ExitCode::System,
                fmt::format("{}{}: {}", program.name, has_verb ? " " + words.front() : "",
                            said.empty() ? status.to_string() : said));
}

}  // namespace vps
