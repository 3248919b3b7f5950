// vzlist from its command line to what it prints; the program and its tests differ in the host that
// is looked at.
#pragma once

#include "list/answer.hh"
#include "list/gather.hh"

namespace vps {

// Throws Error, for which vzlist's code is 1.
ListAnswer answer_list(int argc, char** argv, const ListPlaces& places = {});

}  // namespace vps
