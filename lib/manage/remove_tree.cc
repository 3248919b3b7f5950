#include "manage/remove_tree.hh"

#include <fmt/format.h>

#include "manage/vzctl_code.hh"
#include "sys/error.hh"
#include "sys/program.hh"

namespace vps {

void remove_tree(const std::string& dir) {
    Child child = start_program({"/bin/rm", "-rf", "--one-file-system", "--", dir}, 0);
    if (const ExitStatus status = child.wait().value_or(ExitStatus{}); !status.success())
        throw Error(vzctl_code::kCannotRemove,
                    fmt::format("remove '{}': rm ends with {}", dir, status.to_string()));
}

}  // namespace vps
