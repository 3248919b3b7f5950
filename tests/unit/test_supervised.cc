#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "life/supervised.hh"
#include "sys/error.hh"

namespace {

using namespace vps;

std::string inherited() {
    return std::to_string(fcntl(STDOUT_FILENO, F_DUPFD, 3));
}

Supervised read(const std::vector<std::string>& words) {
    std::vector<const char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(word.c_str());
    return read_supervised(pointers);
}

TEST(Supervised, ComesFromWords) {
    const std::string handle = inherited(), console = inherited(), first = inherited(),
                      second = inherited();
    const Supervised vps = read({"101", "traced=77", "handle=" + handle, "held=" + first,
                                 "console=" + console, "held=" + second, "remark=a=b c"});
    EXPECT_EQ(vps.veid.value(), 101U);
    EXPECT_EQ(vps.init, 77);
    EXPECT_EQ(vps.kinship, Kinship::Tracer);
    EXPECT_EQ(std::to_string(vps.init_handle.get()), handle);
    EXPECT_EQ(std::to_string(vps.console.get()), console);
    ASSERT_EQ(vps.held.size(), 2U);
    EXPECT_FALSE(vps.listener);
    EXPECT_FALSE(vps.boot);
    EXPECT_EQ(vps.remark, "a=b c");
    for (const Fd& fd : vps.held)
        EXPECT_EQ(fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST(Supervised, WaitsForABootByItsSocket) {
    const std::string handle = inherited(), socket = inherited();
    const Supervised vps =
        read({"101", "init=77", "handle=" + handle, "boot=" + socket, "reader=0"});
    ASSERT_TRUE(vps.boot);
    EXPECT_EQ(std::to_string(vps.boot->fd().get()), socket);
    EXPECT_EQ(vps.boot->reader(), 0);
}

TEST(Supervised, TakesNoOtherWords) {
    const std::vector<std::vector<std::string>> lines{
        {},
        {"0"},
        {"--help"},
        {"101"},
        {"101", "init=77"},
        {"101", "handle"},
        {"101", "init=77", "handle", "frob=1"},
        {"101", "init=seven", "handle"},
        {"101", "init=77", "handle", "held=-1"},
        {"101", "init=77", "handle", "held="},
    };
    for (std::vector<std::string> words : lines) {
        for (std::string& word : words)
            if (word == "handle")
                word += "=" + inherited();
        try {
            (void)read(words);
            FAIL() << words.size() << " words";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::Usage) << error.what();
        }
    }
}

TEST(Supervised, TakesNoDescriptorThatIsNotOpen) {
    EXPECT_THROW((void)read({"101", "init=77", "handle=1000"}), SysError);
}

}  // namespace
