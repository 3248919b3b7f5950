#include <gtest/gtest.h>

#include "snapshot/snapshot_list.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr const char *kOne = "{11111111-2222-3333-4444-555555555555}",
                     *kTwo = "{22222222-3333-4444-5555-666666666666}",
                     *kThree = "{33333333-4444-5555-6666-7777777777AB}";

SnapshotList three() {
    SnapshotList list;
    list.add({.uuid = kOne,
              .parent = {},
              .date = "2026-11-30 09:15:00",
              .name = "one",
              .description = ""});
    list.add({.uuid = kTwo, .parent = {}, .date = "", .name = "a=b\\n\nc", .description = "\\"});
    list.add({.uuid = kThree, .parent = {}, .date = "", .name = "", .description = ""});
    return list;
}

}  // namespace

TEST(SnapshotList, ComesBackFromItsText) {
    for (const SnapshotList& list : {SnapshotList(), three()})
        EXPECT_EQ(parse_snapshot_list(format_snapshot_list(list)), list);
}

TEST(SnapshotList, GrowsAsATree) {
    SnapshotList list = three();
    EXPECT_EQ(list.current, kThree);
    EXPECT_EQ(list.find(kThree)->parent, kTwo);
    list.remove(kTwo);
    EXPECT_EQ(list.find(kThree)->parent, kOne);
    EXPECT_EQ(list.find(kTwo), nullptr);
    list.remove(kThree);
    EXPECT_EQ(list.current, kOne);
    list.remove(kOne);
    EXPECT_EQ(list, SnapshotList());
    list.remove(kOne);
}

TEST(SnapshotList, RefusesWhatItDoesNotKnow) {
    for (const char* text :
         {"", "version=1\n", "version=2\n", "current=\n", "version=1\nname=x\n",
          "version=1\nuuid=x\n", "version=1\nuuid=../../etc\n", "version=1\nfrob\n",
          "version=1\nuuid={11111111-2222-3333-4444-555555555555}\nfrob=1\n",
          "version=1\nuuid={11111111-2222-3333-4444-555555555555}\nparent=x\n"})
        EXPECT_THROW((void)parse_snapshot_list(text), Error) << text;
}

TEST(SnapshotList, KnowsUuids) {
    const std::string plain = "fbcdf284-5345-416b-a589-7b5fcaa8767A";
    EXPECT_EQ(parse_uuid(plain), "{" + plain + "}");
    for (const std::string& word : {"{" + plain + "}", plain + "}", "{" + plain})
        EXPECT_EQ(parse_uuid(word), "{" + plain + "}");
    for (const std::string& word :
         {std::string(), std::string("{}"), plain + "0", plain.substr(1), "../" + plain.substr(3),
          "{" + plain + "}}", std::string(36, '-'), std::string(36, '0')})
        EXPECT_EQ(parse_uuid(word), std::nullopt) << word;
}

// Whatever is not named goes with the next change: half of a list is none.
TEST(SnapshotList, IsNotCutShort) {
    const std::string text = format_snapshot_list(three());
    std::size_t whole = 0;
    for (std::size_t length = 0; length < text.size(); ++length) {
        try {
            (void)parse_snapshot_list(text.substr(0, length));
            ++whole;
        } catch (const Error&) {
            // As it should be.
        }
    }
    EXPECT_EQ(whole, 0U);
}

TEST(SnapshotList, ReadsTheTextsOfOlderVersions) {
    SnapshotList list = three();
    std::string text = format_snapshot_list(list);
    const std::size_t current = text.rfind("current=");
    const std::string last = text.substr(current);
    text.erase(current);
    text.insert(text.find('\n') + 1, last);
    EXPECT_EQ(parse_snapshot_list(text), list);
    EXPECT_EQ(parse_snapshot_list("version=1\ncurrent=\n"), SnapshotList());
}

}  // namespace vps
