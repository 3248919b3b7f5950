// A claim is the name of a thing that one VPS at a time can have: /run/vps/KIND/NAME is a symbolic
// link to the VEID, made in one step, so that a start asks for the few names that it wants, however
// many VPSes there are. A claim tells where to look: it counts while the state or the record of
// that VPS says so, too, so that a claim that a crash left behind keeps nobody out. Callers are
// root and one at a time, by a lock of theirs.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/veid.hh"
#include "state/state.hh"

namespace vps {

struct ClaimName {
    const char* kind;  // "addresses"; a directory
    std::string name;  // fit for a file
};

// Whom the claim names. Throws SysError.
std::optional<Veid> find_claim(const ClaimName& name, const std::string& run_dir = kRunDir);

// The VPS that the claim names, where that VPS has the thing by `has`, which reads its state or
// record. One whose state cannot be read better keeps it. Throws SysError.
std::optional<Veid> find_holder(const ClaimName& name, const std::function<bool(Veid)>& has,
                                const std::string& run_dir = kRunDir);

// Replaces that of another VPS. Throws SysError.
void set_claim(const ClaimName& name, Veid veid, const std::string& run_dir = kRunDir);

// Gives up the VPS's claim of the name. A claim of another VPS's stays. Throws SysError.
void drop_claim(const ClaimName& name, Veid veid, const std::string& run_dir = kRunDir);

}  // namespace vps
