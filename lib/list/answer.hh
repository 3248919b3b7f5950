// What vzlist, vzpid or vzubc prints, and the part that their main functions have in common.
#pragma once

#include <functional>
#include <string>

namespace vps {

struct ListAnswer {
    std::string output, error;  // a line of `error` is without its end; empty: none
    int code = 0;               // 0 or 1
};

// Prints what `answer` returns, or what it throws, with the program's name before it. Returns the
// program's exit code, 1 for what is thrown.
int run_list_program(const char* name, const std::function<ListAnswer()>& answer);

}  // namespace vps
