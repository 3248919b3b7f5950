// The file of a configuration, written back.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "config/config_edit.hh"
#include "manage/config_file.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

TEST(ConfigFile, IsReplacedWithItsModeAndBehindItsLink) {
    const TemporaryDirectory temporary;
    const std::string& dir = temporary.path();
    std::filesystem::create_directory(dir + "/real");
    const std::string real = temporary.write("real/101.conf", "A=1\n");
    ASSERT_EQ(chmod(real.c_str(), 0640), 0);
    std::filesystem::create_symlink("real/101.conf", dir + "/101.conf");
    {
        const ConfigFileEdit file(dir + "/101.conf", dir + "/run");
        EXPECT_TRUE(file.exists());
        EXPECT_EQ(file.text(), "A=1\n");
        file.write("A=2\n");
    }
    EXPECT_TRUE(std::filesystem::is_symlink(dir + "/101.conf"));
    EXPECT_EQ(sys::read_file(real), "A=2\n");
    struct stat status {};
    ASSERT_EQ(stat(real.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    const auto inode = status.st_ino;
    ConfigFileEdit(real, dir + "/run").write("A=2\n");
    ASSERT_EQ(stat(real.c_str(), &status), 0);
    EXPECT_EQ(status.st_ino, inode) << "nothing has changed";
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir + "/real"), {}), 1);
}

TEST(ConfigFile, IsMade) {
    const TemporaryDirectory temporary;
    const std::string path = temporary.path() + "/102.conf";
    const ConfigFileEdit file(path, temporary.path() + "/run");
    EXPECT_FALSE(file.exists());
    EXPECT_EQ(file.text(), "");
    file.write("A=1\n");
    EXPECT_EQ(sys::read_file(path), "A=1\n");
}

// Twenty processes that add a key each: none is lost.
TEST(ConfigFile, LosesNoChangeOfTwoAtOnce) {
    const TemporaryDirectory temporary;
    const std::string path = temporary.write("101.conf", "# first\n");
    constexpr int kProcesses = 20;
    for (int i = 0; i < kProcesses; ++i)
        if (fork() == 0) {
            const ConfigFileEdit file(path, temporary.path() + "/run");
            file.write(edit_config(file.text(), {{"KEY_" + std::to_string(i), "x"}}));
            _exit(0);
        }
    while (wait(nullptr) > 0) {
    }
    const std::string text = sys::read_file(path);
    for (int i = 0; i < kProcesses; ++i)
        EXPECT_EQ(values_of(text, "KEY_" + std::to_string(i)).size(), 1U) << i;
    EXPECT_TRUE(text.starts_with("# first\n"));
}

}  // namespace

}  // namespace vps
