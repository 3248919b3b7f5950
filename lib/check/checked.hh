// All that has been checked so far, and what is told once, or compared between VPSes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "check/finding.hh"
#include "state/place.hh"

namespace vps {

// A directory of a VPS that has been checked.
struct CheckedPlace {
    Veid veid;
    std::string_view key;
    Place place;
};

struct Checked {
    std::vector<CheckedFile> files;
    std::vector<StartVerdict> verdicts;
    std::map<std::string, Veid> taken;  // what one VPS at a time can have, and the first with it
    std::vector<CheckedPlace> places;
    std::optional<HostPlaces> host_places;           // looked up for the first VPS
    std::vector<std::string> forwarding;             // missing on this host, said already
    std::optional<std::set<std::string>> clustered;  // VEIDs of a cluster's; read for the first VPS
    bool judged_firewall = false;                    // once for all VPSes
    bool told_of_guard = false;                      // that it does not run
    std::set<std::string> open_ways;  // directories of private areas, and files, told already
    std::set<std::string> shared;     // paths of scripts for all VPSes that are in `files`
};

}  // namespace vps
