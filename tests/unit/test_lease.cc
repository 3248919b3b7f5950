#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "state/lease.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

const Leaseholder kOne{"host1", "boot1", "101"}, kTwo{"host2", "boot2", "101"};

struct Area {
    const TemporaryDirectory directory{};
    const Fd fd = sys::open(directory.path(), O_RDONLY | O_DIRECTORY);
    const std::string file = directory.path() + "/" + kLeaseFile;

    [[nodiscard]] Lease take(const Leaseholder& holder) const {
        return take_lease_in(fd, holder, directory.path());
    }
    [[nodiscard]] std::string refusal(const Leaseholder& holder) const {
        try {
            (void)take(holder);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::Running);
            std::string words = error.what();
            words.replace(words.find(directory.path()), directory.path().size(), "AREA");
            return words;
        }
        return {};
    }
};

TEST(Lease, IsOfOneHostAtATime) {
    const Area area;
    Lease one = area.take(kOne);
    ASSERT_TRUE(one.file);
    EXPECT_EQ(one.trouble, "");
    EXPECT_EQ(area.refusal(kTwo),
              "the private area 'AREA' is in use by VPS 101 of host 'host1', which has the lock on "
              "'.vps-lease'; stop the VPS there");
    const Fd copy = sys::duplicate(one.file);
    one.file.reset();
    EXPECT_NE(area.refusal(kTwo), "");
}

TEST(Lease, EndsWithItsLastDescriptor) {
    const Area area;
    { const Lease one = area.take(kOne); }
    const Lease two = area.take(kTwo);
    ASSERT_TRUE(two.file);
    EXPECT_EQ(sys::read_file(area.file), "host=host2\nboot_id=boot2\nveid=101\n");
    struct stat status {};
    ASSERT_EQ(stat(area.file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode, S_IFREG | 0600);
}

TEST(Lease, OfThisHostIsNoHindranceHere) {
    const Area area;
    const Lease one = area.take(kOne);
    const Lease again = area.take(kOne);
    EXPECT_FALSE(again.file);
    EXPECT_EQ(again.trouble, "");
    // A host of the same name, and this host before it went down, are others.
    EXPECT_NE(area.refusal({"host1", "boot2", "101"}), "");
    EXPECT_NE(area.refusal({"host2", "boot1", "101"}), "");
}

TEST(Lease, TellsNothingThatActsOnATerminal) {
    const Area area;
    const Lease one = area.take(kOne);
    (void)area.directory.write(kLeaseFile, "host=\x1b[2Jweb\r\nveid=\x7f\nhost\n");
    EXPECT_EQ(
        area.refusal(kTwo),
        "the private area 'AREA' is in use by VPS ? of host '?[2Jweb?', which has the lock on "
        "'.vps-lease'; stop the VPS there");
    (void)area.directory.write(kLeaseFile, std::string(100000, '\0'));
    EXPECT_EQ(area.refusal(kTwo),
              "the private area 'AREA' is in use on another host, which has the lock on "
              "'.vps-lease'; stop the VPS there");
}

TEST(Lease, TakesNoOtherKindOfFile) {
    const Area area;
    const std::string other = area.directory.write("other", "kept");
    ASSERT_EQ(symlink(other.c_str(), area.file.c_str()), 0);
    Lease lease = area.take(kOne);
    EXPECT_FALSE(lease.file);
    EXPECT_NE(lease.trouble.find(".vps-lease': Too many levels of symbolic links; another host "
                                 "could start a VPS from this area, too"),
              std::string::npos)
        << lease.trouble;
    EXPECT_EQ(sys::read_file(other), "kept");
    ASSERT_EQ(unlink(area.file.c_str()), 0);
    ASSERT_EQ(mkfifo(area.file.c_str(), 0600), 0);
    lease = area.take(kOne);
    EXPECT_FALSE(lease.file);
    EXPECT_NE(lease.trouble.find("it is no regular file"), std::string::npos) << lease.trouble;
    ASSERT_EQ(unlink(area.file.c_str()), 0);
    ASSERT_EQ(mkdir(area.file.c_str(), 0700), 0);
    EXPECT_NE(area.take(kOne).trouble, "");
}

TEST(Lease, IsNotNeededWhereOneHostHasTheFileSystem) {
    const Fd shm = sys::open("/dev/shm", O_RDONLY | O_DIRECTORY);  // tmpfs
    EXPECT_TRUE(is_of_one_host(shm));
    const Fd proc = sys::open("/proc", O_RDONLY | O_DIRECTORY);
    EXPECT_FALSE(is_of_one_host(proc));
    EXPECT_THROW((void)take_lease(*Veid::parse("101"), "/dev/shm/there-is-none"), SysError);
    const Leaseholder here = leaseholder_here(*Veid::parse("101"));
    EXPECT_EQ(here.boot_id.size(), 36U);
    EXPECT_EQ(here.veid, "101");
    EXPECT_NE(here.host, "");
}

}  // namespace
