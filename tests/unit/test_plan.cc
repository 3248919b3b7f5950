#include <gtest/gtest.h>

#include <climits>

#include "generator/boot_order.hh"
#include "generator/plan.hh"
#include "generator/write.hh"

namespace vps {

namespace {

ScannedVps make_vps(unsigned veid, std::optional<std::uint32_t> bootorder = {},
                    OnBoot onboot = OnBoot::Yes) {
    ScannedVps vps{*Veid::parse(std::to_string(veid)), {}};
    vps.config.bootorder = bootorder;
    vps.config.onboot = onboot;
    return vps;
}

// "101 >5 @99 <3": VPS 101 starts after level 5 and VPS 99, and before level 3; "-": it does not
// start; "?": it starts only if it ran before.
std::string show(const ScannedHost& host) {
    const auto order = order_boot(host);
    std::string all;
    for (std::size_t i = 0; i < order.places.size(); ++i) {
        const auto& place = order.places[i];
        all += host.vpses[i].veid.to_string();
        if (place.start != OnBoot::Yes)
            all += place.start == OnBoot::No ? " -" : " ?";
        if (place.after_level)
            all += " >" + std::to_string(*place.after_level);
        if (place.after_vps)
            all += " @" + host.vpses[*place.after_vps].veid.to_string();
        if (place.before_level)
            all += " <" + std::to_string(*place.before_level);
        all += "\n";
    }
    for (const auto level : order.levels)
        all += "level " + std::to_string(level) + "\n";
    return all;
}

std::string limits_of(const VpsConfig& config, const ScannedHost& host = {}) {
    ScannedHost one = host;
    one.vpses = {{*Veid::parse("101"), config}};
    for (const auto& file : Plan(one).of_vpses(0, 1).files)
        if (const auto at = file.text.find("[Slice]\n"); at != std::string::npos)
            return file.text.substr(at + 8);
    return "";
}

}  // namespace

TEST(BootOrder, IsEmptyWithoutVpses) {
    EXPECT_EQ(show({}), "");
}

TEST(BootOrder, StartsOnlyWhoIsToStart) {
    ScannedHost host;
    host.parallel = 10;
    host.vpses = {make_vps(1, 5), make_vps(2, 5, OnBoot::No), make_vps(3, 5, OnBoot::Unset),
                  make_vps(4, 5)};
    host.vpses[3].config.disabled = true;
    EXPECT_EQ(show(host), "1 <5\n2 - <5\n3 ? <5\n4 - <5\nlevel 5\n");
    host.virtuozzo = false;
    EXPECT_EQ(show(host), "1 - <5\n2 - <5\n3 - <5\n4 - <5\nlevel 5\n");
}

TEST(BootOrder, GoesFromHighToLowToUnset) {
    ScannedHost host;
    host.parallel = 10;
    host.vpses = {make_vps(1), make_vps(2, 0), make_vps(3, 7), make_vps(4, 0), make_vps(5, 100)};
    EXPECT_EQ(show(host),
              "1 >0\n2 >7 <0\n3 >100 <7\n4 >7 <0\n5 <100\nlevel 100\nlevel 7\nlevel 0\n");
}

TEST(BootOrder, SlidesAWindowOverALevel) {
    ScannedHost host;
    host.parallel = 2;
    for (unsigned veid = 1; veid <= 6; ++veid)
        host.vpses.push_back(make_vps(veid, veid == 4 ? 9 : 1));
    EXPECT_EQ(show(host),
              "1 >9 <1\n2 >9 <1\n3 >9 @1 <1\n4 <9\n5 >9 @2 <1\n6 >9 @3 <1\nlevel 9\nlevel 1\n");
    host.parallel = 1;
    EXPECT_EQ(show(host),
              "1 >9 <1\n2 >9 @1 <1\n3 >9 @2 <1\n4 <9\n5 >9 @3 <1\n6 >9 @5 <1\nlevel 9\nlevel 1\n");
    host.parallel = UINT_MAX;
    EXPECT_EQ(show(host).find('@'), std::string::npos);
}

TEST(BootOrder, CountsWhoMayStartInTheWindowAndNobodyElse) {
    ScannedHost host;
    host.parallel = 2;
    host.vpses = {make_vps(1), make_vps(2, {}, OnBoot::Unset), make_vps(3, {}, OnBoot::No),
                  make_vps(4), make_vps(5, {}, OnBoot::Unset), make_vps(6)};
    EXPECT_EQ(show(host), "1\n2 ? @4\n3 -\n4\n5 ? @6\n6 @1\n");
}

TEST(Limits, AreNotSetForWhatIsNone) {
    VpsConfig config;
    EXPECT_EQ(limits_of(config), "");
    for (const std::uint64_t none : {std::uint64_t{INT_MAX}, std::uint64_t{LONG_MAX}, kUnlimited}) {
        const BarrierLimit pair{none, none};
        config.physpages = config.swappages = config.vmguarpages = config.oomguarpages = pair;
        config.privvmpages = config.numproc = pair;
        config.legacy_ubc_limits = true;
        EXPECT_EQ(limits_of(config), "");
    }
    config.cpulimit = CpuLimit{};
    config.cpus = 0;
    config.cpumask = config.nodemask = CpuMask{CpuMask::Kind::All, {}};
    EXPECT_EQ(limits_of(config), "");
}

TEST(Limits, CountPagesOfX86) {
    VpsConfig config;
    config.physpages = {0, 10};
    config.swappages = {0, 0};
    EXPECT_EQ(limits_of(config), "MemoryMax=40960\nMemorySwapMax=0\n");
}

TEST(Limits, TakeTheLesserCpuQuota) {
    const struct {
        std::optional<CpuLimit> cpulimit;
        std::optional<unsigned> cpus;
        std::string expected;
    } cases[] = {
        {CpuLimit{50}, {}, "CPUQuota=50%\n"},
        {{}, 2, "CPUQuota=200%\n"},
        {CpuLimit{50}, 2, "CPUQuota=50%\n"},
        {CpuLimit{250}, 2, "CPUQuota=200%\n"},
        {CpuLimit{0}, 2, "CPUQuota=200%\n"},
        {CpuLimit{50}, 0, "CPUQuota=50%\n"},
        {CpuLimit{50, true}, {}, "CPUQuota=400%\n"},
        {CpuLimit{50, true}, 3, "CPUQuota=300%\n"},
        {CpuLimit{0, true}, {}, ""},
    };
    ScannedHost host;
    host.cpus = 8;
    for (const auto& [cpulimit, cpus, expected] : cases) {
        VpsConfig config;
        config.cpulimit = cpulimit;
        config.cpus = cpus;
        EXPECT_EQ(limits_of(config, host), expected);
    }
}

TEST(Limits, ScaleCpuWeights) {
    for (const auto& [units, weight] :
         {std::pair{1ul, 1}, {10ul, 1}, {1000ul, 100}, {100000ul, 10000}, {500000ul, 10000}}) {
        VpsConfig config;
        config.cpuunits = units;
        EXPECT_EQ(limits_of(config), "CPUWeight=" + std::to_string(weight) + "\n");
    }
    VpsConfig config;
    config.cpuuweight = 500;
    EXPECT_EQ(limits_of(config), "CPUWeight=100\n");
    config.cpuuweight = 1000000;  // no units at all
    EXPECT_EQ(limits_of(config), "CPUWeight=1\n");
}

TEST(Plan, IsTheSameForTheSameHost) {
    ScannedHost host;
    host.vpses = {make_vps(1, 5), make_vps(2, 3)};
    const Plan first(host), second(host);
    const UnitTree all = first.of_vpses(0, 2);
    EXPECT_EQ(print_trees({all, first.of_all()}),
              print_trees({second.of_vpses(0, 2), second.of_all()}));
    EXPECT_EQ(print_trees({all}), print_trees({first.of_vpses(1, 2), first.of_vpses(0, 1)}));
    EXPECT_EQ(all.files.size(), 4u);
    EXPECT_EQ(all.links.size(), 2u);
    EXPECT_EQ(all.late_links.size(), 2u);
    EXPECT_EQ(first.of_all().files.size(), 2u);
    EXPECT_EQ(first.of_all().links.size(), 2u);
}

}  // namespace vps
