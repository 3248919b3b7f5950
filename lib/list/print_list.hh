// What vzlist prints, as columns or as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "list/listed_vps.hh"
#include "list/request.hh"

namespace vps {

// One blank between columns, none at the end of a line. Texts that are wider than their column are
// cut, unless the column is the last one or the request says otherwise.
std::string print_columns(const std::vector<ListedVps>& vpses, const ListRequest& request);

std::string print_json(const std::vector<ListedVps>& vpses, const ListRequest& request);

// The names and headers of all fields.
std::string print_fields();

}  // namespace vps
