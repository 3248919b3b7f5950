#include "list/gather.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <span>

#include "config/config_draft.hh"
#include "config/config_text.hh"
#include "config/vps_list.hh"
#include "config/vps_name.hh"
#include "list/cgroup_use.hh"
#include "ploop/area_kind.hh"
#include "ploop/disk_descriptor.hh"
#include "quota/project_quota.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "sys/parts.hh"
#include "sys/sys.hh"
#include "systemd/cgroup.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// Keys that are shown as they were written, beside those of beancounters.
constexpr std::string_view kShownTexts[]{"MOUNT_OPTS",    "ORIGIN_SAMPLE", "OSTEMPLATE", "FEATURES",
                                         "VM_OVERCOMMIT", "NETFILTER",     "CAPABILITY"};

bool is_shown_text(std::string_view key) {
    return std::find(std::begin(kShownTexts), std::end(kShownTexts), key) !=
               std::end(kShownTexts) ||
           std::any_of(kCounters.begin(), kCounters.end(),
                       [&](const CounterName& counter) { return counter.key == key; });
}

std::set<std::string, std::less<>> read_mount_points(const std::string& mountinfo) {
    std::set<std::string, std::less<>> points;
    const std::string text = sys::read_file(mountinfo, 256U << 20U);
    for (const std::string_view line : words_of(text, "\n"))
        if (const std::vector<std::string_view> words = words_of(line, " "); words.size() > 4)
            points.insert(unescape_mountinfo(words[4]));
    return points;
}

double seconds_since_boot() {
    timespec now{};
    (void)clock_gettime(CLOCK_BOOTTIME, &now);  // fails for clocks that do not exist only
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// vz.conf is read once for all VPSes.
class Configurations {
  public:
    Configurations(const std::string& dir, bool texts)
        : dir_(dir), host_(texts ? ConfigDraft::Detail::Lines : ConfigDraft::Detail::Boot) {
        try {
            host_.read(ConfigFile::Host, dir + "/vz.conf",
                       read_config_text(AT_FDCWD, (dir + "/vz.conf").c_str(), dir + "/vz.conf"));
        } catch (const Error&) {
            // VPSes are listed without it, too; their starts tell it.
        }
    }

    // What cannot be read is unset: a start tells that.
    void read(ListedVps& vps) const {
        ConfigDraft draft = host_;
        const std::string path = fmt::format("{}/conf/{}.conf", dir_, vps.veid.value());
        try {
            draft.read(ConfigFile::Vps, path, read_config_text(AT_FDCWD, path.c_str(), path));
        } catch (const Error&) {
            // It runs still, though its file is gone.
        }
        for (const ReadLine& line : draft.lines())
            if (line.key && line.fate == ReadLine::Fate::Counts && is_shown_text(line.key->name))
                vps.texts[line.key->name] = line.value;
        vps.config = std::move(draft).finish(vps.veid);
    }

  private:
    std::string dir_;
    ConfigDraft host_;
};

// A VPS that runs, with the start of its init in clock ticks since the boot.
struct Running {
    std::uint64_t init_start;
    bool is_frozen;
};

class Gatherer {
  public:
    Gatherer(const ListRequest& request, const ListPlaces& places)
        : request_(request),
          places_(places),
          sources_(request.sources()),
          configurations_(places.config, (sources_ & kTexts) != 0),
          cgroups_(open(places.cgroups.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
          now_(places.now ? *places.now : seconds_since_boot()),
          cpus_(places.cpus ? *places.cpus
                            : static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)))) {
        for (const Veid veid : list_active(places.run))
            active_.insert(veid);
    }

    Gathered gather() {
        const std::set<Veid> wanted = candidates();
        const std::vector<Veid> all(wanted.begin(), wanted.end());
        auto parts = in_parts(all.size(), [&](std::size_t first, std::size_t end) {
            return gather_part(std::span(all).subspan(first, end - first));
        });
        Gathered gathered;
        for (Part& part : parts) {
            if (part.failure)
                std::rethrow_exception(part.failure);
            gathered.any |= part.found.any;
            std::move(part.found.vpses.begin(), part.found.vpses.end(),
                      std::back_inserter(gathered.vpses));
        }
        return gathered;
    }

  private:
    struct Part {
        Gathered found{};
        std::exception_ptr failure{};
    };

    Part gather_part(std::span<const Veid> veids) const noexcept {
        Part part;
        try {
            for (const Veid veid : veids) {
                std::optional<ListedVps> vps = look_at(veid);
                part.found.any |= vps.has_value();
                if (vps && is_listed(*vps))
                    part.found.vpses.push_back(std::move(*vps));
            }
        } catch (...) {
            part.failure = std::current_exception();
        }
        return part;
    }

    bool wants_running_only() const {
        return request_.which == ListRequest::Which::Running && request_.operands.empty();
    }

    // Those that have a configuration, and those that run without.
    std::set<Veid> candidates() {
        if (!wants_running_only())
            for (const Veid veid : list_vpses(places_.config + "/conf"))
                configured_.insert(veid);
        std::set<Veid> known = list_slices();
        known.insert(configured_.begin(), configured_.end());
        if (request_.operands.empty())
            return known;
        std::set<Veid> wanted;
        for (const std::string& operand : request_.operands)
            if (const Veid veid = veid_of(operand); known.contains(veid))
                wanted.insert(veid);
        return wanted;
    }

    std::set<Veid> list_slices() const {
        std::set<Veid> slices;
        std::error_code none;  // no slice yet: nothing runs
        for (const auto& entry : std::filesystem::directory_iterator(places_.cgroups, none)) {
            std::string_view name = entry.path().native();
            name.remove_prefix(name.rfind('/') + 1);
            if (!name.starts_with("vps-") || !name.ends_with(".slice"))
                continue;
            name.remove_prefix(4);
            name.remove_suffix(6);
            if (const std::optional<Veid> veid = Veid::parse(name))
                slices.insert(*veid);
        }
        return slices;
    }

    Veid veid_of(const std::string& operand) const {
        if (const std::optional<Veid> veid = Veid::parse(operand))
            return *veid;
        const std::vector<Veid> named = find_named(operand, places_.config);
        if (named.size() != 1)
            throw Error(ExitCode::Usage,
                        named.empty() ? fmt::format("CT ID {} is invalid", operand)
                                      : fmt::format("CT ID {} is invalid: VPSes {} and {} have "
                                                    "that NAME",
                                                    operand, named[0].value(), named[1].value()));
        return named.front();
    }

    // Of a VPS that is listed in any case, and only by its configuration, it is not.
    bool is_status_wanted(Veid veid) const {
        return (sources_ & kStatus) != 0 || request_.which != ListRequest::Which::All ||
               !configured_.contains(veid);
    }

    VpsCgroups cgroups_of(Veid veid) const {
        const std::string slice = slice_unit(veid);
        return {cgroups_, slice, slice + "/" + scope_unit(veid)};
    }

    // Nothing for what is no VPS: a slice that systemd has yet to forget, for instance.
    std::optional<ListedVps> look_at(Veid veid) const {
        ListedVps vps{.veid = veid, .host_cpus = cpus_};
        const VpsCgroups cgroups = cgroups_of(veid);
        std::optional<Running> running =
            is_status_wanted(veid) ? find_running(veid, cgroups) : std::nullopt;
        if (!running && (wants_running_only() || !configured_.contains(veid)))
            return std::nullopt;
        configurations_.read(vps);
        if (!running && !has_private_area(vps.config))
            running = find_running(veid, cgroups);
        if ((sources_ & kLayout) != 0)
            vps.is_ploop = is_ploop(vps.config);
        read_limits(vps, running.has_value());
        if (running)
            look_at_running(vps, *running, cgroups);
        else if (is_mounted(vps))
            vps.status = StatusWord::Word::Mounted;
        if ((sources_ & kDisk) != 0)
            read_disk(vps);
        return vps;
    }

    // By its scope: processes are there from the start to the end of a VPS, and the state tells
    // whether init is one of them. A state that is lost, or is another's, is looked into.
    std::optional<Running> find_running(Veid veid, const VpsCgroups& cgroups) const {
        const ScopeState scope = read_scope(cgroups);
        if (!scope.is_populated)
            return std::nullopt;
        const std::optional<VpsState> state = read_state_if_there(veid);
        if (state && state->phase != Phase::Running && state->phase != Phase::Stopping)
            return std::nullopt;
        if (state && state->init_pid != 0)
            return Running{state->init_start, scope.is_frozen};
        const FoundVps found = places_.find(veid);
        if (!found.init)
            return std::nullopt;
        return Running{found.state->init_start, scope.is_frozen};
    }

    std::optional<VpsState> read_state_if_there(Veid veid) const {
        if (!active_.contains(veid))
            return std::nullopt;
        try {
            return read_state(veid, places_.run);
        } catch (const Error&) {
            return std::nullopt;  // one that cannot be read
        }
    }

    // OpenVZ lists nothing of a stopped VPS whose private area is gone.
    bool is_listed(const ListedVps& vps) const {
        if (!vps.runs() && !has_private_area(vps.config))
            return false;
        if (request_.which == ListRequest::Which::NotRunning &&
            vps.status == StatusWord::Word::Running)
            return false;
        return matches(request_.hostname, vps.config.hostname) &&
               matches(request_.name, vps.config.name) &&
               matches(request_.description, vps.config.description);
    }

    static bool matches(const std::optional<std::string>& pattern,
                        const std::optional<std::string>& text) {
        return !pattern || (text && fnmatch(pattern->c_str(), text->c_str(), 0) == 0);
    }

    bool has_private_area(const VpsConfig& config) const {
        return config.ve_private && access((places_.root + *config.ve_private).c_str(), F_OK) == 0;
    }

    bool is_ploop(const VpsConfig& config) const {
        if (config.layout != Layout::Unset)
            return config.layout == Layout::Ploop;
        return config.ve_private &&
               access(fmt::format("{}{}/{}/{}", places_.root, *config.ve_private, kDiskDirectory,
                                  kDescriptor)
                          .c_str(),
                      F_OK) == 0;
    }

    // By the path of the configuration, or the one that symbolic links led to at the mount. The
    // table of mounts is long where many VPSes run, and is not read where all do.
    bool is_mounted(const ListedVps& vps) const {
        if ((sources_ & kStatus) == 0)
            return false;
        std::call_once(mounts_read_, [&] { mount_points_ = read_mount_points(places_.mounts); });
        if (vps.config.ve_root && mount_points_.contains(*vps.config.ve_root))
            return true;
        const std::optional<VpsState> state = read_state_if_there(vps.veid);
        return state && mount_points_.contains(state->mount_point);
    }

    // A limit that is not set is none for a VPS that runs, and nothing for one that does not.
    static void read_limits(ListedVps& vps, bool runs) {
        for (std::size_t at = 0; at < kCounters.size(); ++at) {
            Beancounter& counter = vps.counters[at];
            BarrierLimit pair{0, 0};
            const auto text = vps.texts.find(kCounters[at].key);
            if (text == vps.texts.end() ||
                read_barrier_limit(pair, text->second, kCounters[at].unit).grade == Verdict::Bad)
                pair.barrier = pair.limit = runs ? kUnlimited : 0;
            counter.barrier = std::min(pair.barrier, kNoLimit);
            counter.limit = std::min(pair.limit, kNoLimit);
            counter.is_idle = !runs;
        }
    }

    void look_at_running(ListedVps& vps, const Running& running, const VpsCgroups& cgroups) const {
        static const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
        vps.status = running.is_frozen ? StatusWord::Word::Suspended : StatusWord::Word::Running;
        vps.uptime = std::max(0.0, now_ - static_cast<double>(running.init_start) / ticks);
        read_use(cgroups, sources_, vps.counters);
        if ((sources_ & kLoad) != 0)
            vps.load = count_load(cgroups, places_.proc.c_str());
    }

    // By the quota that the kernel keeps; without one, what the configuration says.
    void read_disk(ListedVps& vps) const {
        const VpsConfig& config = vps.config;
        if (vps.is_ploop && read_image(vps))
            return;
        if (read_quota(vps))
            return;
        if (config.diskspace)
            vps.diskspace = {0, config.diskspace->barrier, config.diskspace->limit};
        if (config.diskinodes)
            vps.diskinodes = {0, config.diskinodes->barrier, config.diskinodes->limit};
    }

    // The file system in an image is full when the VPS's disk is.
    bool read_image(ListedVps& vps) const {
        struct statfs disk {};
        if ((!vps.runs() && vps.status != StatusWord::Word::Mounted) || !vps.config.ve_root ||
            statfs((places_.root + *vps.config.ve_root).c_str(), &disk) < 0)
            return false;
        const auto block = static_cast<std::uint64_t>(disk.f_bsize);
        const std::uint64_t size = disk.f_blocks * block / 1024;
        vps.diskspace = {(disk.f_blocks - disk.f_bfree) * block / 1024, size, size};
        vps.diskinodes = {disk.f_files - disk.f_ffree, disk.f_files, disk.f_files};
        return true;
    }

    bool read_quota(ListedVps& vps) const {
        if (!vps.config.ve_private)
            return false;
        const Fd area(open((places_.root + *vps.config.ve_private).c_str(), O_PATH | O_CLOEXEC));
        if (!area)
            return false;
        try {
            const ProjectState project = read_project(area, vps.veid.value());
            const ProjectLimits& limits = project.limits;
            if (limits == ProjectLimits{} && project.files == 0)
                return false;
            vps.diskspace = {project.bytes / 1024, limits.soft_blocks, limits.hard_blocks};
            vps.diskinodes = {project.files, limits.soft_files, limits.hard_files};
            return true;
        } catch (const SysError&) {
            return false;  // a file system without quota
        }
    }

    const ListRequest& request_;
    const ListPlaces& places_;
    const unsigned sources_;
    const Configurations configurations_;
    const Fd cgroups_;
    const double now_;
    const unsigned cpus_;
    std::set<Veid> configured_{}, active_{};
    mutable std::once_flag mounts_read_{};
    mutable std::set<std::string, std::less<>> mount_points_{};
};

// VPSes that are alike stay in the order of their numbers; those without a place in the boot, or
// with the same, in the opposite one, so that "-s -bootorder" is the order of the boot.
void sort_by(const Field& field, std::vector<ListedVps>& vpses) {
    if (field.name == "bootorder")
        std::reverse(vpses.begin(), vpses.end());
    std::stable_sort(vpses.begin(), vpses.end(), [&](const ListedVps& a, const ListedVps& b) {
        return compare(field.value(a), field.value(b)) < 0;
    });
}

}  // namespace

Gathered gather(const ListRequest& request, const ListPlaces& places) {
    Gathered gathered = Gatherer(request, places).gather();
    if (request.sort)
        sort_by(*request.sort, gathered.vpses);
    if (request.reverse)
        std::reverse(gathered.vpses.begin(), gathered.vpses.end());
    return gathered;
}

}  // namespace vps
