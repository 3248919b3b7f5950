// Jobs that are waited for, and the ends of a service's commands, from a process in PID 1's place.
#include <gtest/gtest.h>

#include "systemd/unit_job.hh"
#include "systemd_peer.hh"

namespace vps {

namespace {

constexpr const char* kUnitName = "vps@101.service";

TEST(UnitJob, EndsAsSystemdSays) {
    for (const auto& [result, expected] :
         {std::pair("done", JobEnd::Done), std::pair("canceled", JobEnd::Canceled),
          std::pair("failed", JobEnd::Failed), std::pair("timeout", JobEnd::Failed),
          std::pair("dependency", JobEnd::Failed)}) {
        const SystemdPeer peer(
            [&result = result](const Request&) { return job_that_ends(7, result); });
        EXPECT_EQ(do_job(kUnitName, Job::Start, peer.places()), expected) << result;
        EXPECT_EQ(peer.asked(),
                  (std::vector<std::string>{"socket StartUnit vps@101.service replace"}));
    }
}

TEST(UnitJob, TellsWhySystemdTakesNoOrder) {
    const SystemdPeer peer([](const Request&) {
        return refuse("org.freedesktop.systemd1.UnitMasked", "Unit vps@101.service is masked.");
    });
    EXPECT_EQ(text_of_error([&] { (void)do_job(kUnitName, Job::Stop, peer.places()); }),
              "Unit vps@101.service is masked.");
}

// systemd executes itself anew while a job runs: its end is seen by the state of the unit.
TEST(UnitJob, OutlivesALostConnection) {
    struct Case {
        Job job;
        const char* state;
        JobEnd expected;
    };
    for (const Case& c :
         {Case{Job::Start, "active", JobEnd::Done}, Case{Job::Start, "failed", JobEnd::Failed},
          Case{Job::Stop, "inactive", JobEnd::Done}, Case{Job::Stop, "active", JobEnd::Canceled}}) {
        const SystemdPeer peer([&](const Request& request) {
            if (request.method != "Get")
                return Reply{.values = job(7).values,
                             .then = [](sd_bus* bus) { ::sd_bus_close(bus); }};
            if (request.arguments.ends_with("ActiveState"))
                return property("s", c.state);
            return property("(uo)", request.count < 3 ? 7U : 0U,
                            request.count < 3 ? job_path(7) : std::string("/"));
        });
        EXPECT_EQ(do_job(kUnitName, c.job, peer.places()), c.expected) << c.state;
    }
}

TEST(UnitJob, FindsTheCommandsThatFailed) {
    const SystemdPeer peer([](const Request& request) {
        const auto command = [](std::uint64_t began, std::int32_t code, std::int32_t status) {
            return property("a(sasbttttuii)", 1, "/bin/x", 1, "x", 0, began, std::uint64_t{1},
                            began, std::uint64_t{1}, 5U, code, status);
        };
        if (request.arguments.ends_with("ExecStartPre"))
            return command(2000, CLD_EXITED, 43);
        if (request.arguments.ends_with("ExecStart"))
            return command(1999, CLD_EXITED, 79);  // of an earlier time
        if (request.arguments.ends_with("ExecStop"))
            return command(2001, CLD_KILLED, SIGKILL);
        return command(2001, CLD_EXITED, 0);
    });
    const auto failed = find_failed_commands(*Veid::parse("101"), 2000, peer.places());
    ASSERT_EQ(failed.size(), 2U);
    EXPECT_EQ(failed[0].line, "ExecStartPre");
    EXPECT_EQ(failed[0].exit_code, 43);
    EXPECT_EQ(failed[1].line, "ExecStop");
    EXPECT_EQ(failed[1].exit_code, 0);
}

}  // namespace

}  // namespace vps
