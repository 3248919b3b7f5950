#include <gtest/gtest.h>

#include "snapshot/dataset_list.hh"
#include "sys/error.hh"

namespace vps {

namespace {

const std::string kUuid = "11111111-2222-3333-4444-555555555555";
const std::string kOther = "22222222-3333-4444-5555-666666666666";

VolumeNote note_of(const std::string& label, const std::string& uuid) {
    VolumeNote note;
    note.manager = "zfs";
    note.uuid = uuid;
    note.name = label + uuid;
    return note;
}

Dataset dataset(const std::string& name, const std::string& mark) {
    return {.name = "tank/private/" + name,
            .guid = "1",
            .canmount = "on",
            .origin = {},
            .mark = mark,
            .area_canmount = {}};
}

}  // namespace

TEST(DatasetList, ReadsLinesOfZfs) {
    const std::vector<std::string> words = words_to_list_datasets("tank/private");
    EXPECT_EQ(words.back(), "tank/private");
    const std::vector<Dataset> expected{{.name = "tank/private",
                                         .guid = "17",
                                         .canmount = "on",
                                         .origin = {},
                                         .mark = {},
                                         .area_canmount = {}},
                                        {.name = "tank/private/a b",
                                         .guid = "18",
                                         .canmount = "noauto",
                                         .origin = "tank/private/101@x",
                                         .mark = kUuid,
                                         .area_canmount = "on"}};
    EXPECT_EQ(parse_datasets("tank/private\t17\ton\t-\t-\t-\n"
                             "tank/private/a b\t18\tnoauto\ttank/private/101@x\t" +
                             kUuid + "\ton\n"),
              expected);
    EXPECT_TRUE(parse_datasets("").empty());
    for (const char* lines :
         {"\n", "\n\n", "tank\n", "tank\t1\ton\t-\t-\n", "tank\t1\ton\t-\t-\t-\tmore\n"})
        EXPECT_THROW(parse_datasets(lines), Error) << lines;
}

TEST(DatasetList, TakesNamesApart) {
    EXPECT_EQ(parent_of_dataset("tank/private/101"), "tank/private");
    EXPECT_EQ(parent_of_dataset("tank/101"), "tank");
    EXPECT_EQ(parent_of_dataset("tank"), "");
    EXPECT_EQ(last_of_dataset("tank/private/101"), "101");
    EXPECT_EQ(last_of_dataset("tank"), "tank");
}

TEST(DatasetList, ADatasetOfANoteHasItsNameAndItsMark) {
    const VolumeNote note = note_of("vps-101-", kUuid);
    EXPECT_TRUE(is_of_note(dataset("vps-101-" + kUuid, kUuid), note));
    EXPECT_TRUE(is_of_note(dataset(other_name_of("vps-101-" + kUuid), kUuid), note));
    for (const Dataset& other :
         {dataset("vps-101-" + kUuid, ""), dataset("vps-101-" + kUuid, kOther),
          dataset("101", kUuid), dataset("vps-101-" + kOther, kUuid),
          dataset("vps-101-" + kUuid, mark_of_kept(kUuid))})
        EXPECT_FALSE(is_of_note(other, note)) << other.name << " " << other.mark;
}

TEST(DatasetList, BesideAnAreaAreThoseOfItsVpsAlone) {
    const VolumeNote note = note_of("vps-101-", kUuid);
    const std::string name = "vps-101-" + kOther, mark = mark_of_kept(kOther);
    for (const Dataset& ours : {dataset(name, kOther), dataset(other_name_of(name), kOther),
                                dataset(name, mark), dataset(other_name_of(name), mark)}) {
        EXPECT_TRUE(is_beside(ours, note)) << ours.name << " " << ours.mark;
        EXPECT_EQ(is_kept(ours), ours.mark == mark);
    }
    for (const Dataset& other :
         {dataset(name, kUuid), dataset(name, ""), dataset("101", mark), dataset("101", kOther),
          dataset(note.name, mark), dataset("vps-10-" + kOther, mark),
          dataset("vps-1010-" + kOther, mark), dataset("vps-101-", "kept:"),
          dataset("vps-101-", "")})
        EXPECT_FALSE(is_beside(other, note)) << other.name << " " << other.mark;
}

TEST(DatasetList, AClonesPropertiesAreThoseOfTheOriginal) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(words_for_properties(""), Words());
    EXPECT_EQ(words_for_properties("quota\t268435456\n"
                                   "mountpoint\t/vz/private/101\n"
                                   "canmount\ton\n"
                                   "utf8only\ton\n"
                                   "keylocation\tprompt\n"
                                   "systemd-vps:mark\tx\n"
                                   "no line of a property\n"
                                   "com.sun:auto-snapshot\tfalse\n"
                                   "org.example:note\ttwo\n"
                                   "lines\n"
                                   "compression\tzstd\n"),
              (Words{"-o", "quota=268435456", "-o", "mountpoint=/vz/private/101", "-o",
                     "com.sun:auto-snapshot=false", "-o", "org.example:note=two\nlines", "-o",
                     "compression=zstd"}));
}

TEST(DatasetList, OptionsOfAMountAreNotThoseOfTheDataset) {
    EXPECT_EQ(options_of_mount("rw,nosuid,noatime,xattr,noacl,casesensitive"), "rw,nosuid,noatime");
    EXPECT_EQ(options_of_mount("ro,relatime,xattr"), "ro,relatime");
    EXPECT_EQ(options_of_mount("rw,xattr,noacl"), "rw");
    EXPECT_EQ(options_of_mount("rows,,xattr"), "");
}

}  // namespace vps
