#include <gtest/gtest.h>

#include <filesystem>

#include "config/vps_name.hh"
#include "temporary_directory.hh"

namespace vps {

TEST(VpsName, IsLookedUpInAllConfigurations) {
    const TemporaryDirectory temporary;
    const std::string& dir = temporary.path();
    std::filesystem::create_directory(dir + "/conf");
    (void)temporary.write("vz.conf", "NAME=everybody\n");
    const auto write = [&](const std::string& file, const char* text) {
        (void)temporary.write("conf/" + file, text);
    };
    write("102.conf", "NAME=\"web\"\n");
    write("101.conf", "NAME=web\nNAME=other\n");
    write("103.conf", "NAME=mail server\nPHYSPAGES=many\n");
    write("104.conf", "ONBOOT=yes\n");
    write("105.conf.bak", "NAME=saved\n");
    write("007.conf", "NAME=saved\n");
    const auto text = [&](const char* name) {
        std::string all;
        for (const Veid veid : find_named(name, dir))
            all += veid.to_string() + " ";
        return all;
    };
    EXPECT_EQ(text("web"), "101 102 ");
    EXPECT_EQ(text("mail server"), "103 ");
    for (const char* name : {"other", "we", "web ", "", "saved", "everybody", "../101", "101"})
        EXPECT_EQ(text(name), "") << name;
    std::filesystem::remove_all(dir);
    EXPECT_EQ(text("web"), "");
}

}  // namespace vps
