// The starts of VPSes on this host, foretold: their files are checked, and each start is followed
// as far as it can be told without starting anything. Reads below a root directory; changes
// nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "check/area.hh"
#include "check/finding.hh"
#include "state/place.hh"
#include "sys/error.hh"

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
    std::optional<HostPlaces> host_places;  // looked up for the first VPS
    std::vector<std::string> forwarding;    // missing on this host, said already
    bool judged_firewall = false;           // once for all VPSes
    std::set<std::string> open_ways;        // directories of private areas, told already
    std::set<std::string> shared;           // paths of scripts for all VPSes that are in `files`
};

// Checks vz.conf and the scripts for all VPSes.
void check_host(const std::string& root, Checked& checked);

// Checks N.conf, N's scripts and private area; also scripts for all VPSes that have not been
// checked yet.
void check_vps(Veid veid, const std::string& root, Checked& checked, Depth depth);

// Checks a file by itself: PATH/N.conf (with PATH/../vz.conf, if that exists) or an action script.
// Throws Error Usage for any other.
void check_file(const std::string& path, Checked& checked);

}  // namespace vps
