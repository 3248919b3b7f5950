#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>

#include "ploop/area_kind.hh"
#include "ploop/convert.hh"
#include "ploop/copy_files.hh"
#include "ploop/disk_descriptor.hh"
#include "ploop/disk_image.hh"
#include "ploop/little_endian.hh"
#include "ploop/merge.hh"
#include "ploop/mount_disk.hh"
#include "ploop/partition.hh"
#include "ploop/receive_image.hh"
#include "ploop_disk.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;
using namespace vps::ploop_disk;

testing::AssertionResult has(const std::string& text, const std::string& piece) {
    if (text.find(piece) != text.npos)
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << "no '" << piece << "' in: " << text;
}

template <typename Step>
std::string error_of(Step step) {
    try {
        step();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

// The bytes of a header, one field changed.
std::string header_with(std::size_t at, std::uint64_t value, unsigned width = 4) {
    std::string bytes = format_image_header(header_of(2, 4));
    put_le(bytes, at, value, width);
    return bytes;
}

TEST(PloopHeader, IsReadAsItIsWritten) {
    for (const unsigned version : {1U, 2U}) {
        ImageHeader header = header_of(version, 1000);
        header.size -= 3;
        header.in_use = true;
        header.flags = 6;
        header.extension = 0x1234567890;
        header.first_data = 16;
        EXPECT_EQ(parse_image_header(format_image_header(header)), header);
    }
}

TEST(PloopHeader, OfVersion1HasASizeOf32Bits) {
    std::string bytes = format_image_header(header_of(1, 4));
    put_le32(bytes, 40, 77);  // not a part of it
    EXPECT_EQ(parse_image_header(bytes).size, 4 * kCluster);
}

TEST(PloopHeader, ThatIsBrokenIsNamed) {
    struct Case {
        std::string bytes, error;
    };
    const std::string good = format_image_header(header_of(2, 4));
    for (const auto& [bytes, error] : {
             Case{good.substr(0, 63), "has 63 bytes, fewer than a ploop image's header"},
             Case{"", "has 0 bytes, fewer than a ploop image's header"},
             Case{"x" + good.substr(1), "begins with no signature of a ploop image"},
             Case{header_with(16, 3), "is a ploop image of format 3, not 2"},
             Case{header_with(28, 0),
                  "its clusters have 0 sectors, which is no power of two from 8 to 131072"},
             Case{header_with(28, 12),
                  "its clusters have 12 sectors, which is no power of two from 8 to 131072"},
             Case{header_with(28, 1U << 31),
                  "its clusters have 2147483648 sectors, which is no power of two from 8 to "
                  "131072"},
             Case{header_with(32, 0xffffffff),
                  "its table has 4294967295 entries, more than 16777216"},
             Case{header_with(36, 0, 8), "its disk has no sector"},
             Case{header_with(36, 33, 8),
                  "its disk has 33 sectors, more than the table's 4 clusters of 8"},
             Case{header_with(36, ~0ULL, 8),
                  "its disk has 18446744073709551615 sectors, more than "
                  "the table's 4 clusters of 8"},
             Case{header_with(48, 0),
                  "its data begins at sector 0, within the table, which ends at byte 80"},
             Case{header_with(48, 9),
                  "its data begins at sector 9, which is no multiple of a cluster's 8"},
         })
        EXPECT_EQ(error_of([&, &bytes = bytes] { (void)parse_image_header(bytes); }), error);
}

TEST(ClusterTable, ThatIsBrokenIsNamed) {
    const ImageHeader header = header_of(1, 4);
    const auto fault = [&](ClusterTable table) {
        return find_fault(header, table, std::uint64_t{4} * kCluster * kSector).value_or("none");
    };
    EXPECT_EQ(fault({8, 0, 24, 16}), "none");
    EXPECT_EQ(fault({0, 0, 0, 0}), "none");
    EXPECT_EQ(fault({0, 4, 0, 0}),
              "cluster 1 lies at sector 4, before the data, which begins at 8");
    EXPECT_EQ(fault({0, 0, 12, 0}),
              "cluster 2 lies at sector 12, which is no multiple of a cluster's 8");
    EXPECT_EQ(fault({0, 0, 0, 32}),
              "cluster 3 lies at sector 32, beyond the end of the file, which has 32");
    EXPECT_EQ(fault({0, 0, 0, 0xfffffff8}),
              "cluster 3 lies at sector 4294967288, beyond the end of the file, which has 32");
    EXPECT_EQ(fault({16, 8, 0, 16}), "clusters 0 and 3 both lie at sector 16");
    EXPECT_EQ(find_fault(header, {8, 0, 0, 0}, std::uint64_t{2} * kCluster * kSector - 1)
                  .value_or("none"),
              "cluster 0 lies at sector 8, beyond the end of the file, which has 15");
}

TEST(ClusterTable, IsCompletedBehindTheEndOfTheFile) {
    const ImageHeader header = header_of(2, 4);
    // A file with a cluster that nothing refers to, and half of another.
    const CompleteTable complete = complete_table(header, {0, 8, 0, 16}, 3 * 4096 + 2048);
    EXPECT_EQ(complete.table, (ClusterTable{32, 8, 40, 16}));
    EXPECT_EQ(complete.file_end, 48);
    EXPECT_EQ(complete_table(header, {8, 16, 24, 32}, std::uint64_t{5} * 4096).table,
              (ClusterTable{8, 16, 24, 32}));
    EXPECT_EQ(error_of([&] {
                  (void)complete_table(header_of(1, 4), {0, 8, 16, 24},
                                       std::uint64_t{0xffffffff} * kSector);
              }),
              "its table has no room for all 4 clusters of the disk");
}

TEST(DiskMap, JoinsRunsAndPrefersTheTopmostLayer) {
    const std::vector<Layer> one{{40, 8, ClusterTable{8, 16, 0, 0, 32}}};
    EXPECT_EQ(map_disk(one), (DiskMap{{0, 16, 0, 8}, {16, 16, std::nullopt}, {32, 8, 0, 32}}));
    // A top that is larger than its base, a base that is plain.
    const std::vector<Layer> chain{{12, 2048, std::nullopt},
                                   {24, 8, ClusterTable{0, 0, 40}},
                                   {27, 8, ClusterTable{8, 0, 0, 16}}};
    EXPECT_EQ(
        map_disk(chain),
        (DiskMap{
            {0, 8, 2, 8}, {8, 4, 0, 8}, {12, 4, std::nullopt}, {16, 8, 1, 40}, {24, 3, 2, 16}}));
    EXPECT_EQ(map_disk({{5000, 2048, std::nullopt}}), (DiskMap{{0, 5000, 0, 0}}));
}

TEST(DiskMap, IsCutToAPartition) {
    const DiskMap disk{{0, 16, 0, 8}, {16, 16, std::nullopt}, {32, 8, 0, 32}};
    EXPECT_EQ(map_part(disk, 10, 25),
              (DiskMap{{0, 6, 0, 18}, {6, 16, std::nullopt}, {22, 3, 0, 32}}));
    EXPECT_EQ(map_part(disk, 0, 40), disk);
}

TEST(DiskMap, HasALimitForScatteredClusters) {
    const std::size_t clusters = (1 << 18) + 1;
    Layer layer{clusters * 8, 8, ClusterTable(clusters)};
    for (std::size_t i = 0; i < clusters; ++i)
        (*layer.table)[i] = 8 * (clusters - i);
    EXPECT_TRUE(
        has(error_of([&] { (void)map_disk({layer}); }), "scattered over more than 262144 places"));
    (*layer.table)[1] = layer.table->front() + 8;  // one less
    EXPECT_EQ(map_disk({layer}).size(), clusters - 1);
}

DiskDescriptor parse(const std::string& text) {
    return parse_disk_descriptor(text, "/vz/private/101/root.hdd");
}

TEST(DiskDescriptor, IsRead) {
    const DiskDescriptor disk = parse(descriptor(
        image_element("{a}", "root.hds") + image_element("{b}", "top", "Plain"),
        "<TopGUID>\n {b} </TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}")));
    EXPECT_EQ(disk.images, (std::vector<DescribedImage>{{"{a}", ImageType::Ploop, "root.hds"},
                                                        {"{b}", ImageType::Plain, "top"}}));
    EXPECT_EQ(disk.top, "{b}");
    EXPECT_EQ(disk.shots, (std::vector<DescribedShot>{{"{a}", kNone}, {"{b}", "{a}"}}));
    const auto chain = find_chain(disk);
    ASSERT_EQ(chain.size(), 2);
    EXPECT_EQ(chain.front().file, "root.hds");
    EXPECT_EQ(chain.back().file, "top");
}

TEST(DiskDescriptor, OfOneImageNeedsNoSnapshots) {
    EXPECT_EQ(find_chain(parse(descriptor(image_element("{a}", "root.hds"), ""))).size(), 1);
}

TEST(DiskDescriptor, TakesAWholePathInItsOwnDirectory) {
    const auto disk =
        parse(descriptor(image_element("{a}", "/vz/private/101/root.hdd/root.hds"), ""));
    EXPECT_EQ(disk.images.front().file, "root.hds");
}

TEST(DiskDescriptor, KeepsItsImagesInItsOwnDirectory) {
    for (const char* file : {"../../102/root.hdd/root.hds", "/etc/shadow", "..", ".", "a/b",
                             "/vz/private/101/root.hdd/../x", "/vz/private/101/root.hdd/", "a\tb"})
        EXPECT_EQ(error_of([&] { (void)parse(descriptor(image_element("{a}", file), "")); }),
                  fmt::format("line 4: the image '{}' is not in '/vz/private/101/root.hdd'", file));
    EXPECT_TRUE(has(
        error_of([&] { (void)parse(descriptor(image_element("{a}", std::string(256, 'x')), "")); }),
        "is not in"));
}

TEST(DiskDescriptor, HasNoEntities) {
    for (const char* text :
         {"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/shadow\">]><Parallels_disk_image/>",
          "<!DOCTYPE Parallels_disk_image SYSTEM \"http://192.0.2.1/x.dtd\">"
          "<Parallels_disk_image/>"})
        EXPECT_EQ(error_of([&] { (void)parse(text); }), "line 1: a document type is not allowed");
}

TEST(DiskDescriptor, ThatIsNoneIsNamed) {
    const std::string images = image_element("{a}", "x");
    std::string deep;
    for (int i = 0; i < 100; ++i)
        deep += "<a>";
    struct Case {
        std::string text, error;
    };
    for (const auto& [text, error] : {
             Case{"", "line 1: no element found"},
             Case{std::string("<a\0>", 4), "line 1: not well-formed (invalid token)"},
             Case{"<Parallels_disk_image/>", "names no image"},
             Case{"<x><StorageData><Storage><Image><File>a</File></Image></Storage></StorageData>"
                  "</x>",
                  "names no image"},
             Case{deep, "line 1: elements are nested too deeply"},
             Case{descriptor("<Image><File>" + std::string(5000, 'x') + "</File></Image>", ""),
                  "line 4: a value is too long"},
             Case{descriptor("<Image><GUID>{a}</GUID></Image>", ""),
                  "line 4: an image without a file"},
             Case{descriptor(image_element("{a}", "x", "Expanded"), ""),
                  "line 4: an image is of the type 'Expanded', not Compressed or Plain"},
             Case{descriptor(images + "</Storage><Storage>" + images, ""),
                  "line 5: the disk is split into several parts, which ploop never was"},
             Case{"<Parallels_disk_image><Encryption><KeyId>k</KeyId></Encryption>"
                  "</Parallels_disk_image>",
                  "line 1: the disk is encrypted with the key 'k'"},
         })
        EXPECT_EQ(error_of([&text = text] { (void)parse(text); }), error);
    std::string many;
    for (int i = 0; i < 257; ++i)
        many += image_element("{a}", "x");
    EXPECT_TRUE(has(error_of([&] { (void)parse(descriptor(many, "")); }), "more than 256 images"));
}

TEST(DiskDescriptor, WhoseChainIsBrokenIsNamed) {
    const std::string images = image_element("{a}", "x") + image_element("{b}", "y");
    const auto error = [&](const std::string& snapshots) {
        return error_of([&] { (void)find_chain(parse(descriptor(images, snapshots))); });
    };
    EXPECT_EQ(error(""), "names 2 images and no snapshot that chains them");
    EXPECT_EQ(error("<TopGUID>{c}</TopGUID>" + shot_element("{a}", kNone)),
              "has no snapshot '{c}'");
    EXPECT_EQ(error("<TopGUID>{c}</TopGUID>" + shot_element("{c}", kNone)), "has no image '{c}'");
    EXPECT_EQ(error(shot_element("{a}", kNone)),
              "has no snapshot '{5fbaabe3-6958-40ff-92a7-860e329aab41}'");
    EXPECT_EQ(
        error("<TopGUID>{a}</TopGUID>" + shot_element("{a}", "{b}") + shot_element("{b}", "{a}")),
        "its snapshots go round in a circle");
    EXPECT_EQ(error(fmt::format("<TopGUID>{}</TopGUID>", kNone) + shot_element("{a}", kNone)),
              "has no snapshot on top");
    EXPECT_EQ(error("<TopGUID>{b}</TopGUID>" + shot_element("{a}", kNone) +
                    shot_element("{b}", "{a}") + shot_element("{b}", kNone)),
              "has two snapshots '{b}'");
}

TEST(DiskDescriptor, ThatSaysTwoThingsIsNamed) {
    const std::string chain =
        "<TopGUID>{b}</TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}");
    const auto error = [&](const std::string& images, const std::string& snapshots) {
        return error_of([&] { (void)find_chain(parse(descriptor(images, snapshots))); });
    };
    const std::string base = image_element("{a}", "x"), top = image_element("{b}", "y");
    EXPECT_EQ(error(base + top, chain), "no error");
    EXPECT_EQ(error(base + top + image_element("{b}", "z"), chain), "has two images '{b}'");
    EXPECT_EQ(error(base + image_element("{b}", "x"), chain), "has two images in one file, 'x'");
    for (const char* twice :
         {"<TopGUID>{b}</TopGUID><TopGUID>{a}</TopGUID>",
          "<Shot><GUID>{b}</GUID><GUID>{a}</GUID></Shot>",
          "<Shot><ParentGUID>{b}</ParentGUID><ParentGUID>{a}</ParentGUID></Shot>"})
        EXPECT_TRUE(
            has(error(base + top, twice), "'{b}' and '{a}' are in one place, where one may be"));
    EXPECT_TRUE(has(error("<Image><File>x</File><File>y</File></Image>", ""),
                    "'x' and 'y' are in one place"));
    EXPECT_TRUE(has(error("<Image><GUID>{a}</GUID><GUID>{b}</GUID></Image>", ""),
                    "'{a}' and '{b}' are in one place"));
}

// A disk of so many sectors that has these bytes at a sector.
struct FakeDisk {
    std::string bytes;
    explicit FakeDisk(std::size_t sectors) : bytes(sectors * kSector, '\0') {}
    void put(std::uint64_t sector, std::size_t at, std::uint64_t value, unsigned width) {
        put_le(bytes, static_cast<std::size_t>(sector * kSector) + at, value, width);
    }
    std::string find() const {
        try {
            const Partition found = find_partition(
                [&](std::uint64_t sector, std::size_t size) {
                    std::string piece =
                        bytes.substr(static_cast<std::size_t>(sector * kSector), size);
                    piece.resize(size, '\0');
                    return piece;
                },
                bytes.size() / kSector);
            return fmt::format("{}+{}", found.start, found.length);
        } catch (const Error& error) {
            return error.what();
        }
    }
};

FakeDisk disk_with_gpt() {
    FakeDisk disk(64);
    disk.bytes.replace(kSector, 8, "EFI PART");
    disk.put(1, 72, 2, 8);
    disk.put(1, 80, 128, 4);
    disk.put(1, 84, 128, 4);
    disk.put(2, 0, 0xebd0a0a2, 4);
    disk.put(2, 32, 8, 8);
    disk.put(2, 40, 55, 8);
    return disk;
}

TEST(Partition, IsTheFirstOfTheGpt) {
    EXPECT_EQ(disk_with_gpt().find(), "8+48");
}

TEST(Partition, IsTheDiskWhereAFileSystemBeginsWithIt) {
    FakeDisk disk(64);
    disk.put(2, 56, 0xEF53, 2);
    EXPECT_EQ(disk.find(), "0+64");
}

TEST(Partition, ThatIsBrokenIsNamed) {
    EXPECT_EQ(FakeDisk(64).find(),
              "the disk has neither a table of partitions (GPT) nor an ext4 file system");
    EXPECT_EQ(FakeDisk(3).find(), "the disk is too small for a file system");
    struct Case {
        std::uint64_t sector;
        std::size_t at;
        std::uint64_t value;
        const char* error;
    };
    for (const auto& [sector, at, value, error] : {
             Case{1, 72, 64, "the disk's table of partitions (GPT) is broken"},
             Case{1, 72, ~0ULL, "the disk's table of partitions (GPT) is broken"},
             Case{1, 80, 0, "the disk's table of partitions (GPT) is broken"},
             Case{2, 0, 0, "the disk has no first partition"},
             Case{2, 40, 64, "the first partition has the sectors 8 to 64 of a disk of 64"},
             Case{2, 40, 7, "the first partition has the sectors 8 to 7 of a disk of 64"},
             Case{2, 40, ~0ULL,
                  "the first partition has the sectors 8 to 18446744073709551615 of a disk of 64"},
         }) {
        FakeDisk disk = disk_with_gpt();
        disk.put(sector, at, value, 8);
        EXPECT_EQ(disk.find(), error);
    }
}

TEST(FileSystem, IsCleanWhereItWasDismountedWithoutErrors) {
    std::string superblock(kSuperblockBytes, '\0');
    put_le(superblock, 56, 0xEF53, 2);
    EXPECT_FALSE(is_clean(superblock));
    put_le(superblock, 58, 1, 2);
    EXPECT_TRUE(is_clean(superblock));
    EXPECT_FALSE(is_clean(superblock.substr(0, 512)));
    put_le(superblock, 58, 3, 2);
    EXPECT_FALSE(is_clean(superblock)) << "errors";
    put_le(superblock, 58, 1, 2);
    put_le32(superblock, 96, 4);
    EXPECT_FALSE(is_clean(superblock)) << "its journal is needed";
}

TEST(FileSystem, OfAVpsIsExt4WithItsOwnJournal) {
    std::string superblock(kSuperblockBytes, '\0');
    EXPECT_EQ(find_objection(superblock), "there is no ext4 file system on the disk");
    EXPECT_EQ(find_objection(""), "there is no ext4 file system on the disk");
    put_le(superblock, 56, 0xEF53, 2);
    EXPECT_EQ(find_objection(superblock), std::nullopt);
    put_le32(superblock, 228, 0x801);
    EXPECT_EQ(find_objection(superblock),
              "the file system has its journal on another device, which would be one of this host");
    put_le32(superblock, 96, 8);
    EXPECT_EQ(find_objection(superblock), "the disk has a journal and no file system");
}

class DiskImages : public testing::Test {
  protected:
    void write(const std::string& name, const std::string& bytes) {
        write_file(dir_.path() + "/" + name, bytes);
    }
    void describe(const std::string& images, const std::string& snapshots = {}) {
        write(kDescriptor, descriptor(images, snapshots));
    }
    DiskImage open(ImageAccess access = ImageAccess::Read) {
        return DiskImage::open(sys::open(dir_.path(), O_PATH | O_DIRECTORY), dir_.path(), access);
    }
    Fd directory() { return sys::open(dir_.path(), O_PATH | O_DIRECTORY); }
    std::string error(ImageAccess access = ImageAccess::Read) {
        std::string text = error_of([&] { (void)open(access); });
        if (const auto at = text.find(dir_.path()); at != text.npos)
            text.replace(at, dir_.path().size(), "DIR");
        return text;
    }
    std::string file(const std::string& name) {
        return sys::read_file(dir_.path() + "/" + name, 1 << 24);
    }

    TemporaryDirectory dir_;
};

TEST_F(DiskImages, ShowWhatAChainHas) {
    write("base", image(header_of(1, 3), {2, 0, 1}, "ab"));
    write("top", image(header_of(1, 4), {0, 1, 2, 0}, "cd"));
    describe(image_element("{a}", "base") + image_element("{b}", "top"),
             "<TopGUID>{b}</TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}"));
    const DiskImage disk = open();
    EXPECT_EQ(disk.size(), 4 * kCluster);
    EXPECT_EQ(disk.read(0, std::size_t{4} * 4096),
              full_of('b') + full_of('c') + full_of('d') + full_of('\0'));
    EXPECT_EQ(disk.read(7, 1024), std::string(512, 'b') + std::string(512, 'c'));
    EXPECT_EQ(disk.read(31, 1024), std::string(1024, '\0'));
}

TEST_F(DiskImages, AreMadeReadyForAWriterAndStayWhatTheyWere) {
    for (const unsigned version : {1U, 2U}) {
        ImageHeader header = header_of(version, 4);
        header.flags = 1;
        header.extension = 99;
        write("root.hds", image(header, {0, 2, 0, 1}, "ab"));
        describe(image_element("{a}", "root.hds"));
        const std::string shown = open().read(0, std::size_t{4} * 4096);
        {
            DiskImage disk = open(ImageAccess::Write);
            EXPECT_FALSE(disk.is_in_use());
            disk.begin_writing();
            EXPECT_EQ(disk.map(),
                      (DiskMap{{0, 8, 0, 24}, {8, 8, 0, 16}, {16, 8, 0, 32}, {24, 8, 0, 8}}));
        }
        const DiskImage disk = open();
        EXPECT_TRUE(disk.is_in_use());
        EXPECT_EQ(disk.top().header->flags, 0);
        EXPECT_EQ(disk.top().header->extension, 0);
        EXPECT_EQ(disk.read(0, std::size_t{4} * 4096), shown);
        EXPECT_EQ(file("root.hds").size(), 5 * 4096);
        const std::string path = dir_.path() + "/root.hds";
        mark_in_use(sys::open(path, O_RDWR), path, false);
        EXPECT_FALSE(open().is_in_use());
        EXPECT_EQ(open().read(0, std::size_t{4} * 4096), shown);
    }
}

TEST_F(DiskImages, HaveNoSnapshotOverTheTop) {
    const auto refusal = [](const DiskImage& disk) {
        return error_of([&] { require_one_image(*Veid::parse("101"), disk); });
    };
    write("base", image(header_of(2, 3), {2, 0, 1}, "ab"));
    write("top", image(header_of(2, 3), {0, 1, 0}, "c"));
    const std::string images = image_element("{a}", "base") + image_element("{b}", "top");
    describe(images, "<TopGUID>{a}</TopGUID>" + shot_element("{a}", kNone));
    EXPECT_EQ(refusal(open()), "no error");
    describe(images,
             "<TopGUID>{a}</TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}"));
    EXPECT_TRUE(has(refusal(open()), "the snapshot '{b}' lies on the disk's top image"));
    describe(images,
             "<TopGUID>{b}</TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}"));
    EXPECT_TRUE(has(refusal(open()), "vps-ploop merge 101"));
}

TEST_F(DiskImages, MayBePlain) {
    write("raw", full_of('a') + full_of('b'));
    describe(image_element("{a}", "raw", "Plain"));
    DiskImage disk = open(ImageAccess::Write);
    EXPECT_EQ(disk.map(), (DiskMap{{0, 16, 0, 0}}));
    disk.begin_writing();
    EXPECT_FALSE(disk.is_in_use());
    const std::string path = dir_.path() + "/raw";
    mark_in_use(sys::open(path, O_RDWR), path, true);
    EXPECT_EQ(file("raw"), full_of('a') + full_of('b'));
}

TEST_F(DiskImages, ThatAreBrokenAreNamed) {
    EXPECT_EQ(error(),
              "'DIR/DiskDescriptor.xml': open 'DiskDescriptor.xml': No such file or "
              "directory");
    describe(image_element("{a}", "root.hds"));
    EXPECT_EQ(error(), "ploop image 'DIR/root.hds': No such file or directory");
    write("root.hds", "");
    EXPECT_EQ(error(),
              "ploop image 'DIR/root.hds': has 0 bytes, fewer than a ploop image's header");
    write("root.hds", format_image_header(header_of(2, 4)));
    EXPECT_EQ(error(), "ploop image 'DIR/root.hds': ends within its table of clusters");
    write("root.hds", image(header_of(2, 4), {1, 0, 1, 0}, "a"));
    EXPECT_EQ(error(),
              "ploop image 'DIR/root.hds': the table is broken: clusters 0 and 2 both lie "
              "at sector 8");
    std::filesystem::remove(dir_.path() + "/root.hds");
    std::filesystem::create_symlink("/etc/passwd", dir_.path() + "/root.hds");
    EXPECT_EQ(error(),
              "ploop image 'DIR/root.hds': is a symbolic link, which may lead anywhere; put the "
              "file in its place");
    std::filesystem::remove(dir_.path() + "/root.hds");
    ASSERT_EQ(mkfifo((dir_.path() + "/root.hds").c_str(), 0600), 0);
    EXPECT_EQ(error(), "ploop image 'DIR/root.hds': is no regular file");
    describe(image_element("{a}", "raw", "Plain"));
    write("raw", "");
    EXPECT_EQ(error(), "ploop image 'DIR/raw': is empty");
}

TEST_F(DiskImages, OfOneChainHaveClustersOfOneSize) {
    ImageHeader other = header_of(2, 4);
    other.cluster = other.first_data = 16;
    std::string bytes = format_image_header(other);
    bytes.resize(16 * kSector, '\0');
    write("top", bytes);
    write("base", image(header_of(2, 4), {0, 0, 0, 0}, ""));
    describe(image_element("{a}", "base") + image_element("{b}", "top"),
             "<TopGUID>{b}</TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}"));
    EXPECT_EQ(error(),
              "ploop image 'DIR/top': its clusters are not as large as those of the "
              "images below it");
}

TEST_F(DiskImages, AreOpenForOneWriter) {
    write("root.hds", image(header_of(2, 1), {1}, "a"));
    describe(image_element("{a}", "root.hds"));
    constexpr const char* kOpen =
        "ploop image 'DIR/root.hds': is open already, in another program or on another host";
    {
        const DiskImage reader = open(), another = open();
        EXPECT_EQ(error(ImageAccess::Write), kOpen);
    }
    const DiskImage writer = open(ImageAccess::Write);
    EXPECT_EQ(error(ImageAccess::Write), kOpen);
    EXPECT_EQ(error(ImageAccess::Read), kOpen);
    EXPECT_FALSE(open_unused(dir_.path() + "/root.hds"));
}

TEST_F(DiskImages, BecomeOneByAMerge) {
    for (const unsigned version : {1U, 2U}) {
        ImageHeader base = header_of(version, 5);
        base.size = std::uint64_t{3} * kCluster;  // the disk was enlarged later
        write("base", image(base, {2, 0, 1, 0, 0}, "ab"));
        write("middle", image(header_of(version, 5), {0, 1, 2, 0, 0}, "cd"));
        write("top", image(header_of(version, 5), {0, 0, 1, 2, 0}, "ef"));
        describe(image_element("{a}", "base") + image_element("{b}", "middle") +
                     image_element("{c}", "top"),
                 "<TopGUID>{c}</TopGUID>" + shot_element("{a}", kNone) +
                     shot_element("{b}", "{a}") + shot_element("{c}", "{b}"));
        const std::string shown = open().read(0, std::size_t{5} * 4096);
        EXPECT_EQ(shown, full_of('b') + full_of('c') + full_of('e') + full_of('f') + full_of(0));
        // Cut off after the first piece, and done again.
        EXPECT_EQ(error_of([&] {
                      (void)merge_disk(directory(), dir_.path(), [](auto, auto) {
                          throw Error(ExitCode::System, "told to end");
                      });
                  }),
                  "told to end");
        EXPECT_EQ(open().read(0, std::size_t{5} * 4096), shown);
        std::uint64_t last = 0;
        EXPECT_EQ(merge_disk(directory(), dir_.path(),
                             [&](std::uint64_t done, std::uint64_t all) {
                                 EXPECT_GT(done, last);
                                 EXPECT_EQ(all, 3 * 4096);
                                 last = done;
                             }),
                  2);
        EXPECT_EQ(last, 3 * 4096);
        const DiskImage disk = open(ImageAccess::Write);
        EXPECT_EQ(disk.files().size(), 1);
        EXPECT_FALSE(disk.is_in_use());
        EXPECT_EQ(disk.read(0, std::size_t{5} * 4096), shown);
        EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/middle"));
        EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/top"));
        EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/vps-ploop.merged"));
    }
    EXPECT_EQ(merge_disk(directory(), dir_.path(), {}), 0);
}

TEST_F(DiskImages, OfAnInterruptedMergeAreRemovedByTheNext) {
    write("base", image(header_of(2, 1), {1}, "a"));
    write("top", "an image that the descriptor does not name any more");
    write("vps-ploop.merged", "top\nbase\n../outside\nabsent\n");
    describe(image_element("{a}", "base"));
    EXPECT_EQ(merge_disk(directory(), dir_.path(), {}), 0);
    EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/top"));
    EXPECT_TRUE(std::filesystem::exists(dir_.path() + "/base"));
}

TEST_F(DiskImages, OverAPlainOneBecomePlain) {
    write("raw", full_of('a'));
    write("top", image(header_of(2, 3), {0, 0, 1}, "b"));
    describe(image_element("{a}", "raw", "Plain") + image_element("{b}", "top"),
             "<TopGUID>{b}</TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}"));
    EXPECT_EQ(merge_disk(directory(), dir_.path(), [](auto, auto) {}), 1);
    EXPECT_EQ(file("raw"), full_of('a') + full_of(0) + full_of('b'));
    EXPECT_EQ(open().read(0, std::size_t{3} * 4096), file("raw"));
}

TEST_F(DiskImages, ThatCannotBeMergedAreNamed) {
    write("base", image(header_of(2, 2), {1, 0}, "a"));
    write("top", image(header_of(2, 3), {0, 0, 1}, "b"));
    const auto merge_error = [&] {
        std::string text = error_of([&] { (void)merge_disk(directory(), dir_.path(), {}); });
        if (const auto at = text.find(dir_.path()); at != text.npos)
            text.replace(at, dir_.path().size(), "DIR");
        return text;
    };
    const std::string chain =
        "<TopGUID>{b}</TopGUID>" + shot_element("{a}", kNone) + shot_element("{b}", "{a}");
    describe(image_element("{a}", "base") + image_element("{b}", "top"), chain);
    EXPECT_EQ(merge_error(),
              "the disk was enlarged after its first snapshot, and 'DIR/base' has no room for "
              "that in its table; copy the disk: vps-ploop convert");
    describe(
        image_element("{a}", "base") + image_element("{b}", "top") + image_element("{c}", "branch"),
        chain + shot_element("{c}", "{a}"));
    EXPECT_TRUE(has(merge_error(),
                    "there are other branches of snapshots, whose lowest image is "
                    "the same: branch;"));
    EXPECT_EQ(file("base"), image(header_of(2, 2), {1, 0}, "a"));
}

class Conversions : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directory(directory_);
        const ImageHeader header = header_of(1, 600);
        std::vector<unsigned> places(600);
        places[1] = 2;
        places[300] = 1;
        places[599] = 3;
        write_file(directory_ + "/root.hds", image(header, places, "abc"));
        write_file(directory_ + "/" + kDescriptor,
                   descriptor(image_element("{a}", "root.hds"), ""));
    }
    std::string content() {
        const DiskImage disk = open();
        return disk.read(0, static_cast<std::size_t>(disk.size() * kSector));
    }
    DiskImage open() {
        return DiskImage::open(sys::open(directory_, O_PATH | O_DIRECTORY), directory_,
                               ImageAccess::Read);
    }
    TemporaryDirectory dir_;
    const std::string directory_ = dir_.path() + "/root.hdd",
                      fresh_ = directory_ + ".vps-ploop.new";
    const TellProgress none_ = [](auto, auto) {};
};

TEST_F(Conversions, KeepEachByteAndTheOriginal) {
    const std::string before = content();
    EXPECT_EQ(before.substr(4096, 4096), full_of('b'));
    EXPECT_EQ(convert_image(directory_, ImageType::Plain, Comparison::Verify, none_),
              directory_ + ".orig");
    EXPECT_FALSE(open().top().header);
    EXPECT_EQ(content(), before);
    EXPECT_TRUE(std::filesystem::exists(directory_ + ".orig/root.hds"));
    EXPECT_TRUE(has(error_of([&] {
                        (void)convert_image(directory_, ImageType::Ploop, Comparison::Verify,
                                            none_);
                    }),
                    ".orig' of an earlier conversion is still there"));
    std::filesystem::remove_all(directory_ + ".orig");
    (void)convert_image(directory_, ImageType::Ploop, Comparison::Verify, none_);
    EXPECT_EQ(content(), before);
    const DiskImage disk = open();
    EXPECT_EQ(disk.top().header->version, 2);
    EXPECT_EQ(disk.top().header->cluster, 2048);
    // The header, and the three clusters of 1 MiB.
    EXPECT_EQ(std::filesystem::file_size(directory_ + "/root.hds"), 4 << 20);
    EXPECT_FALSE(std::filesystem::exists(fresh_));
}

TEST_F(Conversions, KnowTheRoomThatTheyTake) {
    const auto blocks = [&](const std::string& file) {
        struct stat status {};
        EXPECT_EQ(stat((directory_ + file).c_str(), &status), 0);
        return static_cast<std::uint64_t>(status.st_blocks) * 512;
    };
    // Each of three clusters of 4 KiB is in another one of 1 MiB, and one more is before them.
    EXPECT_EQ(bytes_of_copy(open(), ImageType::Ploop), 4 << 20);
    const std::uint64_t plain = bytes_of_copy(open(), ImageType::Plain);
    EXPECT_LE(plain, 64 << 10);
    (void)convert_image(directory_, ImageType::Plain, Comparison::Verify, none_);
    EXPECT_LE(blocks("/root.raw"), plain);
    EXPECT_EQ(bytes_of_copy(open(), ImageType::Ploop), 4 << 20);
    std::filesystem::remove_all(directory_ + ".orig");
    (void)convert_image(directory_, ImageType::Ploop, Comparison::Verify, none_);
    EXPECT_LE(blocks("/root.hds"), 4 << 20);
}

TEST_F(Conversions, ThatAreCutOffChangeNothing) {
    const std::string before = content();
    EXPECT_EQ(error_of([&] {
                  (void)convert_image(directory_, ImageType::Plain, Comparison::Compare,
                                      [](std::uint64_t done, std::uint64_t) {
                                          if (done > 1 << 20)
                                              throw Error(ExitCode::System, "told to end");
                                      });
              }),
              "told to end");
    EXPECT_EQ(content(), before);
    EXPECT_FALSE(std::filesystem::exists(fresh_));
    EXPECT_FALSE(std::filesystem::exists(directory_ + ".orig"));
    // What a power cut would leave is no obstacle; what somebody else made is left alone.
    std::filesystem::create_directories(fresh_ + "/x");
    std::filesystem::create_directories(directory_ + ".new/x");
    (void)convert_image(directory_, ImageType::Plain, Comparison::Compare, none_);
    EXPECT_EQ(content(), before);
    EXPECT_FALSE(std::filesystem::exists(fresh_));
    EXPECT_TRUE(std::filesystem::exists(directory_ + ".new/x"));
}

TEST_F(Conversions, ThatCannotTakeTheOriginalsPlaceChangeNothing) {
    const std::string before = content();
    // Its name is taken at the last moment.
    EXPECT_TRUE(has(error_of([&] {
                        (void)convert_image(
                            directory_, ImageType::Plain, Comparison::Verify,
                            [&](std::uint64_t, std::uint64_t) {
                                std::filesystem::create_directories(directory_ + ".orig/x");
                            });
                    }),
                    ".orig'"));
    EXPECT_EQ(content(), before);
    EXPECT_TRUE(open().top().header);
    EXPECT_FALSE(std::filesystem::exists(fresh_));
    EXPECT_FALSE(std::filesystem::exists(directory_ + ".orig/root.raw"));
}

class CopiedFiles : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* name : {"/from", "/to", "/from/dir", "/from/lost+found"})
            std::filesystem::create_directory(dir_.path() + name);
        write_file(path("file"), "text");
        std::filesystem::create_hard_link(path("file"), path("dir/-name"));
        std::filesystem::create_symlink("/nowhere", path("link"));
        ASSERT_EQ(mkfifo(path("fifo").c_str(), 0640), 0);
        ASSERT_EQ(setxattr(path("file").c_str(), "user.x", "y", 1, 0), 0);
        write_file(path("holes"), "");
        std::filesystem::resize_file(path("holes"), 8 << 20);
        write_file(path(".balloon-c3a5ae3d-ce7f-43c4-a1ea-c61e2b4504e8"), "ploop's");
        ASSERT_EQ(chmod(path("").c_str(), 0751), 0);
        ASSERT_EQ(chmod(path("file").c_str(), 04755), 0);
        from_ = sys::open(dir_.path() + "/from", O_RDONLY | O_DIRECTORY);
        to_ = sys::open(dir_.path() + "/to", O_RDONLY | O_DIRECTORY);
    }
    std::string path(const std::string& name) { return dir_.path() + "/from/" + name; }
    std::string copy(const std::string& name) { return dir_.path() + "/to/" + name; }
    std::string difference(Bytes bytes = Bytes::Ignored) {
        return error_of([&] { compare_files(from_, to_, bytes, none_); });
    }
    TemporaryDirectory dir_;
    Fd from_, to_;
    const TellProgress none_ = [](auto, auto) {};
};

TEST_F(CopiedFiles, AreAsTheyWere) {
    copy_files(from_, to_, none_);
    EXPECT_EQ(difference(Bytes::Compared), "no error");
    struct stat status {};
    ASSERT_EQ(stat(copy("").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0751);
    ASSERT_EQ(stat(copy("file").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 04755);
    EXPECT_EQ(status.st_nlink, 2);
    ASSERT_EQ(stat(copy("holes").c_str(), &status), 0);
    EXPECT_EQ(status.st_blocks, 0);
    char value = 0;
    EXPECT_EQ(getxattr(copy("file").c_str(), "user.x", &value, 1), 1);
    EXPECT_EQ(value, 'y');
    EXPECT_FALSE(std::filesystem::exists(copy("lost+found")));
    EXPECT_FALSE(std::filesystem::exists(copy(".balloon-c3a5ae3d-ce7f-43c4-a1ea-c61e2b4504e8")));
}

TEST_F(CopiedFiles, HaveWhatE2fsckFound) {
    write_file(path("lost+found/#12"), "found");
    copy_files(from_, to_, none_);
    EXPECT_EQ(difference(Bytes::Compared), "no error");
    EXPECT_TRUE(std::filesystem::exists(copy("lost+found/#12")));
    std::filesystem::remove_all(copy("lost+found"));
    EXPECT_TRUE(has(difference(), "'./lost+found' is missing in the copy"));
}

TEST_F(CopiedFiles, ThatDifferAreNamed) {
    copy_files(from_, to_, none_);
    write_file(copy("more"), "");
    EXPECT_EQ(difference(), "the copy has 8 files, the disk 7");
    std::filesystem::remove(copy("more"));
    ASSERT_EQ(chmod(copy("fifo").c_str(), 0600), 0);
    EXPECT_EQ(difference(), "'./fifo' has another mode in the copy");
    ASSERT_EQ(chmod(copy("fifo").c_str(), 0640), 0);
    ASSERT_EQ(setxattr(copy("file").c_str(), "user.x", "z", 1, 0), 0);
    EXPECT_TRUE(has(difference(), "has other attributes in the copy"));
    ASSERT_EQ(setxattr(copy("file").c_str(), "user.x", "y", 1, 0), 0);
    const auto time = std::filesystem::last_write_time(path("holes"));
    {
        std::fstream file(copy("holes"), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(5 << 20);
        file << "x";
    }
    std::filesystem::last_write_time(copy("holes"), time);
    EXPECT_EQ(difference(), "no error");
    EXPECT_EQ(difference(Bytes::Compared), "'./holes' differs in its content, behind byte 5242880");
    std::filesystem::remove(copy("link"));
    EXPECT_EQ(difference(), "'./link' is missing in the copy");
}

TEST(DiskDescriptor, IsWrittenAsItIsRead) {
    const DiskDescriptor disk = parse(format_disk_descriptor(4096, 2048, ImageType::Plain, "a&<b"));
    EXPECT_EQ(disk.images.front().file, "a&<b");
    EXPECT_EQ(disk.images.front().type, ImageType::Plain);
    EXPECT_EQ(find_chain(disk).size(), 1);
}

TEST(AreaKind, GoesByWhatIsThereUnlessALayoutContradicts) {
    VpsConfig config;
    EXPECT_EQ(find_area_kind(config, DiskMaker::None, "/a"), AreaKind::Files);
    EXPECT_EQ(find_area_kind(config, DiskMaker::Host, "/a"), AreaKind::Disk);
    EXPECT_EQ(find_area_kind(config, DiskMaker::Vps, "/a"), AreaKind::Files);
    EXPECT_EQ(explain_disk_of_vps(config, DiskMaker::None, "/a"), std::nullopt);
    EXPECT_EQ(explain_disk_of_vps(config, DiskMaker::Host, "/a"), std::nullopt);
    EXPECT_TRUE(has(*explain_disk_of_vps(config, DiskMaker::Vps, "/a"),
                    "'/a/root.hdd' is taken for a file of the VPS"));
    config.layout = Layout::Ploop;
    EXPECT_EQ(find_area_kind(config, DiskMaker::Host, "/a"), AreaKind::Disk);
    EXPECT_EQ(find_area_kind(config, DiskMaker::Vps, "/a"), AreaKind::Disk);
    EXPECT_EQ(explain_disk_of_vps(config, DiskMaker::Vps, "/a"), std::nullopt);
    EXPECT_EQ(error_of([&] { (void)find_area_kind(config, DiskMaker::None, "/a"); }),
              "the ploop image '/a/root.hdd/DiskDescriptor.xml' does not exist, but VE_LAYOUT is "
              "ploop");
    config.layout = Layout::Simfs;
    EXPECT_EQ(find_area_kind(config, DiskMaker::None, "/a"), AreaKind::Files);
    EXPECT_EQ(find_area_kind(config, DiskMaker::Vps, "/a"), AreaKind::Files);
    EXPECT_TRUE(has(error_of([&] { (void)find_area_kind(config, DiskMaker::Host, "/a"); }),
                    "is a ploop image, but VE_LAYOUT is simfs"));
}

TEST(AreaKind, WhatRootInTheVpsCanHaveMadeIsNoDisk) {
    namespace fs = std::filesystem;
    const TemporaryDirectory other, linked, named, beside;
    const auto maker = [](const TemporaryDirectory& area) {
        return find_disk_maker(sys::open(area.path(), O_PATH | O_DIRECTORY));
    };
    EXPECT_EQ(maker(other), DiskMaker::None);
    fs::create_directory(other.path() + "/root.hdd");
    EXPECT_EQ(maker(other), DiskMaker::None);
    const std::string descriptor = other.write("root.hdd/DiskDescriptor.xml", "<x/>");
    EXPECT_EQ(maker(other), DiskMaker::Host);
    // The disk of another VPS.
    fs::create_symlink(other.path() + "/root.hdd", linked.path() + "/root.hdd");
    EXPECT_EQ(maker(linked), DiskMaker::Vps);
    fs::create_directory(named.path() + "/root.hdd");
    fs::create_symlink(descriptor, named.path() + "/root.hdd/DiskDescriptor.xml");
    EXPECT_EQ(maker(named), DiskMaker::Vps);
    // One of its own.
    fs::create_directories(beside.path() + "/root.hdd");
    (void)beside.write("root.hdd/DiskDescriptor.xml", "<x/>");
    fs::create_directory(beside.path() + "/etc");
    EXPECT_EQ(maker(beside), DiskMaker::Vps);
    fs::remove(beside.path() + "/etc");
    EXPECT_EQ(maker(beside), DiskMaker::Host);
}

std::string packet(std::uint64_t place, const std::string& bytes) {
    std::string text(16, '\0');
    put_le32(text, 0, 0x4cc0ac3d);
    put_le32(text, 4, static_cast<std::uint32_t>(bytes.size()));
    put_le64(text, 8, place);
    return text + bytes;
}

TEST(ReceiveImage, PutsEachPacketInItsPlace) {
    const TemporaryDirectory temporary;
    const std::string image = temporary.path() + "/image";
    const auto receive = [&](const std::string& stream) {
        const std::string path = temporary.write("stream", stream);
        return error_of([&] { receive_image(sys::open(path, O_RDONLY), image); });
    };
    const std::string end = packet(0, "");
    EXPECT_EQ(receive(packet(0, "header") + packet(10, "old data") + packet(0, "sync") +
                      packet(10, "new") + end + "what follows is not read"),
              "no error");
    EXPECT_EQ(sys::read_file(image), std::string("header\0\0\0\0new data", 18));
    struct stat status {};
    ASSERT_EQ(stat(image.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode, S_IFREG | 0600U);
    EXPECT_TRUE(has(receive(end), "File exists"));
    EXPECT_EQ(sys::read_file(image).size(), 18);

    std::string endless = packet(0, "x"), beyond = packet(std::uint64_t{1} << 63, "x");
    put_le32(endless, 4, 0xffffffff);
    for (const auto& [stream, why] : std::vector<std::pair<std::string, std::string>>{
             {"", "has ended before"},
             {packet(0, "data"), "has ended before"},
             {packet(0, "data!") + end.substr(1) + "x", "is not that of 'ploop copy'"},
             {packet(0, "data").substr(0, 18) + end, "has ended before"},
             {std::string(32, 'x'), "is not that of 'ploop copy'"},
             {endless, "which no image has"},
             {beyond, "which no image has"}}) {
        std::filesystem::remove(image);
        EXPECT_TRUE(has(receive(stream), why));
        EXPECT_FALSE(std::filesystem::exists(image));
    }
}

}  // namespace
