#include <gtest/gtest.h>
#include <sys/types.h>

#include "systemd/freezer.hh"

namespace vps {
namespace {

TEST(Freezer, TellsWhoHasFrozenAndTheWayOut) {
    EXPECT_EQ(describe_frozen("/vps.slice/vps-101.slice/vps-101.scope"),
              "is frozen (cgroup '/vps.slice/vps-101.slice/vps-101.scope'); systemctl thaw "
              "vps-101.scope lets it go on");
    EXPECT_EQ(describe_frozen("/vps.slice"),
              "is frozen (cgroup '/vps.slice'); systemctl thaw vps.slice lets it go on");
    EXPECT_EQ(describe_frozen("/vps.slice/vps-101.slice/vps-101.scope/x.slice"),
              "is frozen: the VPS has frozen its own cgroup "
              "'/vps.slice/vps-101.slice/vps-101.scope/x.slice'; a stop thaws it");
}

TEST(Freezer, AProcessThatIsGoneIsNotFrozen) {
    EXPECT_FALSE(find_frozen_cgroup(pid_t{0x7fffffff}));
}

}  // namespace
}  // namespace vps
