#include "manage/dump_archive.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "manage/vzctl_code.hh"
#include "sys/error.hh"
#include "sys/progress_line.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLargestConfig = 1 << 20;
constexpr std::array kProgramPlaces{"/usr/sbin", "/usr/bin", "/sbin", "/bin"};  // as for tar

struct DumpPacking {
    std::string_view begin;  // of the file
    const char* option;      // of tar
    const char* program;     // that tar calls
    const char* package;
};
constexpr std::array kPackings{
    DumpPacking{"\x1f\x8b"sv, "--gzip", "gzip", "gzip"},
    DumpPacking{"\x89LZO"sv, "--lzop", "lzop", "lzop"},
    DumpPacking{"\x5d\0\0"sv, "--lzma", "xz", "xz-utils"},
    DumpPacking{"\xfd\x37zXZ"sv, "--xz", "xz", "xz-utils"},
    DumpPacking{"\x28\xb5\x2f\xfd"sv, "--zstd", "zstd", "zstd"},
    DumpPacking{"BZh"sv, "--bzip2", "bzip2", "bzip2"},
};

bool has_program(const char* name) {
    return std::any_of(kProgramPlaces.begin(), kProgramPlaces.end(), [&](const char* place) {
        return access(fmt::format("{}/{}", place, name).c_str(), X_OK) == 0;
    });
}

[[noreturn]] void told_to_end() {
    throw Error(vzctl_code::kNoArea, "told to end before the archive was unpacked");
}

using TakeText = std::function<void(std::string_view text)>;

// Takes what tar prints until it has ended, and then how it has. Its end is looked for before what
// it has printed: what it printed last is there then.
std::optional<ExitStatus> wait_and_read(Child& child, FdRef from, const TerminationRequest& request,
                                        const TakeText& take, const std::function<void()>& tell) {
    constexpr int kPause = static_cast<int>(sys::ProgressLine::kPause.count());
    std::array<char, 65536> buffer{};
    bool is_open = true;
    for (;;) {
        std::array<pollfd, 3> waiting{pollfd{child.pidfd().get(), POLLIN, 0},
                                      pollfd{request.fd().get(), POLLIN, 0},
                                      pollfd{is_open ? from.get() : -1, POLLIN, 0}};
        if (poll(waiting.data(), waiting.size(), kPause) < 0 && errno != EINTR)
            throw SysError(errno, "wait for", "tar");
        if (request.came())
            return std::nullopt;
        tell();
        if (waiting[2].revents != 0) {
            const ssize_t got = read(from.get(), buffer.data(), buffer.size());
            is_open = got > 0 || (got < 0 && errno == EINTR);
            if (got > 0)
                take({buffer.data(), static_cast<std::size_t>(got)});
        } else if (waiting[0].revents != 0) {
            return child.wait();
        }
    }
}

// What tar says of an archive. A device node is none that a VPS could make, and it gets those of
// its own at each start: these are counted. All else is told.
class TarWords {
  public:
    explicit TarWords(const Talk& talk) : talk_(talk) {}

    void take(std::string_view text) {
        for (const char c : text) {
            if (c == '\n')
                end_line();
            else if (line_.size() < kLongest)
                line_ += c;
        }
    }

    [[nodiscard]] std::size_t devices() const { return devices_; }
    [[nodiscard]] const std::string& first_device() const { return first_device_; }
    [[nodiscard]] bool has_errors() const { return others_ > 0; }

  private:
    static constexpr std::size_t kLongest = 16384, kMostTold = 20;

    void end_line() {
        constexpr std::string_view kBegin = "tar: ",
                                   kEnd = ": Cannot mknod: Operation not permitted";
        const std::string line = std::exchange(line_, {});
        if (line.starts_with(kBegin) && line.ends_with(kEnd)) {
            if (++devices_ == 1)
                first_device_ =
                    line.substr(kBegin.size(), line.size() - kBegin.size() - kEnd.size());
            return;
        }
        const bool is_harmless =
            line == "tar: Exiting with failure status due to previous errors" ||
            line.starts_with("tar: Removing leading `") ||
            line.starts_with("tar: Ignoring unknown extended header keyword ") ||
            line.ends_with(" in the future") || line.find(": implausibly old time") != line.npos;
        if (!is_harmless && ++others_ <= kMostTold)
            talk_.warn(line);
    }

    const Talk& talk_;
    std::string line_, first_device_;
    std::size_t devices_ = 0, others_ = 0;
};

}  // namespace

DumpArchive::DumpArchive(const std::string& path) : path_(path) {
    const Fd file = sys::open(path, O_RDONLY | O_NONBLOCK);
    struct stat status {};
    if (fstat(file.get(), &status) < 0)
        throw SysError(errno, "look at", path);
    if (!S_ISREG(status.st_mode))
        throw Complaint(ExitCode::Usage,
                        fmt::format("'{}' is no regular file: the archive is read twice", path));
    std::array<char, 8> bytes{};
    const ssize_t got = read(file.get(), bytes.data(), bytes.size());
    if (got < 0)
        throw SysError(errno, "read", path);
    const std::string_view begin(bytes.data(), static_cast<std::size_t>(got));
    for (const DumpPacking& packing : kPackings) {
        if (!begin.starts_with(packing.begin))
            continue;
        if (!has_program(packing.program))
            throw Complaint(vzctl_code::kNoArea,
                            fmt::format("'{}' is packed by {}, which this host does not have: "
                                        "apt-get install {}",
                                        path, packing.program, packing.package));
        option_ = packing.option;
    }
}

std::string DumpArchive::read_config(const TarIds& ids, const std::string& dir) const {
    ExitStatus last;
    for (const char* name : {"./etc/vzdump/vps.conf", "etc/vzdump/vps.conf"}) {
        TarJob job{.words = {"tar", "--extract", "--file=-", "--to-stdout", "--occurrence=1"},
                   .archive = path_,
                   .area = dir,
                   .plain_words = true};
        if (option_)
            job.words.emplace_back(option_);
        job.words.emplace_back(name);
        auto [from, output] = sys::pipe();
        const Fd nothing = sys::open("/dev/null", O_WRONLY);
        job.output = output;
        job.errors = nothing;
        std::string text;
        const std::optional<ExitStatus> ended = run_tar(
            ids, job,
            [&, &from = from, &output = output](Child& child, FdRef file,
                                                const TerminationRequest& request) {
                output.reset();
                sys::ProgressLine line("Looking for the configuration");
                return wait_and_read(
                    child, from, request,
                    [&](std::string_view more) {
                        text += more;
                        if (text.size() > kLargestConfig)
                            throw Error(vzctl_code::kNoConfig,
                                        fmt::format("etc/vzdump/vps.conf in '{}' is larger than "
                                                    "{} bytes: no configuration is",
                                                    path_, kLargestConfig));
                    },
                    [&] {
                        if (line.is_shown())
                            tell_place(line, file);
                    });
            });
        if (!ended || ended->signal == SIGINT)
            told_to_end();
        // What is wrong with the rest of the archive is told when that is unpacked.
        if (ended->signal == 0 && !text.empty())
            return text;
        last = *ended;
    }
    throw Complaint(
        vzctl_code::kNoConfig,
        fmt::format("'{}' is no archive of vzdump of an OpenVZ VPS: no file "
                    "./etc/vzdump/vps.conf is found in it{}",
                    path_, last.success() ? "" : fmt::format(" ({})", explain_tar(last))));
}

void DumpArchive::unpack(const TarIds& ids, const std::string& dir, const Talk& talk) const {
    TarJob job{.words = words_to_unpack(), .archive = path_, .area = dir, .plain_words = true};
    if (option_)
        job.words.emplace_back(option_);
    else
        require_whole_archive(path_);
    auto [from, errors] = sys::pipe();
    job.errors = errors;
    TarWords words(talk);
    const std::optional<ExitStatus> ended =
        run_tar(ids, job,
                [&, &from = from, &errors = errors](Child& child, FdRef file,
                                                    const TerminationRequest& request) {
                    errors.reset();
                    sys::ProgressLine line("Unpacking the archive");
                    return wait_and_read(
                        child, from, request, [&](std::string_view text) { words.take(text); },
                        [&] {
                            if (line.is_shown())
                                tell_place(line, file);
                        });
                });
    if (!ended || ended->signal == SIGINT)
        told_to_end();
    const bool only_devices = ended->code == 2 && words.devices() > 0 && !words.has_errors();
    if (!ended->success() && !only_devices)
        throw Error(vzctl_code::kNoArea,
                    fmt::format("unpacking '{}': {}", path_, explain_tar(*ended)));
    if (words.devices() > 0)
        talk.warn(
            fmt::format("Warning: {} device nodes are left out, '{}' first: a VPS gets its "
                        "own in /dev at each start",
                        words.devices(), words.first_device()));
}

}  // namespace vps
