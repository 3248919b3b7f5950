#include <gtest/gtest.h>

#include <algorithm>

#include "enter/enter_plan.hh"

namespace {

using namespace vps;
using Words = std::vector<std::string>;

TEST(Enter, ATerminalNameIsNothingElse) {
    for (const char* good : {"linux", "xterm-256color", "screen.xterm+x", "vt220", "a_b"})
        EXPECT_TRUE(is_terminal_name(good)) << good;
    for (const char* bad : {"", "a b", "a/b", "a\n", "x;y", "$x", "\x1b[c", "\xc3\xa4"})
        EXPECT_FALSE(is_terminal_name(bad)) << bad;
    EXPECT_FALSE(is_terminal_name(std::string("a\0b", 3)));
    EXPECT_FALSE(is_terminal_name(std::string(65, 'a')));
}

TEST(Enter, TheShellIsTheAccountsIfItIsThere) {
    const Account account{"web", 1, 1, "/", "/bin/zsh"};
    const auto only = [](Words files) {
        return [files](const std::string& file) {
            return std::find(files.begin(), files.end(), file) != files.end();
        };
    };
    EXPECT_EQ(choose_shell(account, only({"/bin/zsh", "/bin/bash", "/bin/sh"})), "/bin/zsh");
    EXPECT_EQ(choose_shell(account, only({"/bin/bash", "/bin/sh"})), "/bin/bash");
    EXPECT_EQ(choose_shell(account, only({"/bin/sh"})), "/bin/sh");
    EXPECT_EQ(choose_shell(account, only({})), "/bin/sh");
    EXPECT_EQ(choose_shell({"web", 1, 1, "/", ""}, only({"", "/bin/bash"})), "/bin/bash");
}

class Plan : public testing::Test {
  protected:
    EnterRequest request_{*Veid::parse("101"),
                          {"web", 1000, 1001, "/home/web", "/bin/zsh"},
                          {7, 1001},
                          "/bin/zsh",
                          {},
                          "vt220"};
};

TEST_F(Plan, WithoutACommandTheShellIsALoginShell) {
    const ContextCommand command = plan_command(request_);
    EXPECT_EQ(command.argv, Words{"-zsh"});
    EXPECT_EQ(command.programs, Words{"/bin/zsh"});
    EXPECT_EQ(command.user.uid, 1000U);
    EXPECT_EQ(command.user.gid, 1001U);
    EXPECT_EQ(command.user.groups, (std::vector<gid_t>{7, 1001}));
    EXPECT_EQ(command.user.home, "/home/web");
    Words environment = command.environment;
    std::sort(environment.begin(), environment.end());
    EXPECT_EQ(environment,
              (Words{"HOME=/home/web", "LOGNAME=web",
                     "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                     "SHELL=/bin/zsh", "TERM=vt220", "USER=web", "VEID=101", "container=lxc"}));
}

TEST_F(Plan, WhatTheCallerOrTheVpsLeavesOut) {
    request_.term = "a b";
    request_.account.home = "";
    const ContextCommand command = plan_command(request_);
    EXPECT_EQ(command.user.home, "/");
    const Words& environment = command.environment;
    EXPECT_NE(std::find(environment.begin(), environment.end(), "HOME=/"), environment.end());
    EXPECT_NE(std::find(environment.begin(), environment.end(), "TERM=linux"), environment.end());
}

TEST_F(Plan, ACommandIsLookedUpInPathUnlessItIsOne) {
    request_.words = {"ls", "-l", ""};
    EXPECT_EQ(plan_command(request_).argv, request_.words);
    EXPECT_EQ(plan_command(request_).programs,
              (Words{"/usr/local/sbin/ls", "/usr/local/bin/ls", "/usr/sbin/ls", "/usr/bin/ls",
                     "/sbin/ls", "/bin/ls"}));
    for (const char* path : {"/bin/ls", "./ls", "bin/ls", ""}) {
        request_.words = {path};
        EXPECT_EQ(plan_command(request_).programs, Words{path});
    }
}

}  // namespace
