// The numbers of action scripts' runs.
#include <gtest/gtest.h>

#include "state/script_counts.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

TEST(ScriptCounts, AddUpWhereThereIsAPlace) {
    const TemporaryDirectory dir;
    const Veid veid = *Veid::parse("101"), other = *Veid::parse("102");
    add_script_counts(veid, {.runs = 1}, dir.path());
    EXPECT_FALSE(find_script_counts(veid, dir.path()));
    sys::mkdir_all(dir.path() + "/scripts", 0755);
    add_script_counts(veid, {.runs = 1, .milliseconds = 250}, dir.path());
    add_script_counts(veid, {.runs = 1, .failures = 1, .vetoes = 1, .milliseconds = 50},
                      dir.path());
    const ScriptCounts wanted{.runs = 2, .failures = 1, .vetoes = 1, .milliseconds = 300};
    EXPECT_EQ(find_script_counts(veid, dir.path()), wanted);
    EXPECT_FALSE(find_script_counts(other, dir.path()));
    sys::replace_file(dir.path() + "/scripts/102", "3 many");
    EXPECT_FALSE(find_script_counts(other, dir.path()));
    add_script_counts(other, {.runs = 1}, dir.path());
    EXPECT_EQ(find_script_counts(other, dir.path()), ScriptCounts{.runs = 1});
    forget_script_counts(veid, dir.path());
    EXPECT_FALSE(find_script_counts(veid, dir.path()));
}

}  // namespace

}  // namespace vps
