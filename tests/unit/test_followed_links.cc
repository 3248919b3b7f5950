#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "sys/followed_links.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

class Links : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* dir : {"/vz/private/101", "/srv"})
            sys::mkdir_all(dir_.path() + dir, 0755);
        link("/srv/disk", "vz/areas");
        link("../mnt/./disk 2/", "srv/disk");
        link("/a", "b");
        link("b", "a");
        link("../../../../../new/102", "vz/private/102");
    }
    void link(const std::string& target, const std::string& name) const {
        ASSERT_EQ(symlink(target.c_str(), (dir_.path() + "/" + name).c_str()), 0);
    }
    TemporaryDirectory dir_;
    FollowedLinks links_{dir_.path()};
};

TEST_F(Links, AreFoundAmongManyPaths) {
    for (int veid = 103; veid < 200; ++veid)
        sys::mkdir_all(dir_.path() + "/vz/private/" + std::to_string(veid), 0755);
    link("/srv", "vz/private/200");
    for (int veid = 101; veid <= 210; ++veid)
        EXPECT_EQ(links_.of("/vz/private/" + std::to_string(veid)),
                  veid == 102   ? std::vector<std::string>{"/new/102"}
                  : veid == 200 ? std::vector<std::string>{"/srv"}
                                : std::vector<std::string>())
            << veid;
    for (int veid = 101; veid <= 210; ++veid)
        EXPECT_TRUE(links_.of("/vz/absent/" + std::to_string(veid)).empty()) << veid;
    EXPECT_EQ(links_.of("/vz/private/150/../200"), std::vector<std::string>{"/srv"});
    EXPECT_EQ(links_.of("/vz/areas/101"),
              (std::vector<std::string>{"/srv/disk/101", "/mnt/disk 2/101"}));
}

TEST_F(Links, AreFollowedOneByOne) {
    using Places = std::vector<std::string>;
    const std::pair<std::string, Places> rows[] = {
        {"/vz/private/101", {}},
        {"/vz/private/101/", {}},
        {"/vz/absent/101", {}},
        {"/", {}},
        {"", {}},
        {"/vz/areas/101", {"/srv/disk/101", "/mnt/disk 2/101"}},
        {"/vz/areas/../101", {"/srv/101", "/mnt/101"}},
        {"//vz//areas", {"/srv/disk", "/mnt/disk 2"}},
        {"/vz/private/102", {"/new/102"}},  // no way out of the root
        {"/a/101", {}},                     // leads nowhere
    };
    for (const auto& [path, places] : rows)
        EXPECT_EQ(links_.of(path), places) << path;
}

}  // namespace
