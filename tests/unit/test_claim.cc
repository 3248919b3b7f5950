#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "state/claim.hh"
#include "sys/error.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

const Veid k101 = *Veid::parse("101"), k102 = *Veid::parse("102");
const ClaimName kAddress{"addresses", "2001:db8::7"};

TEST(Claim, IsOfWhoSetItLast) {
    const TemporaryDirectory run;
    EXPECT_FALSE(find_claim(kAddress, run.path()));
    set_claim(kAddress, k101, run.path());
    EXPECT_EQ(find_claim(kAddress, run.path()), k101);
    EXPECT_FALSE(find_claim({"links", kAddress.name}, run.path()));
    EXPECT_FALSE(find_claim({"addresses", "2001:db8::70"}, run.path()));
    set_claim(kAddress, k102, run.path());
    EXPECT_EQ(find_claim(kAddress, run.path()), k102);
}

TEST(Claim, IsDroppedByItsOwnerOnly) {
    const TemporaryDirectory run;
    drop_claim(kAddress, k101, run.path());
    set_claim(kAddress, k101, run.path());
    drop_claim(kAddress, k102, run.path());
    EXPECT_EQ(find_claim(kAddress, run.path()), k101);
    drop_claim(kAddress, k101, run.path());
    EXPECT_FALSE(find_claim(kAddress, run.path()));
    EXPECT_TRUE(std::filesystem::is_empty(run.path() + "/addresses"));
}

TEST(Claim, OfAWriterThatWasKilledIsNoHindrance) {
    const TemporaryDirectory run;
    std::filesystem::create_directory(run.path() + "/addresses");
    const std::string path = run.path() + "/addresses/" + kAddress.name;
    ASSERT_EQ(symlink("102", (path + ".new").c_str()), 0);
    EXPECT_FALSE(find_claim(kAddress, run.path()));
    set_claim(kAddress, k101, run.path());
    EXPECT_EQ(find_claim(kAddress, run.path()), k101);
    EXPECT_NE(access((path + ".new").c_str(), F_OK), 0);
}

TEST(Claim, OfAnotherKindIsNone) {
    const TemporaryDirectory run;
    std::filesystem::create_directory(run.path() + "/addresses");
    (void)run.write("addresses/192.0.2.1", "101");
    EXPECT_FALSE(find_claim({"addresses", "192.0.2.1"}, run.path()));
    ASSERT_EQ(symlink("nobody", (run.path() + "/addresses/192.0.2.2").c_str()), 0);
    EXPECT_FALSE(find_claim({"addresses", "192.0.2.2"}, run.path()));
    EXPECT_THROW((void)find_claim({"addresses", std::string(300, 'a')}, run.path()), SysError);
}

}  // namespace
