#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "state/claim.hh"
#include "state/directories.hh"
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

// A VPS that has claimed the directories of `state`, as vps-mount does.
struct Claimant {
    explicit Claimant(Veid veid, const TemporaryDirectory& run, const std::string& root,
                      const std::string& area)
        : veid_(veid), run_(run.path()), lock_(veid, run_) {
        state.mount_point = root;
        state.ve_private = area;
    }
    void claim() {
        claim_root(
            veid_, state, [&] { lock_.enter(state, Phase::Mounting); }, run_);
        claim_area(
            veid_, state, [&] { lock_.write_state(state); }, run_);
    }
    void end() {
        release_directories(veid_, state, run_);
        lock_.remove_state(state);
        state.phase = Phase::None;
    }
    VpsState state;

  private:
    Veid veid_;
    std::string run_;
    VpsLock lock_;
};

TEST(Directories, AreOneVpssAtATimeUnderWhicheverName) {
    const TemporaryDirectory run, dirs;
    for (const char* name : {"/root1", "/root2", "/area1", "/area2"})
        std::filesystem::create_directory(dirs.path() + name);
    std::filesystem::create_symlink("area1", dirs.path() + "/link");
    const auto path = [&](const char* name) { return dirs.path() + name; };
    const auto refusal_of = [](Claimant& claimant) {
        try {
            claimant.claim();
            return std::string();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::Mounted);
            return std::string(error.what());
        }
    };
    Claimant first(k101, run, path("/root1"), path("/area1"));
    EXPECT_EQ(refusal_of(first), "");
    EXPECT_EQ(refusal_of(first), "");  // its own are no hindrance

    {
        Claimant same_root(k102, run, path("/root1"), path("/area2"));
        EXPECT_EQ(refusal_of(same_root),
                  "the directory '" + path("/root1") +
                      "' is in use by VPS 101; change VE_ROOT of one of the two, or stop that one");
        EXPECT_EQ(same_root.state.phase, Phase::None);
        EXPECT_FALSE(read_state(k102, run.path()));
        EXPECT_EQ(find_mounted_on(path("/root1"), run.path()), k101);
        EXPECT_FALSE(find_mounted_on(path("/root2"), run.path()));
    }
    {
        Claimant same_area(k102, run, path("/root2"), path("/link"));
        EXPECT_EQ(refusal_of(same_area), "the private area '" + path("/link") +
                                             "' is in use by VPS 101; change VE_PRIVATE of one of "
                                             "the two, or stop that one");
        EXPECT_TRUE(same_area.state.area.empty());
        same_area.end();
    }
    first.end();
    EXPECT_TRUE(std::filesystem::is_empty(run.path() + "/roots"));
    EXPECT_TRUE(std::filesystem::is_empty(run.path() + "/areas"));
    Claimant second(k102, run, path("/root1"), path("/link"));
    EXPECT_EQ(refusal_of(second), "");
}

TEST(Directories, OfTwoVpsesLieSideBySide) {
    const TemporaryDirectory run, dirs;
    for (const char* name : {"/roots/101", "/roots/102", "/areas/101/mnt", "/areas/102/x"})
        std::filesystem::create_directories(dirs.path() + name);
    std::filesystem::create_directory_symlink("areas/101", dirs.path() + "/link");
    const auto path = [&](const char* name) { return dirs.path() + name; };
    Claimant first(k101, run, path("/roots/101"), path("/areas/101"));
    first.claim();
    const std::pair<const char*, const char*> nested[]{{"/areas/101/mnt", "/areas/102"},
                                                       {"/link/mnt", "/areas/102"},
                                                       {"/roots/102", "/link/mnt"},
                                                       {"/roots/102", "/roots/101"},
                                                       {"/areas/101", "/areas/102"}};
    for (const auto& [root, area] : nested) {
        Claimant second(k102, run, path(root), path(area));
        try {
            second.claim();
            ADD_FAILURE() << root << " " << area;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::BadValue) << error.what();
            EXPECT_NE(std::string(error.what()).find("of VPS 101: one of the two"),
                      std::string::npos)
                << error.what();
        }
        if (second.state.phase != Phase::None)
            second.end();
    }
    Claimant beside(k102, run, path("/roots/102"), path("/areas/102"));
    EXPECT_NO_THROW(beside.claim());
}

TEST(Directories, ClaimedInVainAreFree) {
    const TemporaryDirectory run, dirs;
    VpsState state;
    state.mount_point = dirs.path();
    const auto fail = [] { throw Error(ExitCode::System, "no room"); };
    EXPECT_THROW(claim_root(k101, state, fail, run.path()), Error);
    EXPECT_TRUE(std::filesystem::is_empty(run.path() + "/roots"));
    // A crash may leave a claim that no state has.
    VpsState left = state;
    claim_root(
        k101, left, [] {}, run.path());
    Claimant other(k102, run, dirs.path(), dirs.path());
    other.claim();
    EXPECT_EQ(other.state.root, left.root);
    state.mount_point = dirs.path() + "/absent";
    EXPECT_THROW(claim_root(
                     k101, state, [] {}, run.path()),
                 SysError);
}

TEST(Directories, ThatAStateHasLostAreTakenBack) {
    const TemporaryDirectory run, dirs;
    Claimant claimant(k101, run, dirs.path(), dirs.path());
    claimant.claim();
    VpsState lost;
    lost.ve_private = dirs.path();
    int written = 0;
    claim_again(
        k101, lost, [&] { ++written; }, run.path());
    EXPECT_EQ(lost.root, claimant.state.root);
    EXPECT_EQ(lost.area, claimant.state.area);
    EXPECT_EQ(written, 1);
    // Without a claim on disk the private area, which can be looked at under its mount, gets one.
    claimant.end();
    VpsState anew;
    anew.ve_private = dirs.path();
    claim_again(
        k101, anew, [&] { ++written; }, run.path());
    EXPECT_EQ(anew.area, lost.area);
    EXPECT_TRUE(anew.root.empty());
    EXPECT_EQ(written, 2);
}

}  // namespace
