// vzubc: the user beancounters of VPSes that run as a table for people, in OpenVZ's columns. Only
// what the kernel counts is in it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "list/list_places.hh"
#include "list/listed_vps.hh"
#include "list/vzlist.hh"

namespace vps {

struct UbcRequest {
    enum class Answer { Table, Help, Version } answer = Answer::Table;
    bool quiet = false;  // only what has failed, or is near its limit
    double held_ratio = 0.8, maxheld_ratio = 0.5;
    std::vector<std::string> watch{};  // the words of watch(1); empty: once
    std::vector<std::string> operands{};
};

// Throws Error Usage.
UbcRequest parse_ubc_request(std::span<const std::string> words);

std::string ubc_help();

// The table; nothing for a VPS that does not run, or of which nothing is to be told.
std::string print_ubc(const std::vector<ListedVps>& vpses, const UbcRequest& request);

// Throws Error.
ListAnswer answer_ubc(const UbcRequest& request, const ListPlaces& places = {});

}  // namespace vps
