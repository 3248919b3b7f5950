#include <gtest/gtest.h>

#include "state/reboot_rate.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

TEST(RebootRate, AStormIsFiveWithinTenSeconds) {
    const TemporaryDirectory run;
    const Veid veid = *Veid::parse("101");
    std::filesystem::create_directory(run.path() + "/101");
    for (unsigned i = 1; i < kRebootBurst; ++i)
        EXPECT_EQ(note_reboot(veid, run.path()), RebootRate::Usual) << i;
    EXPECT_EQ(note_reboot(veid, run.path()), RebootRate::Storm);
    // The file goes with the storm, or by forget_reboots().
    EXPECT_FALSE(std::filesystem::exists(run.path() + "/101/reboots"));
    EXPECT_EQ(note_reboot(veid, run.path()), RebootRate::Usual);
    forget_reboots(veid, run.path());
    EXPECT_TRUE(std::filesystem::is_empty(run.path() + "/101"));
}

TEST(RebootRate, OldRebootsDoNotCount) {
    const TemporaryDirectory run;
    std::filesystem::create_directory(run.path() + "/101");
    (void)run.write("101/reboots", "-20\n-20\n-20\n-20\n-20\n-20\nrubbish");
    EXPECT_EQ(note_reboot(*Veid::parse("101"), run.path()), RebootRate::Usual);
}

}  // namespace
