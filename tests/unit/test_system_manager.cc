// Orders to systemd and questions about them, to a process that answers as systemd.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/error.hh"
#include "systemd/system_manager.hh"
#include "systemd_peer.hh"

namespace vps {

namespace {

const Veid kVeid = *Veid::parse("101");
constexpr const char* kUnitName = "vps@101.service";

// The message bus is the peer's.
class OrdersTest : public testing::Test {
  protected:
    static Orders ask(const SystemdPeer& peer) {
        setenv("DBUS_SYSTEM_BUS_ADDRESS", peer.bus_address().c_str(), 1);
        return orders_for(kVeid, peer.places());
    }
    void TearDown() override { unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }
};

std::string property_in(const Request& request) {
    return request.arguments.substr(request.arguments.rfind(' ') + 1);
}

TEST(SystemManager, QueuesJobs) {
    const SystemdPeer peer([](const Request& request) {
        return request.method == "StartUnit"
                   ? job(1)
                   : refuse("org.freedesktop.systemd1.UnitMasked", "Unit is masked.");
    });
    queue_job(kUnitName, Job::Start, peer.places());
    EXPECT_EQ(text_of_error([&] { queue_job(kUnitName, Job::Stop, peer.places()); }),
              "queue a job for vps@101.service: Unit is masked.");
    EXPECT_EQ(peer.asked(), (std::vector<std::string>{"socket StartUnit vps@101.service replace",
                                                      "socket StopUnit vps@101.service replace"}));
}

TEST(SystemManager, AsksAgainWhenSystemdHangsUp) {
    const SystemdPeer peer(
        [](const Request& request) { return request.count < 3 ? hang_up() : job(1); });
    queue_job(kUnitName, Job::Start, peer.places());
    EXPECT_EQ(peer.asked().size(), 3U);
}

TEST(SystemManager, TellsOfAPropertyThatItDoesNotGet) {
    const SystemdPeer peer(
        [](const Request&) { return refuse("org.freedesktop.DBus.Error.AccessDenied", "no"); });
    EXPECT_EQ(text_of_error([&] { (void)host_is_stopping(peer.places()); }),
              "ask systemd for 'SystemState': Permission denied");
}

TEST_F(OrdersTest, AreThoseOfAService) {
    struct Case {
        unsigned job;
        const char* type;
        const char* state;
        const char* expected_job;
        bool expected_stopping;
    };
    for (const Case& c :
         {Case{0, "", "running", "", false}, Case{7, "restart", "degraded", "restart", false},
          Case{7, "stop", "stopping", "stop", true}}) {
        const SystemdPeer peer([&](const Request& request) {
            if (property_in(request) == "Job")
                return property("(uo)", c.job, c.job == 0 ? "/" : job_path(7));
            return property("s", property_in(request) == "JobType" ? c.type : c.state);
        });
        const Orders orders = ask(peer);
        EXPECT_EQ(orders.job, c.expected_job);
        EXPECT_EQ(orders.host_stopping, c.expected_stopping);
        EXPECT_EQ(peer.asked().front(),
                  "bus Get of vps_40101_2eservice org.freedesktop.systemd1.Unit Job");
    }
}

TEST_F(OrdersTest, AreReadAgainWhenAJobEndsMeanwhile) {
    const SystemdPeer peer([](const Request& request) {
        if (property_in(request) == "Job")
            return request.count == 1 ? property("(uo)", 7U, job_path(7))
                                      : property("(uo)", 0U, "/");
        if (property_in(request) == "JobType")
            return refuse("org.freedesktop.DBus.Error.UnknownObject", "Unknown object.");
        return property("s", "running");
    });
    EXPECT_EQ(ask(peer).job, "");
}

TEST(SystemManager, KnowsWhetherExecStopWasCalled) {
    for (const std::uint64_t started : {0, 123456}) {
        const SystemdPeer peer([&](const Request&) {
            return property("a(sasbttttuii)", 2,                                            //
                            "/bin/true", 1, "true", 0, std::uint64_t{0}, std::uint64_t{0},  //
                            std::uint64_t{0}, std::uint64_t{0}, 0U, 0, 0,                   //
                            "/usr/lib/systemd-vps/vps-stop", 2, "vps-stop", "101", 0,
                            std::uint64_t{0}, started, std::uint64_t{0}, std::uint64_t{0}, 0U, 0,
                            0);
        });
        EXPECT_EQ(stop_was_called(kVeid, peer.places()), started != 0);
    }
}

// insist_on_start() makes its caller realtime, and its process a child of the caller's parent,
// which is the test here as it is PID 1 on a host. Returns the exit code of the caller.
int insist(bool replacing_start, const SystemdPlaces& places) {
    const pid_t caller = fork();
    if (caller == 0) {
        try {
            insist_on_start(kUnitName, replacing_start, places);
        } catch (const Error& error) {
            fprintf(stderr, "%s\n", error.what());
            _exit(2);
        }
        _exit(0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(caller, &status, 0), caller);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Reaps the process of insist_on_start(): it is done.
void await_insisting() {
    EXPECT_GT(waitpid(-1, nullptr, __WALL), 0);
}

TEST(SystemManager, InsistsOnAStartThatIsReplaced) {
    const SystemdPeer peer([](const Request& request) {
        if (request.method == "Get")
            return property("s", "start");
        return job_that_ends(request.count, request.count < 3 ? "canceled" : "done");
    });
    EXPECT_EQ(insist(false, peer.places()), 0);
    await_insisting();
    const std::string start = "socket StartUnit vps@101.service replace",
                      type = " org.freedesktop.systemd1.Job JobType";
    EXPECT_EQ(peer.asked(), (std::vector<std::string>{start, start, "socket Get of 2" + type, start,
                                                      "socket Get of 3" + type}));
}

TEST(SystemManager, InsistsOnceWhereTheStartFails) {
    const SystemdPeer peer([](const Request&) { return job_that_ends(1, "failed"); });
    EXPECT_EQ(insist(false, peer.places()), 0);
    await_insisting();
    EXPECT_EQ(peer.asked(), std::vector<std::string>{"socket StartUnit vps@101.service replace"});
}

TEST(SystemManager, CancelsAStartBeforeItsOwn) {
    const SystemdPeer peer([](const Request&) { return job_that_ends(1, "done"); });
    EXPECT_EQ(insist(true, peer.places()), 0);
    await_insisting();
    EXPECT_EQ(peer.asked(), (std::vector<std::string>{"socket StopUnit vps@101.service replace",
                                                      "socket StartUnit vps@101.service replace"}));
}

// A restart's job swallows the start.
TEST(SystemManager, CancelsARestartThatTookTheStart) {
    const SystemdPeer peer([](const Request& request) {
        if (request.method == "Get")
            return property("s", request.count == 1 ? "restart" : "start");
        return request.method == "StopUnit"
                   ? job(50)
                   : job_that_ends(request.count, request.count == 1   ? "canceled"
                                                  : request.count == 2 ? "skipped"
                                                                       : "done");
    });
    EXPECT_EQ(insist(false, peer.places()), 0);
    await_insisting();
    std::vector<std::string> asked = peer.asked();
    ASSERT_GE(asked.size(), 5U);
    EXPECT_EQ(asked[3], "socket StopUnit vps@101.service replace");
    EXPECT_EQ(asked[4], "socket StartUnit vps@101.service replace");
}

TEST(SystemManager, QueuesTheStartItselfWhereTheProcessCannot) {
    const SystemdPeer peer(
        [](const Request& request) { return request.count == 1 ? hang_up() : job(1); });
    EXPECT_EQ(insist(false, peer.places()), 0);
    await_insisting();
    EXPECT_EQ(peer.asked(),
              std::vector<std::string>(2, "socket StartUnit vps@101.service replace"));
}

TEST(SystemManager, SaysThatNoStartCanBeQueued) {
    const SystemdPeer peer([](const Request&) {
        return refuse("org.freedesktop.systemd1.UnitMasked", "Unit is masked.");
    });
    EXPECT_EQ(insist(false, peer.places()), 2);
    await_insisting();
}

}  // namespace

}  // namespace vps
