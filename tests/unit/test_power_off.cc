#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "life/power_off.hh"
#include "life/supervisor.hh"

namespace {

using namespace vps;

TEST(PowerOff, EachKindOfInitHasItsWay) {
    const struct {
        InitIdentity init;
        Ask ask;
        int signal;
    } cases[] = {
        {{"systemd", "init"}, Ask::Signal, 38},
        {{"busybox", "init"}, Ask::Signal, SIGUSR2},
        {{"busybox", "linuxrc"}, Ask::Signal, SIGUSR2},
        {{"busybox", "sh"}, Ask::Signal, SIGTERM},  // a shell script as init
        {{"openrc-init", "init"}, Ask::Signal, SIGTERM},
        {{"init", "init"}, Ask::Program, 0},
        {{"runit", "runit"}, Ask::Program, 0},
        {{"", ""}, Ask::Signal, SIGTERM},
        {{"my-own-init", "x"}, Ask::Signal, SIGTERM},
    };
    for (const auto& test : cases) {
        const PowerOffRow& row = find_power_off(test.init);
        EXPECT_EQ(row.ask, test.ask) << test.init.executable;
        EXPECT_EQ(row.signal, test.signal) << test.init.executable;
    }
}

TEST(PowerOff, AProcessIsIdentifiedByItsExecutable) {
    const InitIdentity self = identify_init(getpid());
    EXPECT_EQ(self.executable, "test-host");
    EXPECT_EQ(self.argument0, "test-host");
    EXPECT_EQ(identify_init(0x7ffffffe).executable, "");
}

TEST(InitEnd, IsWhatRebootMeansInAPidNamespace) {
    EXPECT_EQ(classify_end({0, SIGHUP}), InitEnd::Rebooted);
    EXPECT_EQ(classify_end({0, SIGINT}), InitEnd::PoweredOff);
    EXPECT_EQ(classify_end({0, 0}), InitEnd::PoweredOff);
    EXPECT_EQ(classify_end({1, 0}), InitEnd::Crashed);
    EXPECT_EQ(classify_end({0, SIGSEGV}), InitEnd::Crashed);
}

}  // namespace
