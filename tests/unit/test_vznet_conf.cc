#include <gtest/gtest.h>

#include "config/vznet_conf.hh"
#include "sys/error.hh"

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
        {"EXTERNAL_SCRIPT=/a # was; EXTERNAL_SCRIPT=/b\n", "/a"},
        {"FOO=a # x; EXTERNAL_SCRIPT=/x\n", ""},
        {": \"; EXTERNAL_SCRIPT=/no\"\n", ""},
        {"EXTERNAL_SCRIPT=/a\\\nb\nC=\"\\\n\"", "/ab"},
        {"\xef\xbb\xbf"
         "EXTERNAL_SCRIPT=/a\n",
         "/a"},
        {"export\tEXTERNAL_SCRIPT=/a B\n", "/a"},
        {"A=1 EXTERNAL_SCRIPT=/a\n", "/a"},
        {"EXTERNAL_SCRIPT=/no program EXTERNAL_SCRIPT=/no\n", ""},
        {"[ -x /a ] && EXTERNAL_SCRIPT=/a\n", "/a"},
        {"EXTERNAL_SCRIPT='/a$b'\n", "/a$b"},
        {"D=${E}; EXTERNAL_SCRIPT=/a\n", "/a"},
        {"EXTERNAL_SCRIPT=\\", "\\"},
    };
    for (const auto& [text, path] : cases)
        EXPECT_EQ(find_external_script(text), path) << text;
}

TEST(VznetConf, SaysWhatItDoesNotExpand) {
    for (const char* value : {"${D}/x", "/a$b", "\"$b\"", "`b`", "/a\"$(b)\""})
        try {
            (void)find_external_script("D=/a\nA=1; EXTERNAL_SCRIPT=" + std::string(value) + "\n");
            ADD_FAILURE() << value;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::BadValue);
            EXPECT_STREQ(error.what(),
                         "/etc/vz/vznet.conf:2:22: EXTERNAL_SCRIPT: nothing is expanded here; "
                         "write the path without '$' and '`'");
        }
}

}  // namespace vps
