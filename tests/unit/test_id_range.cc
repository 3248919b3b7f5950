#include <gtest/gtest.h>
#include <sys/stat.h>

#include "state/id_range.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

Veid veid(const char* text) {
    return *Veid::parse(text);
}

TEST(ShiftedIds, AreThoseOfUsersAndGroups) {
    VpsConfig config;
    config.ve_private = "/vz/private/101";
    config.local_uid = 100000;
    const auto find = [&](uid_t uid, gid_t gid) {
        struct stat area {};
        area.st_uid = uid;
        area.st_gid = gid;
        return find_shifted_ids(area, config);
    };
    EXPECT_FALSE(find(0, 0));
    EXPECT_FALSE(find(1000, 1000));
    EXPECT_EQ(find(524288, 589824)->first_gid, 589824U);
    EXPECT_EQ(find(100000, 524288)->first_uid, 100000U);
    EXPECT_THROW(find(100000, 100000), Error);
    config.local_gid = 100000;
    EXPECT_EQ(find(100000, 100000)->first_gid, 100000U);
}

TEST(SubordinateIds, AreReadAsTheyAre) {
    const TemporaryDirectory dir;
    const std::string path =
        dir.write("subuid", "alice:100000:65536\nrubbish\n\nbob:x:y\n1000:200000:1");
    const std::vector<IdRange> ranges = read_subordinate_ids(path);
    ASSERT_EQ(ranges.size(), 3U);
    EXPECT_EQ(ranges[0].first, 100000U);
    EXPECT_EQ(ranges[0].count, 65536U);
    EXPECT_EQ(ranges[1].count, 0U);
    EXPECT_EQ(ranges[2].first, 200000U);
    EXPECT_TRUE(read_subordinate_ids(dir.path() + "/nothing").empty());
}

TEST(SubordinateIds, AreInARegularFile) {
    const TemporaryDirectory dir;
    const std::string fifo = dir.path() + "/fifo", none = dir.path() + "/none";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0644), 0);
    try {
        (void)read_subordinate_ids(fifo);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find("'" + fifo + "' is a FIFO"), 0U) << error.what();
    }
    std::filesystem::create_symlink("/dev/null", none);
    EXPECT_TRUE(read_subordinate_ids(none).empty());
}

TEST(ClaimIds, GivesTheSameRangeAgain) {
    const TemporaryDirectory run;
    EXPECT_EQ(claim_ids(veid("101"), {}, run.path()), 7143424U);
    EXPECT_EQ(claim_ids(veid("101"), {}, run.path()), 7143424U);
    EXPECT_EQ(claim_ids(veid("102"), {}, run.path()), 7143424U + kIdsPerVps);
    release_ids(7143424, veid("102"), run.path());
    EXPECT_TRUE(std::filesystem::is_symlink(run.path() + "/ids/7143424"));
    release_ids(7143424, veid("101"), run.path());
    EXPECT_FALSE(std::filesystem::is_symlink(run.path() + "/ids/7143424"));
    EXPECT_TRUE(std::filesystem::is_symlink(run.path() + "/ids/7208960"));
}

TEST(ClaimIds, StaysInTheRangeOfContainers) {
    const TemporaryDirectory run;
    for (const char* id : {"1", "28663", "28664", "2147483644"}) {
        const std::uint32_t first = claim_ids(veid(id), {}, run.path());
        EXPECT_GE(first, kFirstId) << id;
        EXPECT_LE(first + (kIdsPerVps - 1), kLastId) << id;
        EXPECT_EQ(first % kIdsPerVps, 0U) << id;
    }
}

TEST(ClaimIds, AvoidsWhatOthersHave) {
    const TemporaryDirectory run;
    const std::uint32_t usual = 7143424;
    // A range that overlaps by one id at either end counts as taken; a range beside it does not.
    EXPECT_EQ(claim_ids(veid("101"), {{usual, 1}}, run.path()), usual + kIdsPerVps);
    EXPECT_EQ(claim_ids(veid("101"), {{usual + kIdsPerVps - 1, 1}}, run.path()),
              usual + kIdsPerVps);
    EXPECT_EQ(
        claim_ids(veid("101"), {{usual - 1, 1}, {usual + kIdsPerVps, 9}, {usual, 0}}, run.path()),
        usual);
    EXPECT_EQ(claim_ids(veid("101"), {{100000, 1000000000}}, run.path()) / kIdsPerVps,
              1000100000U / kIdsPerVps + 1);
    try {
        (void)claim_ids(veid("101"), {{1, 4000000000}}, run.path());
        FAIL() << "there is no range left";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("/etc/subuid"), std::string::npos);
    }
}

TEST(ClaimIds, AvoidsThoseOfARunningVps) {
    const TemporaryDirectory run;
    const Veid other = veid("28765");  // its usual range is the same
    ASSERT_EQ(claim_ids(other, {}, run.path()), 7143424U);
    {
        const VpsLock lock(other, run.path());
        VpsState state;
        state.phase = Phase::Running;
        state.mount_point = "/vz/root/28765";
        state.first_id = 7143424;
        lock.write_state(state);
        EXPECT_EQ(claim_ids(veid("101"), {}, run.path()), 7143424U + kIdsPerVps);
        state.phase = Phase::Postumount;
        lock.remove_state(state);
    }
    // A crash has left the claim behind.
    EXPECT_EQ(claim_ids(veid("101"), {}, run.path()), 7143424U);
}

TEST(ClaimIds, OfALargerRangeAreAllItsParts) {
    const TemporaryDirectory run;
    constexpr std::uint32_t kCount = 4 * kIdsPerVps;
    const std::uint32_t first = claim_ids(veid("1"), {}, run.path(), kCount);
    EXPECT_EQ(first, kFirstId + kCount);
    VpsState state;
    state.phase = Phase::Running;
    state.mount_point = "/vz/root/1";
    state.first_id = first;
    state.ids = kCount;
    const VpsLock lock(veid("1"), run.path());
    lock.write_state(state);
    EXPECT_EQ(read_state(veid("1"), run.path())->ids, kCount);
    for (const char* id : {"4", "5", "6", "7"})  // whose usual ranges are parts of this one
        EXPECT_GE(claim_ids(veid(id), {}, run.path()), first + kCount) << id;
    EXPECT_EQ(claim_ids(veid("3"), {}, run.path()), kFirstId + 3 * kIdsPerVps);
    // One id of another's in any part of it.
    EXPECT_EQ(claim_ids(veid("1"), {{first + kCount - 1, 1}}, run.path(), kCount), first + kCount);
    release_ids(first, veid("1"), run.path(), kCount);
    EXPECT_FALSE(std::filesystem::is_symlink(run.path() + "/ids/" + std::to_string(first + 65536)));
}

}  // namespace
