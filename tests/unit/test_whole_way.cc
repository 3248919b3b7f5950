// The way above a bind mount of a part of a file system, by tables of mounts over directories of
// the test's own.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "state/whole_way.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

class WholeWay : public testing::Test {
  protected:
    WholeWay() {
        std::filesystem::create_directories(root_.path() + "/vz/a b/101/opt/in");
        std::filesystem::create_directories(root_.path() + "/other");
    }
    [[nodiscard]] DirectoryId id_of(const std::string& path) const {
        struct stat status {};
        if (stat((root_.path() + path).c_str(), &status) < 0)
            ADD_FAILURE() << path;
        return {status.st_dev, status.st_ino};
    }
    [[nodiscard]] std::string line(int id, const char* device, const char* root,
                                   const std::string& target) const {
        return std::to_string(id) + " 1 " + device + " " + root + " " + root_.path() + target +
               " rw shared:1 - ext4 /dev/x rw\n";
    }
    TemporaryDirectory root_;
};

TEST_F(WholeWay, IsEmptyWhereAMountShowsAll) {
    const std::string table = line(7, "8:1", "/", "/vz") + line(8, "8:2", "/", "/other");
    EXPECT_TRUE(find_way_above_mount(parse_mountinfo(table), 7).empty());
    EXPECT_TRUE(find_way_above_mount(parse_mountinfo(table), 9).empty());
    EXPECT_TRUE(find_way_above_mount(parse_mountinfo(""), 9).empty());
    EXPECT_TRUE(find_way_above_mount(parse_mountinfo("7\n7 1\n\n7 1 8:1"), 7).empty());
}

TEST_F(WholeWay, LeadsThroughAnotherMountOfTheFileSystem) {
    const std::string part = line(9, "8:1", "/a\\040b/101/opt", "/vz/a\\040b/101/opt");
    const std::vector<DirectoryId> way{id_of("/vz"), id_of("/vz/a b"), id_of("/vz/a b/101")};
    EXPECT_EQ(find_way_above_mount(parse_mountinfo(line(7, "8:1", "/", "/vz") + part), 9), way);
    // Another part shows some of it.
    EXPECT_EQ(
        find_way_above_mount(parse_mountinfo(line(7, "8:1", "/a\\040b", "/vz/a\\040b") + part), 9),
        (std::vector<DirectoryId>{way[1], way[2]}));
    // Another file system, another directory by that name, and a sibling show nothing.
    EXPECT_TRUE(
        find_way_above_mount(parse_mountinfo(line(7, "8:2", "/", "/vz") + part), 9).empty());
    EXPECT_TRUE(
        find_way_above_mount(parse_mountinfo(line(7, "8:1", "/", "/other") + part), 9).empty());
    EXPECT_TRUE(
        find_way_above_mount(parse_mountinfo(line(7, "8:1", "/a\\040b/101/op", "/vz") + part), 9)
            .empty());
}

}  // namespace
