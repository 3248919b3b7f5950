#include "state/root_bounds.hh"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "state/place.hh"
#include "state/state.hh"
#include "sys/error.hh"

namespace vps {

namespace {

struct Root {
    std::string name;   // as a configuration or a script writes it
    std::string place;  // without symbolic links
};

// The roots of VPSes that are mounted, and that of the script that calls us.
std::vector<Root> find_roots() {
    std::vector<Root> roots;
    const auto add = [&](const std::string& name) {
        std::error_code absent;
        if (const auto place = std::filesystem::canonical(name, absent); !absent)
            roots.push_back({std::filesystem::path(name).lexically_normal(), place});
    };
    if (const char* root = std::getenv("VE_ROOT"); root && *root == '/')
        add(root);
    for (const Veid veid : list_active())
        if (const std::optional<VpsState> state = read_state(veid)) {
            add(state->ve_root);
            add(state->mount_point);
        }
    return roots;
}

// Throws Error CannotMount if `name` is a place below a VPS's root by its words, and `place`, which
// it leads to, is not.
void refuse_to_leave(const std::vector<Root>& roots, const std::string& name,
                     const std::string& place) {
    const std::string words = std::filesystem::absolute(name).lexically_normal();
    for (const Root& root : roots)
        if ((is_at_or_below(words, root.name) || is_at_or_below(words, root.place)) &&
            !is_at_or_below(place, root.place))
            throw Error(ExitCode::CannotMount,
                        fmt::format("'{}' leads out of the VPS to '{}', by a symbolic link of the "
                                    "VPS; nothing is mounted there",
                                    name, place));
}

}  // namespace

void refuse_to_leave_roots(const std::string& name, const std::string& place,
                           const std::vector<std::string>& words) {
    const std::vector<Root> roots = find_roots();
    if (roots.empty())
        return;
    refuse_to_leave(roots, name, place);
    for (const std::string& word : words) {
        std::error_code absent;
        if (std::filesystem::canonical(word, absent) == place && !absent)
            refuse_to_leave(roots, word, place);
    }
}

}  // namespace vps
