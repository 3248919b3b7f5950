#include "manage/remove_tree.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "manage/vzctl_code.hh"
#include "sys/error.hh"
#include "sys/process.hh"

namespace vps {

void remove_tree(const std::string& dir) {
    const std::vector<std::string> words{"rm", "-rf", "--one-file-system", "--", dir};
    const std::vector<char*> argv = pointers_to(words);
    Child child = clone_process();
    if (child.pid() == 0) {
        reset_signals();
        execv("/bin/rm", argv.data());
        _exit(127);
    }
    if (const ExitStatus status = child.wait().value_or(ExitStatus{}); !status.success())
        throw Error(vzctl_code::kCannotRemove,
                    fmt::format("remove '{}': rm ends with {}", dir, status.to_string()));
}

}  // namespace vps
