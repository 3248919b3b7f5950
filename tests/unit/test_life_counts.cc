// The numbers of action scripts' runs.
#include <gtest/gtest.h>

#include "state/life_counts.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

TEST(LifeCounts, AddUpWhereThereIsAPlace) {
    const TemporaryDirectory dir;
    const Veid veid = *Veid::parse("101"), other = *Veid::parse("102");
    add_life_counts(veid, {.script_runs = 1}, dir.path());
    EXPECT_FALSE(find_life_counts(veid, dir.path()));
    sys::mkdir_all(dir.path() + "/counts", 0755);
    add_life_counts(veid, {.script_runs = 1, .script_milliseconds = 250}, dir.path());
    add_life_counts(
        veid, {.script_runs = 1, .script_failures = 1, .vetoes = 1, .script_milliseconds = 50},
        dir.path());
    const LifeCounts wanted{
        .script_runs = 2, .script_failures = 1, .vetoes = 1, .script_milliseconds = 300};
    EXPECT_EQ(find_life_counts(veid, dir.path()), wanted);
    EXPECT_FALSE(find_life_counts(other, dir.path()));
    sys::replace_file(dir.path() + "/counts/102", "3 many");
    EXPECT_FALSE(find_life_counts(other, dir.path()));
    add_life_counts(other, {.script_runs = 1}, dir.path());
    EXPECT_EQ(find_life_counts(other, dir.path()), LifeCounts{.script_runs = 1});
    forget_life_counts(veid, dir.path());
    EXPECT_FALSE(find_life_counts(veid, dir.path()));
}

}  // namespace

}  // namespace vps
