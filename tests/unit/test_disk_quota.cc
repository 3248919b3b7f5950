#include <gtest/gtest.h>

#include "quota/disk_quota.hh"

namespace vps {

static VpsConfig config_of(BarrierLimit space, std::optional<unsigned> grace) {
    VpsConfig config;
    config.diskspace = space;
    config.quotatime = grace;
    return config;
}

TEST(DiskQuota, IsNoneWithoutLimits) {
    EXPECT_EQ(plan_disk_quota({}).limits, ProjectLimits{});
    VpsConfig config = config_of({100, 200}, 600);
    config.disk_quota = false;
    EXPECT_EQ(plan_disk_quota(config).limits, ProjectLimits{});
    EXPECT_FALSE(plan_disk_quota(config).grace);
    EXPECT_FALSE(plan_disk_quota(config).demanded);
}

TEST(DiskQuota, TakesBarriersAsLimitsWithoutGrace) {
    EXPECT_EQ(plan_disk_quota(config_of({100, 200}, 0)).limits, (ProjectLimits{100, 100, 0, 0}));
    EXPECT_FALSE(plan_disk_quota(config_of({100, 200}, 0)).grace);
    EXPECT_EQ(plan_disk_quota(config_of({100, 200}, 600)).limits, (ProjectLimits{100, 200, 0, 0}));
    EXPECT_EQ(plan_disk_quota(config_of({100, 200}, 600)).grace, 600U);
    EXPECT_EQ(plan_disk_quota(config_of({100, 200}, {})).limits, (ProjectLimits{100, 200, 0, 0}));
    EXPECT_FALSE(plan_disk_quota(config_of({100, 200}, {})).grace);
}

// The kernel takes 0 for no limit at all.
TEST(DiskQuota, MakesNoLimitVanish) {
    const auto limits = [](BarrierLimit space, unsigned grace) {
        return plan_disk_quota(config_of(space, grace)).limits;
    };
    EXPECT_EQ(limits({0, 200}, 0), (ProjectLimits{200, 200, 0, 0}));
    EXPECT_EQ(limits({0, 200}, 600), (ProjectLimits{200, 200, 0, 0}));
    EXPECT_EQ(limits({300, 200}, 600), (ProjectLimits{200, 200, 0, 0}));
    EXPECT_EQ(limits({kUnlimited, 200}, 0), (ProjectLimits{200, 200, 0, 0}));
    EXPECT_EQ(limits({100, kUnlimited}, 0), (ProjectLimits{100, 100, 0, 0}));
    EXPECT_EQ(limits({100, kUnlimited}, 600), (ProjectLimits{100, 0, 0, 0}));
    EXPECT_EQ(limits({kUnlimited, kUnlimited}, 0), ProjectLimits{});
}

TEST(DiskQuota, IsDemandedByTheVpsOwnFile) {
    VpsConfig config = config_of({1, 1}, 0);
    config.disk_quota_from = ConfigFile::Host;
    EXPECT_FALSE(plan_disk_quota(config).demanded);
    config.disk_quota_from = ConfigFile::Vps;
    EXPECT_TRUE(plan_disk_quota(config).demanded);
    config.diskinodes = BarrierLimit{10, 20};
    EXPECT_EQ(plan_disk_quota(config).limits, (ProjectLimits{1, 1, 10, 10}));
}

}  // namespace vps
