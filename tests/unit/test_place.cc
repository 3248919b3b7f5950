// Places of the host below a root directory of the test's own.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "state/place.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;
namespace fs = std::filesystem;

class Host {
  public:
    Host() {
        for (const char* dir : {"usr/bin", "usr/local", "etc/vz", "var/lib/vz", "srv/vz", "vz/conf",
                                "vz/root", "vz/private/101", "home/me", "proc", "run/vps", "boot"})
            fs::create_directories(root_.path() + "/" + dir);
        link("usr/bin", "bin");
        link("../../vz/conf", "etc/vz/conf");
        link("/", "vz/private/102");
        link("/usr", "vz/private/103");
        link("../usr/local", "vz/local");
    }
    void link(const char* target, const std::string& name) const {
        if (symlink(target, (root_.path() + "/" + name).c_str()) < 0)
            ADD_FAILURE() << name;
    }
    [[nodiscard]] const std::string& path() const { return root_.path(); }
    [[nodiscard]] std::string problem(const std::string& ve_root,
                                      const std::string& ve_private = "/vz/private/101") const {
        VpsConfig config;
        config.ve_root = ve_root;
        config.ve_private = ve_private;
        const HostPlaces host(path());
        auto found = host.find_root_problem(config);
        if (!found)
            found = host.find_area_problem(config);
        return found ? std::string(found->key) + ": " + found->text : "";
    }

  private:
    TemporaryDirectory root_;
};

TEST(Place, FollowsLinksAsFarAsItExists) {
    const Host host;
    EXPECT_EQ(Place("/vz/private/103/bin", host.path()).path(), "/usr/bin");
    EXPECT_EQ(Place("/bin", host.path()).path(), "/usr/bin");
    EXPECT_EQ(Place("/vz/root/new/101", host.path()).path(), "/vz/root/new/101");
    EXPECT_FALSE(Place("/vz/root/new/101", host.path()).exists());
    EXPECT_EQ(Place("/vz/private/102", host.path()).path(), "/");
    EXPECT_EQ(Place("/nothing", host.path()).path(), "/nothing");
    EXPECT_TRUE(Place("/vz/private/103/bin", host.path()).is_in(Place("/usr", host.path())));
    EXPECT_FALSE(Place("/usr", host.path()).is_in(Place("/usr/bin", host.path())));
    EXPECT_FALSE(Place("/vz/root2", host.path()).is_in(Place("/vz/root", host.path())));
}

TEST(Place, IsWhatTheDirectoryIsUnderEachName) {
    const Place by_name("/proc"), by_link("/proc/self/root/proc");
    EXPECT_TRUE(by_name.is_in(by_link));
    EXPECT_TRUE(by_link.is_in(by_name));
    EXPECT_EQ(by_link.way().back(), by_name.way().back());
}

TEST(Place, RootsThatTheHostNeedsAreRefused) {
    const Host host;
    for (const char* root : {"/",         "/usr",          "/usr/local/vz/101",
                             "/bin",      "/bin/x",        "/etc",
                             "/etc/vz",   "/vz/conf",      "/vz/conf/101",
                             "/vz/local", "/vz/local/101", "/vz/private/102",
                             "/home",     "/srv",          "/var",
                             "/var/lib",  "/tmp",          "/root",
                             "/run",      "/run/vps",      "/run/vps/101",
                             "/proc/1",   "/boot/x",       "/vz"})
        EXPECT_TRUE(host.problem(root).starts_with("VE_ROOT: '"))
            << root << ": " << host.problem(root);
}

TEST(Place, UsualRootsAreNot) {
    const Host host;
    for (const char* root :
         {"/vz/root/101", "/vz/root/new/101", "/var/lib/vz/root/101", "/srv/vz/root/101",
          "/home/me/101", "/root/101", "/run/mine/101", "/mnt", "/tmp/101", "/usrlocal"})
        EXPECT_EQ(host.problem(root), "") << root;
}

TEST(Place, HostsOwnFilesAreNoPrivateArea) {
    const Host host;
    for (const char* area : {"/", "/vz/private/102"}) {
        const std::string text = host.problem("/vz/root/101", area);
        EXPECT_TRUE(text.starts_with("VE_PRIVATE: '")) << text;
        EXPECT_NE(text.find("the root of the host"), text.npos) << text;
    }
    EXPECT_NE(host.problem("/vz/root/101", "/vz/private/103").find("the host's /"),
              std::string::npos);
    EXPECT_EQ(host.problem("/vz/root/101", "/nowhere"), "");
}

TEST(Place, RootAndAreaLieSideBySide) {
    const Host host;
    EXPECT_NE(host.problem("/vz/private/101"), "");
    EXPECT_NE(host.problem("/vz/private/101/mnt"), "");
    EXPECT_NE(host.problem("/vz/private"), "");
    EXPECT_EQ(host.problem("/vz/private/1011"), "");
}

TEST(Place, UsersCanPassWhereEachDirectoryLetsThem) {
    const Host host;
    const auto set = [&](const char* dir, mode_t mode) {
        ASSERT_EQ(chmod((host.path() + dir).c_str(), mode), 0);
    };
    for (const char* dir : {"/vz", "/vz/private", "/vz/private/101"})
        set(dir, 0755);
    const Place area("/vz/private/101", host.path());
    EXPECT_TRUE(is_open_to_users(area, host.path()));
    for (const char* dir : {"/vz", "/vz/private", "/vz/private/101"}) {
        set(dir, 0700);
        EXPECT_FALSE(is_open_to_users(area, host.path())) << dir;
        set(dir, 0711);
        EXPECT_TRUE(is_open_to_users(area, host.path())) << dir;
    }
    EXPECT_TRUE(HostPlaces(host.path()).has(Place("/srv", host.path())));
    EXPECT_FALSE(HostPlaces(host.path()).has(Place("/vz/private", host.path())));
}

TEST(Place, FilesThatAMountWouldHide) {
    const Host host;
    EXPECT_TRUE(holds_files(host.path() + "/usr"));
    EXPECT_FALSE(holds_files(host.path() + "/usr/bin"));
    EXPECT_FALSE(holds_files(host.path() + "/nowhere"));
}

}  // namespace
