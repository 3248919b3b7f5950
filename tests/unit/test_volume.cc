#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "snapshot/logical_volume.hh"
#include "snapshot/manager_program.hh"
#include "snapshot/volume.hh"
#include "sys/error.hh"
#include "sys/mount.hh"
#include "systemd/unit_path.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

constexpr const char *kUuid = "fbcdf284-5345-416b-a589-7b5fcaa87673",
                     *kNote = "vps-101-fbcdf284-5345-416b-a589-7b5fcaa87673",
                     *kDmName = "vps--101--fbcdf284--5345--416b--a589--7b5fcaa87673",
                     *kGroup = "VLPfbB-UufJ-1CUb-DMmJ-0cNF-5RzY-QNiBwB",
                     *kVolume = "HMm7Yf-CeP3-bTRY-8NLs-SAAl-lEqQ-P2Q5qM";

AreaVolume an_area() {
    return {.manager = "lvm",
            .group = kGroup,
            .id = kVolume,
            .name = "thin/vps-101",
            .target = "/vz/private/a b=c",
            .type = "ext4",
            .options = "rw,relatime,prjquota",
            .propagation = kShared};
}

}  // namespace

TEST(LogicalVolume, IsReadFromTheLinesOfLvs) {
    const std::string line = fmt::format(
        "  thin|{}|vps-101|{}|thin|a,b=c|auto|/dev/thin/vps-101|"
        "/dev/mapper/thin-vps--101|1\n",
        kGroup, kVolume);
    const LogicalVolume expected{.group = "thin",
                                 .group_id = kGroup,
                                 .name = "vps-101",
                                 .id = kVolume,
                                 .type = "thin",
                                 .tags = {"a", "b=c"},
                                 .read_ahead = "auto",
                                 .path = "/dev/thin/vps-101",
                                 .dm_path = "/dev/mapper/thin-vps--101",
                                 .is_skipped = true};
    EXPECT_EQ(parse_logical_volumes(line), std::vector{expected});
    EXPECT_EQ(parse_logical_volumes(line + line), std::vector{expected});  // two segments
    EXPECT_EQ(expected.full_name(), "thin/vps-101");
    EXPECT_TRUE(expected.has_tag("b=c"));
    EXPECT_FALSE(expected.has_tag("b"));
    const auto bare =
        parse_logical_volumes(fmt::format("  v|{}|pool|x|thin-pool||8192||/dev/m/p|0\n\n", kGroup));
    ASSERT_EQ(bare.size(), 1U);
    EXPECT_TRUE(bare.front().tags.empty());
    EXPECT_EQ(bare.front().read_ahead, "8192");
    EXPECT_FALSE(bare.front().is_skipped);
    EXPECT_TRUE(parse_logical_volumes("").empty());
    for (const char* broken : {"x", "  thin|vps-101\n", "a|b|c|d|e|f|g|h|i|j|k\n"})
        EXPECT_THROW((void)parse_logical_volumes(broken), Error) << broken;
}

TEST(LogicalVolume, IsKnownByItsDevice) {
    const std::string ids = "VLPfbBUufJ1CUbDMmJ0cNF5RzYQNiBwBHMm7YfCeP3bTRY8NLsSAAllEqQP2Q5qM";
    EXPECT_EQ(parse_dm_uuid("LVM-" + ids).group, kGroup);
    EXPECT_EQ(parse_dm_uuid("LVM-" + ids).volume, kVolume);
    for (const std::string& other :
         {std::string(), std::string("LVM-"), ids, "LVM-" + ids + "-tpool", "CRYPT-" + ids})
        EXPECT_TRUE(parse_dm_uuid(other).volume.empty()) << other;
}

TEST(LogicalVolume, IsOursByItsName) {
    EXPECT_EQ(tag_of_note(kUuid), fmt::format("systemd-vps={}", kUuid));
    EXPECT_TRUE(is_tag_of_ours(tag_of_note(kUuid)));
    EXPECT_FALSE(is_tag_of_ours("systemd-vps"));
    for (const std::string& name : {std::string(kNote), name_in_exchange(kNote)})
        EXPECT_TRUE(is_name_of_note(name, kNote)) << name;
    for (const std::string& name : {std::string("vps-101"), std::string(), std::string(kNote) + "x",
                                    std::string("a") + kNote})
        EXPECT_FALSE(is_name_of_note(name, kNote)) << name;
    for (const std::string before : {"thin-", "my--group-"})
        for (const std::string after : {"", "--was"})
            EXPECT_TRUE(is_dm_name_of_note(before + kDmName + after, kNote));
    for (const std::string& other :
         {std::string("thin-vps--101"), std::string("thin--") + kDmName, std::string(kDmName),
          std::string("thin-") + kDmName + "-real", std::string("thin-x") + kDmName})
        EXPECT_FALSE(is_dm_name_of_note(other, kNote)) << other;
}

TEST(AreaVolume, ComesBackFromItsText) {
    EXPECT_EQ(parse_area_volume(format_area_volume(an_area())), an_area());
    EXPECT_EQ(parse_area_volume("0123456789abcdef"), std::nullopt);  // a tree's
    EXPECT_EQ(parse_area_volume(""), std::nullopt);
    EXPECT_THROW((void)parse_area_volume("manager=lvm\ngroup=x\n"), Error);
    AreaVolume hostile = an_area();
    hostile.target += "\nid=other";
    EXPECT_THROW((void)format_area_volume(hostile), Error);
}

TEST(VolumeNote, ComesBackFromItsPlace) {
    const TemporaryDirectory dir;
    const std::string place = dir.path() + "/" + kUuid;
    EXPECT_FALSE(open_note(place));
    ASSERT_EQ(mkdir(place.c_str(), 0700), 0);
    EXPECT_FALSE(open_note(place));
    EXPECT_THROW((void)require_note(place), Error);
    const VolumeNote written = write_note(place, an_area(), "vps-101");
    EXPECT_EQ(written.name, kNote);
    const auto read = open_note(place, NoteLock::No);
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->lock);
    EXPECT_EQ(read->manager, "lvm");
    EXPECT_EQ(read->group, kGroup);
    EXPECT_EQ(read->uuid, kUuid);
    EXPECT_EQ(read->name, kNote);
    EXPECT_EQ(read->type, "ext4");
    EXPECT_FALSE(open_note(place + "/volume"));  // a place is a directory
    EXPECT_THROW((void)manager_called("other"), Error);
    EXPECT_EQ(manager_called(read->manager).name(), "lvm");
}

TEST(ManagerProgram, SaysWhyInOneLine) {
    EXPECT_EQ(in_one_line("  WARNING: sizes.\n  Cannot create.\n\n  Really  \n"),
              "Cannot create; Really");
    EXPECT_EQ(in_one_line("  WARNING: only.\n"), "WARNING: only");
    EXPECT_EQ(in_one_line(" \n...\n"), "");
    EXPECT_EQ(in_one_line("a\x1b[31mb\n"), "a?[31mb");
}

TEST(ManagerProgram, RunsWithoutInputAndAloud) {
    const ManagerProgram shell{.name = "sh", .package = "dash"};
    EXPECT_EQ(run_manager(shell, {"-c", "cat; echo $LC_ALL; echo no >&2"}), "C\n");
    try {
        (void)run_manager(shell, {"-c", "echo out; echo '  why not.' >&2; exit 5"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "sh: why not");
    }
    try {
        (void)run_manager({.name = "no-such-program", .package = "lvm2"}, {"lvs"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "there is no program 'no-such-program' on this host: install lvm2");
    }
}

TEST(UnitPath, IsEscaped) {
    EXPECT_EQ(unit_of_path("/dev/mapper/thin-vps--101", ".device"),
              "dev-mapper-thin\\x2dvps\\x2d\\x2d101.device");
    EXPECT_EQ(unit_of_path("//.a//b.c/", ".mount"), "\\x2ea-b.c.mount");
    for (const std::string& path :
         {std::string("/"), std::string("/a/../b"), std::string(300, 'x')})
        EXPECT_EQ(unit_of_path(path, ".mount"), "") << path;
}

}  // namespace vps
