// The generator's tree on disk.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "generator/write.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

// A process that may write no more than so many bytes into a file, as on a full disk.
class SmallFiles {
  public:
    explicit SmallFiles(rlim_t bytes) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        old_ = signal(SIGXFSZ, SIG_IGN);
    }
    ~SmallFiles() {
        setrlimit(RLIMIT_FSIZE, &before_);
        (void)signal(SIGXFSZ, old_);
    }
    SmallFiles(const SmallFiles&) = delete;
    SmallFiles& operator=(const SmallFiles&) = delete;

  private:
    rlimit before_{};
    sighandler_t old_;
};

class Writer : public testing::Test {
  protected:
    const TemporaryDirectory top_;
    const std::string units_ = top_.path() + "/units", late_ = top_.path() + "/late";

    std::vector<std::string> write(const UnitTree& tree) const {
        std::vector<std::string> errors;
        UnitWriter(units_, late_).write(tree, errors);
        return errors;
    }
    void SetUp() override {
        fs::create_directory(units_);
        fs::create_directory(late_);
    }
};

TEST_F(Writer, HasFilesAndLinksWhereTheyBelong) {
    UnitTree tree;
    tree.files = {{"vps-101.slice", "[Slice]\n"}, {"vps@101.service.d/50-vps.conf", "[Unit]\n"}};
    tree.links = {{"vps.target.wants/vps@101.service", "/lib/vps@.service"}};
    tree.late_links = {{"vps@101.service", "/lib/vps@.service"}};
    EXPECT_EQ(write(tree), std::vector<std::string>());
    EXPECT_EQ(sys::read_file(units_ + "/vps-101.slice"), "[Slice]\n");
    EXPECT_EQ(sys::read_file(units_ + "/vps@101.service.d/50-vps.conf"), "[Unit]\n");
    EXPECT_EQ(fs::read_symlink(units_ + "/vps.target.wants/vps@101.service"), "/lib/vps@.service");
    EXPECT_EQ(fs::read_symlink(late_ + "/vps@101.service"), "/lib/vps@.service");
    EXPECT_FALSE(fs::exists(units_ + "/vps@101.service"));
}

TEST_F(Writer, LeavesNoHalfOfAUnit) {
    UnitTree tree;
    tree.files = {{"small", std::string(100, 's')},
                  {"large", std::string(10'000, 'l')},
                  {"after", std::string(100, 'a')}};
    const SmallFiles limit(4096);
    EXPECT_EQ(write(tree), std::vector<std::string>{"write 'large': File too large"});
    EXPECT_FALSE(fs::exists(units_ + "/large"));
    EXPECT_EQ(sys::read_file(units_ + "/small").size(), 100U);
    EXPECT_EQ(sys::read_file(units_ + "/after").size(), 100U);
}

TEST_F(Writer, ReplacesNothing) {
    (void)top_.write("units/there", "mine");
    UnitTree tree;
    tree.files = {{"there", "ours"}};
    tree.links = {{"there", "/x"}};
    EXPECT_EQ(write(tree), (std::vector<std::string>{"create 'there': File exists",
                                                     "link 'there': File exists"}));
    EXPECT_EQ(sys::read_file(units_ + "/there"), "mine");
}

}  // namespace

}  // namespace vps
