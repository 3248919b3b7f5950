#include <gtest/gtest.h>

#include "config/config_key.hh"
#include "config/meant_key.hh"

namespace vps {

TEST(ConfigKey, FindsEachByItsNameOnly) {
    for (const auto& key : config_keys())
        EXPECT_EQ(find_config_key(key.name), &key) << key.name;
    for (const auto name : {"", "A", "PHYSPAGES ", "physpages", "PHYSPAGE", "PHYSPAGESS", "ZZZ"})
        EXPECT_EQ(find_config_key(name), nullptr) << name;
}

TEST(ConfigKey, IsNeverMeantByAnother) {
    for (const auto& key : config_keys())
        if (key.guards == Guards::Yes) {
            EXPECT_EQ(find_meant_key(key.name), &key) << key.name;
        }
    for (const auto name : {"", " ", "A", "\xc2\xa0", "export ", "BACKUP_DIR", "KMEM", "DISK"})
        EXPECT_EQ(find_meant_key(name), nullptr) << name;
}

TEST(ConfigKey, SaysWhatItBecomes) {
    for (const auto& key : config_keys()) {
        EXPECT_FALSE(key.type.empty()) << key.name;
        EXPECT_FALSE(key.becomes.empty()) << key.name;
        // A key does something if it is read, and only then.
        const bool has_effect = key.effect != Effect::None && key.effect != Effect::ToolsOnly;
        EXPECT_EQ(has_effect, key.read != nullptr) << key.name;
        const bool in_units =
            key.effect == Effect::UnitSettings || key.effect == Effect::StartSettings;
        EXPECT_TRUE(in_units || key.settings[0].empty()) << key.name;
        // A key that guards a VPS has a reader, or it could guard nothing.
        if (key.guards == Guards::Yes) {
            EXPECT_TRUE(key.read) << key.name;
        }
    }
}

// No value may throw, and a bad value changes no field as a good one would.
TEST(ConfigKey, SurvivesAnyValue) {
    using namespace std::string_view_literals;
    const std::string huge(100000, '9');
    for (const auto& key : config_keys()) {
        if (!key.read)
            continue;
        for (const auto value : {""sv, "\0"sv, "-1"sv, ":"sv, "%n"sv, "\n[Service]"sv, "1:2:3"sv,
                                 "unlimited"sv, "100%"sv, "%"sv, std::string_view(huge)}) {
            VpsConfig config;
            Reading reading;
            const auto verdict = key.read(config, value, reading);
            EXPECT_EQ(verdict.grade == Verdict::Good, !verdict.why && verdict.grade != Verdict::Bad)
                << key.name;
            EXPECT_TRUE(verdict.grade != Verdict::Bad || verdict.why || !reading.left_out.empty())
                << key.name;
        }
    }
}

}  // namespace vps
