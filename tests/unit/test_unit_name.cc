#include <gtest/gtest.h>

#include "systemd/unit_name.hh"

namespace vps {

TEST(UnitName, IsWhatTheManualSays) {
    const auto veid = *Veid::parse("101");
    EXPECT_EQ(service_unit(veid), "vps@101.service");
    EXPECT_EQ(onboot_unit(veid), "vps-onboot@101.service");
    EXPECT_EQ(slice_unit(veid), "vps-101.slice");
    EXPECT_EQ(scope_unit(veid), "vps-101.scope");
    EXPECT_EQ(bootorder_target(0), "vps-bootorder-0.target");
    EXPECT_EQ(bootorder_target(4294967295), "vps-bootorder-4294967295.target");
}

TEST(UnitName, TellsTheVpsOfASlice) {
    EXPECT_EQ(veid_of_slice("vps-101.slice"), Veid::parse("101"));
    for (const char* other : {"vps.slice", "vps-.slice", "vps-101.scope", "vps-101", "101.slice",
                              "vps-007.slice", "vps-0.slice", "vps-1-2.slice", "xvps-101.slice"})
        EXPECT_FALSE(veid_of_slice(other)) << other;
}

}  // namespace vps
