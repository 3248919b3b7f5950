#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "state/wish.hh"
#include "sys/process.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

const Veid kVeid = *Veid::parse("101");

TEST(Wish, HoldsWhileItsOwnerHasIt) {
    const TemporaryDirectory temporary;
    const Wish wish{.starts_disabled = true, .waits_for_boot = false, .kills = true};
    {
        const StandingWish standing(kVeid, wish, temporary.path());
        EXPECT_EQ(find_wish(kVeid, temporary.path()), wish);
        EXPECT_EQ(find_wish(*Veid::parse("102"), temporary.path()), Wish{});
    }
    EXPECT_EQ(find_wish(kVeid, temporary.path()), Wish{});
    const StandingWish none(kVeid, {}, temporary.path());
    EXPECT_FALSE(std::filesystem::exists(temporary.path() + "/wishes/101"));
}

TEST(Wish, EndsWithTheProcessThatHasLeftIt) {
    const TemporaryDirectory temporary;
    std::filesystem::create_directory(temporary.path() + "/wishes");
    const auto found = [&](const std::string& text) {
        (void)temporary.write("wishes/101", text);
        return find_wish(kVeid, temporary.path());
    };
    const std::uint64_t start = find_start_time(getpid()).value();
    EXPECT_EQ(found(fmt::format("{} {} wait\n", getpid(), start)), (Wish{.waits_for_boot = true}));
    EXPECT_EQ(found(fmt::format("{} {} overrule\n", getpid(), start)), (Wish{.overrules = true}));
    EXPECT_EQ(found(fmt::format("{} {} wait\n", getpid(), start + 1)), Wish{});
    for (const char* text : {"", "wait", "0 0 kill", "-1 1 kill", "x y kill", "99999999 1 kill"})
        EXPECT_EQ(found(text), Wish{}) << text;
}

TEST(Wish, ChangesTheConfiguration) {
    VpsConfig config;
    config.disabled = true;
    apply_wish(config, {});
    EXPECT_TRUE(config.disabled);
    EXPECT_FALSE(config.start_wait);
    EXPECT_EQ(config.stop_timeout, 120U);
    EXPECT_TRUE(config.stop_veto);
    apply_wish(config,
               {.starts_disabled = true, .waits_for_boot = true, .kills = true, .overrules = true});
    EXPECT_FALSE(config.disabled);
    EXPECT_TRUE(config.start_wait);
    EXPECT_EQ(config.stop_timeout, 0U);
    EXPECT_FALSE(config.stop_veto);
}

}  // namespace

}  // namespace vps
