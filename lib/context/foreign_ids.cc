#include "context/foreign_ids.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "state/state.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "systemd/cgroup.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr const char* kCgroups = "/sys/fs/cgroup";
// Supervisors and the host's own helpers for VPSes: they run as root, one cgroup for each VPS.
constexpr std::string_view kSupervisors = "system.slice/system-vps.slice";
constexpr std::string_view kVpses = "vps.slice";

class Search {
  public:
    // `way` is the cgroup's, below the root of all: "system.slice".
    void look_into(const std::string& way) {
        const std::string path = way.empty() ? kCgroups : fmt::format("{}/{}", kCgroups, way);
        if (is_empty(path))
            return;
        for (const pid_t pid : processes_in(path))
            note(pid);
        Directory directory(path);  // it may be gone
        while (const dirent* entry = directory.next()) {
            const std::string name = entry->d_name;
            if (entry->d_type != DT_DIR || name == "." || name == "..")
                continue;
            const std::string below = way.empty() ? name : way + "/" + name;
            if (below != kSupervisors && !(way == kVpses && has_claimed_ids(name)))
                look_into(below);
        }
    }

    [[nodiscard]] std::vector<IdRange> found() const {
        std::vector<IdRange> ranges;
        for (const std::uint32_t id : ids_)
            ranges.push_back({id, 1});
        return ranges;
    }

  private:
    // True of the slice of a VPS that has stopped, for instance. The root of all has no such file.
    static bool is_empty(const std::string& path) {
        return is_populated(Fd(open((path + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC))) ==
               false;
    }

    void note(pid_t pid) {
        struct stat status {};
        if (stat(fmt::format("/proc/{}", pid).c_str(), &status) < 0)
            return;
        for (const std::uint32_t id : {status.st_uid, status.st_gid})
            if (id >= kFirstId)
                ids_.insert(id);
    }

    // Not so where the area is shifted on disk, nor where the state is lost or broken.
    static bool has_claimed_ids(std::string_view slice) {
        const std::optional<Veid> veid = veid_of_slice(slice);
        try {
            const auto state = veid ? read_state(*veid) : std::nullopt;
            return state && state->first_id != 0;
        } catch (const Error&) {
            return false;
        }
    }

    std::set<std::uint32_t> ids_;
};

}  // namespace

std::vector<IdRange> find_foreign_ids() {
    Search search;
    search.look_into({});
    return search.found();
}

}  // namespace vps
