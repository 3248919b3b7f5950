#include "life/supervisor.hh"

#include <sys/epoll.h>

#include <array>
#include <csignal>
#include <optional>

#include "sys/caught_signals.hh"
#include "sys/error.hh"

namespace vps {

InitEnd classify_end(const ExitStatus& status) {
    if (status.signal == SIGHUP)
        return InitEnd::Rebooted;
    if (status.signal == SIGINT || status.success())
        return InitEnd::PoweredOff;
    return InitEnd::Crashed;
}

namespace {

// The ids of events. The other descriptors have kOther and the numbers below it, by their index; an
// id below these is the index of a relay.
constexpr std::uint64_t kInit = ~0ULL, kSignal = kInit - 1, kOther = kInit - 2;

void watch(FdRef epoll, FdRef fd, std::uint32_t events, std::uint64_t id) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) < 0)
        throw SysError(errno, "watch");
}

// Reads the signals that have come; returns what they tell the supervisor to do.
std::optional<SupervisionEnd> take_signals(FdRef signals, const std::function<void()>& on_child) {
    std::optional<SupervisionEnd> told;
    sys::take_signals(signals, [&](int signal) {
        if (signal == SIGTERM)
            told = SupervisionEnd::ToldToGo;
        else if (signal == SIGHUP && !told)
            told = SupervisionEnd::ToldToRenew;
    });
    on_child();
    return told;
}

}  // namespace

SupervisionEnd supervise(FdRef init, std::vector<LineRelay>& relays,
                         const std::function<void()>& on_child,
                         const std::vector<Watched>& others) {
    const Fd signals = sys::catch_signals(std::array{SIGTERM, SIGHUP, SIGCHLD});
    const Fd epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll)
        throw SysError(errno, "create epoll");
    watch(epoll, init, EPOLLIN, kInit);
    watch(epoll, signals, EPOLLIN, kSignal);
    for (std::size_t i = 0; i < others.size(); ++i)
        watch(epoll, others[i].fd, others[i].events, kOther - i);
    // Edge-triggered: a console that nobody has open would be "hung up" all the time.
    for (std::size_t i = 0; i < relays.size(); ++i)
        watch(epoll, relays[i].source(), EPOLLIN | EPOLLET, i);

    on_child();  // for signals that came before the watch, and below
    std::vector<bool> readable(relays.size(), true);
    for (bool more = true;;) {
        std::array<epoll_event, 8> events;
        const int count = epoll_wait(epoll.get(), events.data(), events.size(), more ? 0 : -1);
        if (count < 0 && errno != EINTR)
            throw SysError(errno, "wait for events");
        bool ended = false;
        std::optional<SupervisionEnd> told;
        std::vector<bool> happened(others.size());
        for (int i = 0; i < count; ++i) {
            const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
            if (id == kInit)
                ended = true;
            else if (id == kSignal)
                told = take_signals(signals, on_child);
            else if (id > kOther - others.size())
                happened[kOther - id] = true;
            else
                readable[id] = true;
        }
        more = false;
        for (std::size_t i = 0; i < relays.size(); ++i) {
            // Everything that the VPS printed is there to be read when init has ended.
            if (!readable[i] && !ended)
                continue;
            readable[i] = relays[i].pump() == LineRelay::Progress::MoreToRead;
            more |= readable[i];
        }
        for (std::size_t i = 0; i < others.size() && !ended && !told; ++i)
            if (happened[i])
                others[i].on_event();
        if (ended) {
            for (LineRelay& relay : relays)
                relay.finish();
            return SupervisionEnd::InitEnded;
        }
        if (told)
            return *told;
    }
}

}  // namespace vps
