// vzlist from its command line to what it prints; the program and its tests differ in the host that
// is looked at.
#pragma once

#include <string>

#include "list/gather.hh"

namespace vps {

struct ListAnswer {
    std::string output, error;  // a line of `error` is without its end; empty: none
    int code = 0;               // vzlist's: 0 or 1
};

// Throws Error, for which vzlist's code is 1.
ListAnswer answer_list(int argc, char** argv, const ListPlaces& places = {});

}  // namespace vps
