#include "manage/remove_tree.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "manage/vzctl_code.hh"
#include "sys/error.hh"
#include "sys/program.hh"
#include "sys/progress_line.hh"
#include "sys/remove.hh"
#include "sys/sys.hh"

namespace vps {

// rm's lines, one a file: their words are the VPS's, and nobody reads them.
static void tell_removed(FdRef lines) {
    sys::ProgressLine progress("Removing");
    std::array<char, 65536> buffer;
    std::uint64_t files = 0;
    for (ssize_t got = 0; (got = read(lines.get(), buffer.data(), buffer.size())) > 0;) {
        files += static_cast<std::uint64_t>(std::count(buffer.begin(), buffer.begin() + got, '\n'));
        progress.tell_files(files);
    }
}

// Its errors go there.
static ExitStatus run_rm(const std::string& dir, bool is_told, FdRef errors) {
    auto [lines, theirs] = sys::pipe();
    Child child =
        start_program({"/bin/rm", is_told ? "-rfv" : "-rf", "--one-file-system", "--", dir}, 0,
                      [out = theirs.get(), error = errors.get()] {
                          return dup2(out, STDOUT_FILENO) >= 0 && dup2(error, STDERR_FILENO) >= 0;
                      });
    theirs.reset();
    tell_removed(lines);
    return child.wait().value_or(ExitStatus{});
}

void remove_tree(const std::string& dir, bool is_told) {
    is_told = is_told && isatty(STDERR_FILENO) == 1;
    const ExitStatus status =
        remove_despite_flags(dir, [&](FdRef errors) { return run_rm(dir, is_told, errors); });
    if (!status.success())
        throw Error(vzctl_code::kCannotRemove,
                    fmt::format("remove '{}': rm ends with {}", dir, status.to_string()));
}

}  // namespace vps
