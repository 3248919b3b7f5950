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

TEST(VpsName, OfALinkIsOneVps) {
    const TemporaryDirectory temporary;
    const std::string& dir = temporary.path();
    std::filesystem::create_directory(dir + "/conf");
    std::filesystem::create_directory(dir + "/names");
    (void)temporary.write("vz.conf", "");
    for (const char* file : {"conf/101.conf", "conf/102.conf", "conf/103.conf"})
        (void)temporary.write(file, "NAME=web\n");
    (void)temporary.write("conf/104.conf", "NAME=mail\n");
    const auto link = [&](const char* name, const char* target) {
        std::filesystem::create_symlink(target, dir + "/names/" + name);
    };
    const auto count = [&](const char* name) { return find_named(name, dir).size(); };
    EXPECT_EQ(count("web"), 3u);
    link("web", "/etc/vz/conf/102.conf");
    ASSERT_EQ(count("web"), 1u);
    EXPECT_EQ(find_named("web", dir).front().to_string(), "102");
    link("old", "/etc/vz/conf/101.conf");  // its VPS has another name now
    link("mail", "101.conf");
    link("none", "999.conf");
    EXPECT_EQ(count("old"), 0u);
    EXPECT_EQ(find_named("mail", dir).front().to_string(), "104");
    for (const char* name : {"none", ".", "..", "../names/web", "names/web", ""})
        EXPECT_EQ(count(name), 0u) << name;
}

}  // namespace vps
