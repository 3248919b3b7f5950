#include <gtest/gtest.h>
#include <linux/capability.h>
#include <unistd.h>

#include "context/capabilities.hh"
#include "other_settings.hh"

namespace {

using namespace vps;

constexpr CapabilitySet bit(int capability) {
    return CapabilitySet{1} << capability;
}

// The capabilities after lines of one file.
CapabilitySet find(std::initializer_list<const char*> values, std::vector<std::string>& problems) {
    ConfigDraft draft(ConfigDraft::Detail::Boot);
    std::string text;
    for (const char* value : values)
        text += std::string("CAPABILITY=\"") + value + "\"\n";
    draft.read(ConfigFile::Host, "vz.conf", text);
    const VpsConfig config = std::move(draft).finish(*Veid::parse("101"));
    problems = findings_of(config);
    return find_capabilities(config);
}

CapabilitySet find(std::initializer_list<const char*> values) {
    std::vector<std::string> problems;
    const CapabilitySet set = find(values, problems);
    EXPECT_TRUE(problems.empty()) << problems[0];
    return set;
}

TEST(Capabilities, OfEveryVpsHaveNoPowerOverTheHost) {
    const CapabilitySet set = find({});
    EXPECT_NE(set & bit(CAP_SYS_ADMIN), 0U);
    EXPECT_NE(set & bit(CAP_NET_ADMIN), 0U);
    for (const int capability : {CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_SYSLOG, CAP_BPF})
        EXPECT_EQ(set & bit(capability), 0U) << capability;
}

TEST(Capabilities, AreTakenAwayByNameInAnyCase) {
    const CapabilitySet all = find({});
    EXPECT_EQ(find({"SYS_PTRACE:off"}), all & ~bit(CAP_SYS_PTRACE));
    EXPECT_EQ(find({" sys_ptrace:off  CAP_MKNOD:off "}),
              all & ~bit(CAP_SYS_PTRACE) & ~bit(CAP_MKNOD));
    EXPECT_EQ(find({"CHOWN:off"}), all & ~bit(CAP_CHOWN));
    EXPECT_EQ(find({"CHECKPOINT_RESTORE:off"}), all & ~bit(CAP_CHECKPOINT_RESTORE));
}

TEST(Capabilities, OfALaterWordCount) {
    const CapabilitySet all = find({});
    EXPECT_EQ(find({"CHOWN:off CHOWN:on"}), all);
    EXPECT_EQ(find({"CHOWN:off KILL:off", "CHOWN:on"}), all & ~bit(CAP_KILL));
}

TEST(Capabilities, DoNotOverrideTheDiskQuota) {
    VpsConfig config;
    config.diskspace = BarrierLimit{1, 1};
    EXPECT_NE(find_capabilities(config) & bit(CAP_SYS_RESOURCE), 0U);
    config.userns = false;
    EXPECT_EQ(find_capabilities(config) & bit(CAP_SYS_RESOURCE), 0U);
    config.disk_quota = false;
    EXPECT_NE(find_capabilities(config) & bit(CAP_SYS_RESOURCE), 0U);
}

TEST(Capabilities, ThatNoVpsHasAreRefused) {
    std::vector<std::string> problems;
    EXPECT_EQ(find({"SYS_TIME:on CHOWN:off"}, problems), find({"CHOWN:off"}));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0],
              "CAPABILITY: 'SYS_TIME:on': would be power over the host, which no VPS gets");
}

TEST(Capabilities, ThatMakeNoSenseAreTold) {
    for (const char* word : {"CHOWN", "CHOWN:", ":off", "CHOWN:maybe", "VE_ADMIN:on",
                             "CHOWN:off:", "all:off", "CHOWN:off,KILL:off"}) {
        std::vector<std::string> problems;
        EXPECT_EQ(find({word}, problems), find({})) << word;
        ASSERT_EQ(problems.size(), 1U) << word;
        EXPECT_NE(problems[0].find(word), std::string::npos);
    }
}

// Only a word that was to give something can be done without.
TEST(Capabilities, ThatWereToBeTakenAwayRefuseAStart) {
    const auto refuses = [](const std::string& value) {
        ConfigDraft draft(ConfigDraft::Detail::Boot);
        draft.read(ConfigFile::Vps, "101.conf", "CAPABILITY=\"" + value + "\"\n");
        return std::move(draft).finish(*Veid::parse("101")).refusal() != nullptr;
    };
    for (const char* value : {"all:off", "CHOWN:off,KILL:off", "KILL:off all:off", "CHOWN"})
        EXPECT_TRUE(refuses(value)) << value;
    for (const char* value : {"", "SYS_TIME:on", "VE_ADMIN:on KILL:off", "kill:off # all:off"})
        EXPECT_FALSE(refuses(value)) << value;
}

TEST(Capabilities, OfAProcessAreReadFromProc) {
    EXPECT_EQ(bounding_set_of(getpid()) & bit(63), 0U);
    EXPECT_NE(bounding_set_of(getpid()), 0U);
    EXPECT_THROW(bounding_set_of(0x7fffffff), std::exception);
}

}  // namespace
