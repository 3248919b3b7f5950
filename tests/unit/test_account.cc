#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "enter/account.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;
using namespace std::string_literals;

TEST(Account, IsTheFirstLineOfItsName) {
    const std::string passwd =
        "root:x:0:0:root:/root:/bin/bash\n"
        "web:x:1000:1001:Web,,,:/home/web:/bin/sh\n"
        "web:x:0:0::/:/bin/sh\n"
        "last:*:4294967294:4294967294::/:/bin/false";
    const std::optional<Account> web = find_account(passwd, "web");
    ASSERT_TRUE(web);
    EXPECT_EQ(web->name, "web");
    EXPECT_EQ(web->uid, 1000U);
    EXPECT_EQ(web->gid, 1001U);
    EXPECT_EQ(web->home, "/home/web");
    EXPECT_EQ(web->shell, "/bin/sh");
    ASSERT_TRUE(find_account(passwd, "last"));
    EXPECT_EQ(find_account(passwd, "last")->uid, 4294967294U);
    EXPECT_EQ(find_account(passwd, "last")->shell, "/bin/false");
    for (const char* name : {"", "we", "web:x", "webb", "nobody"})
        EXPECT_FALSE(find_account(passwd, name)) << name;
}

TEST(Account, BadLinesArePassedOver) {
    for (const std::string& line :
         {"web"s, "web:x:1000:1000::/home"s, "web:x:-1:0::/:/bin/sh"s, "web:x:+1:0::/:/bin/sh"s,
          "web:x: 1:0::/:/bin/sh"s, "web:x::0::/:/bin/sh"s, "web:x:1:::/:/bin/sh"s,
          "web:x:0x1:0::/:/bin/sh"s, "web:x:4294967295:0::/:/bin/sh"s,
          "web:x:1:4294967295::/:/bin/sh"s, "web:x:4294967296:0::/:/bin/sh"s,
          "web:x:99999999999999999999:0::/:/bin/sh"s, "web:x:1:1::/:/bin/sh\0/x"s,
          "web:x:1:1::/\0:/bin/sh"s, " web:x:1:1::/:/bin/sh"s, "#web:x:1:1::/:/bin/sh"s}) {
        EXPECT_FALSE(find_account(line, "web")) << line;
        const std::optional<Account> next =
            find_account(line + "\nweb:x:5:6::/home/web:/bin/sh\n", "web");
        ASSERT_TRUE(next) << line;
        EXPECT_EQ(next->uid, 5U);
    }
    EXPECT_FALSE(find_account("", "web"));
    EXPECT_FALSE(find_account(":x:1:1::/:/bin/sh", ""));
    EXPECT_FALSE(find_account(std::string(1 << 20, ':'), "web"));
}

TEST(Account, PathsAreAbsoluteOrNone) {
    const std::optional<Account> odd = find_account("web:x:1:1::home:bin/sh", "web");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->home, "");
    EXPECT_EQ(odd->shell, "");
    EXPECT_EQ(find_account("web:x:1:1::/" + std::string(5000, 'a') + ":/bin/sh", "web")->home, "");
    // The last field takes the rest of the line unchanged.
    EXPECT_EQ(find_account("web:x:1:1::/%s:/bin/a b:c\r", "web")->shell, "/bin/a b:c\r");
    EXPECT_EQ(find_account("web:x:1:1::/%s:/bin/sh", "web")->home, "/%s");
}

TEST(Account, GroupsAreItsOwnAndThoseThatNameIt) {
    const Account web{"web", 1000, 50, "/", "/bin/sh"};
    using Groups = std::vector<gid_t>;
    EXPECT_EQ(groups_of(web, ""), Groups{50});
    EXPECT_EQ(groups_of(web, "a:x:7:web\nb:x:8:x,web,y\nc:x:9:webb,we\nd:x:10:\ne:x:7:web\n"),
              (Groups{7, 8, 50}));
    EXPECT_EQ(groups_of(web, "a:x:-7:web\nb:x:4294967295:web\nc:x:web\nd:x:1 :web\nweb:x:3:\n"),
              Groups{50});
    std::string many;
    for (int gid = 1000; gid < 101000; ++gid)
        many += "g:x:" + std::to_string(gid) + ":web\n";
    EXPECT_EQ(groups_of(web, many).size(), 65536U);
}

TEST(Account, OnlyRegularFilesOfTheRootAreRead) {
    const TemporaryDirectory dir;
    sys::mkdir_all(dir.path() + "/root/etc", 0755);
    (void)dir.write("root/etc/passwd", "text");
    (void)dir.write("secret", "secret");
    const std::string root = dir.path() + "/root";
    const Fd fd = sys::open(root, O_PATH | O_DIRECTORY);
    EXPECT_EQ(read_in_root(fd, "/etc/passwd"), "text");
    EXPECT_EQ(read_in_root(fd, "/etc/none"), "");
    EXPECT_EQ(read_in_root(fd, "/etc"), "");
    EXPECT_EQ(read_in_root(fd, "/etc/passwd/x"), "");
    ASSERT_EQ(symlink("../../secret", (root + "/etc/up").c_str()), 0);
    ASSERT_EQ(symlink((dir.path() + "/secret").c_str(), (root + "/etc/absolute").c_str()), 0);
    ASSERT_EQ(symlink("/etc/passwd", (root + "/etc/link").c_str()), 0);
    ASSERT_EQ(mkfifo((root + "/etc/pipe").c_str(), 0644), 0);
    EXPECT_EQ(read_in_root(fd, "/etc/up"), "");
    EXPECT_EQ(read_in_root(fd, "/etc/absolute"), "");
    EXPECT_EQ(read_in_root(fd, "/etc/link"), "text");
    EXPECT_EQ(read_in_root(fd, "/etc/pipe"), "");
    (void)dir.write("root/etc/huge", std::string((4 << 20) + (1 << 16), 'x'));
    EXPECT_THROW((void)read_in_root(fd, "/etc/huge"), Error);
}

#if defined(__has_feature)
#define VPS_HAS_FEATURE(name) __has_feature(name)
#else
#define VPS_HAS_FEATURE(name) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !VPS_HAS_FEATURE(address_sanitizer)
// The sanitizer takes memory of its own, and ends a process that gets none.
[[noreturn]] void read_with_little_memory(FdRef root) {
    malloc_trim(0);
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t room = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{1} << 20);
    const rlimit limit{room, room};
    if (setrlimit(RLIMIT_AS, &limit) < 0)
        _exit(3);
    const pid_t us = getpid();
    try {
        (void)read_in_root(root, "/etc/passwd");
    } catch (const Error& error) {
        // Only the process that asked for the file goes on with the caller's code.
        const bool is_told = std::string(error.what()).ends_with("that reads it has ended");
        _exit(getpid() == us && is_told ? 0 : 1);
    } catch (...) {
        _exit(2);
    }
    _exit(4);
}

TEST(Account, AReaderWithoutMemoryEndsAndIsTold) {
    const TemporaryDirectory dir;
    sys::mkdir_all(dir.path() + "/etc", 0755);
    (void)dir.write("etc/passwd", std::string(4 << 20, 'x'));
    const Fd fd = sys::open(dir.path(), O_PATH | O_DIRECTORY);
    EXPECT_EXIT(read_with_little_memory(fd), testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
