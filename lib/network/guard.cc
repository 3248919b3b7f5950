#include "network/guard.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "network/changes.hh"
#include "network/upkeep.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/log.hh"

namespace vps {

namespace {

constexpr const char* kGuard = "vps-network-guard";

// Watches which networks are whole (kWholeDir).
class WholeNetworks {
  public:
    WholeNetworks() : watch_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        if (!watch_)
            throw SysError(errno, "watch networks (sysctl fs.inotify.max_user_instances)");
        sys::mkdir_all(kWholeDir, kRunMode);
        if (inotify_add_watch(watch_.get(), kWholeDir, IN_CREATE | IN_DELETE) < 0)
            throw SysError(errno, "watch", kWholeDir);
    }

    [[nodiscard]] FdRef fd() const { return watch_; }

    [[nodiscard]] static std::set<Veid> list() {
        std::set<Veid> veids;
        std::error_code none;
        for (const auto& entry : std::filesystem::directory_iterator(kWholeDir, none))
            if (const std::optional<Veid> veid = Veid::parse(entry.path().filename().string()))
                veids.insert(*veid);
        return veids;
    }

    // The VPSes whose network has become whole, or is so no more, since the last call.
    [[nodiscard]] std::set<Veid> read() const {
        std::set<Veid> veids;
        alignas(inotify_event) std::array<char, 16 * (sizeof(inotify_event) + NAME_MAX + 1)> buffer;
        for (ssize_t got; (got = ::read(watch_.get(), buffer.data(), buffer.size())) > 0;)
            for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
                inotify_event event{};
                std::memcpy(&event, &buffer[at], sizeof event);
                if (event.mask & IN_Q_OVERFLOW)
                    veids.merge(list());
                else if (const std::optional<Veid> veid = Veid::parse(&buffer[at + sizeof event]))
                    veids.insert(*veid);
                at += sizeof event + event.len;
            }
        return veids;
    }

  private:
    Fd watch_;
};

class Guard {
  public:
    [[noreturn]] void run() {
        look_at(WholeNetworks::list());
        for (;;) {
            std::array<pollfd, 2> waiting{
                {{changes_.fd().get(), POLLIN, 0}, {whole_.fd().get(), POLLIN, 0}}};
            if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
                throw SysError(errno, "wait for changes");
            std::set<Veid> concerned = whole_.read();
            learn(concerned);
            const NetworkChanges changes = changes_.read();
            if (changes.all || changes.ways)
                ways_.reset();
            add_users(changes, concerned);
            look_at(concerned);
        }
    }

  private:
    // Adds the VPSes whose networks the changes can have touched.
    void add_users(const NetworkChanges& changes, std::set<Veid>& concerned) const {
        if (changes.all || changes.ways) {
            for (const auto& [veid, names] : names_)
                concerned.insert(veid);
            return;
        }
        for (const std::string& link : changes.links)
            if (const auto users = users_.find(link); users != users_.end())
                concerned.insert(users->second.begin(), users->second.end());
        if (!chosen_of_all_.empty() &&
            std::any_of(changes.links.begin(), changes.links.end(), std::not_fn(is_of_a_vps)))
            concerned.insert(chosen_of_all_.begin(), chosen_of_all_.end());
    }

    // The names of the host's links that something of the network is on.
    void learn(const std::set<Veid>& veids) {
        for (const Veid veid : veids) {
            told_.erase(veid);
            learn_names(veid);
        }
    }

    void forget_names(Veid veid) {
        chosen_of_all_.erase(veid);
        const auto names = names_.find(veid);
        if (names == names_.end())
            return;
        for (const std::string& name : names->second)
            if (const auto users = users_.find(name); users != users_.end()) {
                users->second.erase(veid);
                if (users->second.empty())
                    users_.erase(users);
            }
        names_.erase(names);
    }

    void learn_names(Veid veid) {
        forget_names(veid);
        const std::optional<NetworkRecord> record =
            is_whole(veid) ? read_network_record(veid) : std::nullopt;
        if (!record)
            return;
        std::set<std::string>& names = names_[veid];
        if (record->choice) {
            names.insert(record->choice->list.begin(), record->choice->list.end());
            if (record->choice->kind == NeighbourDevices::Kind::All)
                chosen_of_all_.insert(veid);
        }
        names.insert(record->neighbour_devices.begin(), record->neighbour_devices.end());
        for (const RecordedLink& link : record->links)
            for (const std::string& name : {link.name, link.bridge})
                if (!name.empty())
                    names.insert(name);
        for (const std::string& name : names)
            users_[name].insert(veid);
    }

    // Reading the host's routes takes the longer the more VPSes have one, and a thousand VPSes may
    // start: one reading serves a second, unless the routes are others before.
    HostWays& find_ways() {
        if (!ways_ || milliseconds_until(ways_until_) == 0) {
            ways_.emplace();
            ways_until_ = deadline_after(1);
        }
        return *ways_;
    }

    void look_at(const std::set<Veid>& veids) {
        for (const Veid veid : veids) {
            const Log log(kGuard, veid, "vps-network-guard.service");
            try {
                if (names_.count(veid) == 0)
                    learn({veid});
                const UpkeepReport report = keep_up_vps(veid, Upkeep::Mend, find_ways());
                tell(veid, report, log);
                if (!report.missing.empty())
                    learn_names(veid);
            } catch (const Error& error) {
                log.say(Level::Error, error.what());
            }
        }
    }

    // Tells once of a part that cannot be made again, and once more when it is made.
    void tell(Veid veid, const UpkeepReport& report, const Log& log) {
        std::string& told = told_[veid];
        const std::string cannot = fmt::format("{}", fmt::join(report.cannot, "; "));
        const bool is_news = report.missing.size() > report.cannot.size() || cannot != told;
        if (!report.missing.empty() && is_news)
            log.say(Level::Warning, describe_mended(report));
        else if (report.missing.empty() && !told.empty())
            log.say(Level::Notice, "its network on the host is whole again");
        told = cannot;
    }

    // The listener comes first: a change while the guard looks at a network is heard.
    ChangeListener changes_;
    WholeNetworks whole_;
    std::map<Veid, std::set<std::string>> names_;
    std::map<std::string, std::set<Veid>> users_;  // of names_, by name
    std::optional<HostWays> ways_;                 // as it was a moment ago
    Deadline ways_until_;
    std::set<Veid> chosen_of_all_;  // all devices of the host answer for these
    std::map<Veid, std::string> told_;
};

}  // namespace

void guard_networks() {
    Guard().run();
}

}  // namespace vps
