#include <gtest/gtest.h>

#include "config/vznet_conf.hh"

namespace vps {

TEST(VznetConf, IsReadAsShMeansIt) {
    const struct {
        std::string_view text, path;
    } cases[] = {
        {"", ""},
        {"#EXTERNAL_SCRIPT=/x\n", ""},
        {"# comment; EXTERNAL_SCRIPT=/y\n", ""},
        {"EXTERNAL_SCRIPT=\"/usr/sbin/vznetaddbr\"\n", "/usr/sbin/vznetaddbr"},
        {"EXTERNAL_SCRIPT='/usr/sbin/vznetaddbr'", "/usr/sbin/vznetaddbr"},
        {"EXTERNAL_SCRIPT='/a\"b\\c'\n", "/a\"b\\c"},
        {"EXTERNAL_SCRIPT=\"/a\\\"b\\c'\"\n", "/a\"b\\c'"},
        {"EXTERNAL_SCRIPT=/a\\ b\n", "/a b"},
        {"EXTERNAL_SCRIPT=/a'b'\"c\" # x\n", "/abc"},
        {"  export EXTERNAL_SCRIPT=/a; OTHER=1\r\n", "/a"},
        {"EXTERNAL_SCRIPT=/a\r\n", "/a"},
        {"EXTERNAL_SCRIPT=/a\nEXTERNAL_SCRIPT=/b\n", "/b"},
        {"EXTERNAL_SCRIPT=/a\nEXTERNAL_SCRIPT=\n", ""},
        {"#!/bin/bash\nA=1; EXTERNAL_SCRIPT=/a\n", "/a"},
        {"A='x\nEXTERNAL_SCRIPT=/no\n'\nEXTERNAL_SCRIPT=/a\n", "/a"},
        {"MY_EXTERNAL_SCRIPT=/no\nEXTERNAL_SCRIPTS=/no\n", ""},
        {"EXTERNAL_SCRIPT='", ""},
        {"EXTERNAL_SCRIPT=\\", "\\"},
    };
    for (const auto& [text, path] : cases)
        EXPECT_EQ(find_external_script(text), path) << text;
}

}  // namespace vps
