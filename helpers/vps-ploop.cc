// vps-ploop info|check|merge|convert VEID: what is done with the ploop images of a VPS while it is
// stopped. info also looks at those of a VPS that runs.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "command/program.hh"
#include "context/running_vps.hh"
#include "life/settings.hh"
#include "ploop/area_kind.hh"
#include "ploop/check_disk.hh"
#include "ploop/convert.hh"
#include "ploop/describe_disk.hh"
#include "ploop/file_system_check.hh"
#include "ploop/merge.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/progress_line.hh"
#include "sys/streams.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

const std::vector<std::string> kVerbs{"info", "check", "merge", "convert"};

// Tells how far the work has come; SIGINT and SIGTERM end it at its next piece.
class Progress {
  public:
    explicit Progress(std::string doing) : line_(std::move(doing)) {}

    [[nodiscard]] TellProgress teller() {
        return [this](std::uint64_t done, std::uint64_t all) {
            if (request_.heed())
                throw Error(ExitCode::System, "told to end; the disk is as it was");
            line_.tell_bytes(done, all);
        };
    }
    [[nodiscard]] FdRef request() const { return request_.fd(); }

  private:
    sys::ProgressLine line_;
    TerminationRequest request_;
};

struct Subject {
    VpsConfig config;
    std::string area, directory;  // the directory has the descriptor
};

Subject find_subject(Veid veid) {
    Subject subject{load_usable_config(veid), {}, {}};
    try {
        subject.area = sys::realpath(*subject.config.ve_private);
    } catch (const SysError& error) {
        throw Error(ExitCode::NoPrivateArea, error.what());
    }
    subject.directory = fmt::format("{}/{}", subject.area, kDiskDirectory);
    const DiskMaker maker = find_disk_maker(sys::open(subject.area, O_PATH | O_DIRECTORY));
    if (maker == DiskMaker::None ||
        (maker == DiskMaker::Vps && subject.config.layout != Layout::Ploop))
        throw Error(ExitCode::NoPrivateArea,
                    fmt::format("the private area '{}' is no ploop image", subject.area));
    return subject;
}

Fd open_directory(const Subject& subject) {
    return sys::open(subject.directory, O_PATH | O_DIRECTORY);
}

void require_stopped(Veid veid, const VpsLock& lock, const Log& log) {
    const FoundVps vps = find_vps(veid, lock, log);
    if (vps.init)
        throw Error(ExitCode::Running, "is running");
    if (vps.state)
        throw Error(ExitCode::Mounted, fmt::format("is mounted on '{}' (vps-umount {})",
                                                   vps.state->mount_point, veid.value()));
}

ExitCode print_info(const Subject& subject) {
    sys::print(describe_disk(open_directory(subject), subject.directory));
    return ExitCode::Ok;
}

ExitCode check(const Subject& subject, const Invocation& invocation) {
    const FileSystemCheck kind =
        invocation.line.has("repair") ? FileSystemCheck::Mend : FileSystemCheck::LookOnly;
    Progress progress("checking");
    check_disk(invocation.veid, open_directory(subject), subject.directory, kind,
               progress.request(), invocation.log);
    return ExitCode::Ok;
}

ExitCode merge(const Subject& subject, const Invocation& invocation) {
    Progress progress("merging");
    const std::size_t merged =
        merge_disk(open_directory(subject), subject.directory, progress.teller());
    invocation.log.say(Level::Info,
                       merged == 0
                           ? std::string("there is one image: nothing to merge")
                           : fmt::format("merged {} snapshot{}", merged, merged > 1 ? "s" : ""));
    return ExitCode::Ok;
}

// The last VE_LAYOUT of a file counts.
void note_files(Veid veid) {
    const std::string path = fmt::format("/etc/vz/conf/{}.conf", veid.value());
    const std::string text = sys::read_file(path);
    sys::replace_file(path, text + (text.ends_with('\n') ? "" : "\n") + "VE_LAYOUT=\"simfs\"\n");
}

ExitCode convert(const Subject& subject, const Invocation& invocation) {
    const std::string kind = invocation.line.value("to");
    const Comparison comparison =
        invocation.line.has("verify") ? Comparison::Verify : Comparison::Compare;
    Progress progress("converting");
    std::string original;
    if (kind == "raw" || kind == "ploop") {
        original =
            convert_image(subject.directory, kind == "raw" ? ImageType::Plain : ImageType::Ploop,
                          comparison, progress.teller());
    } else if (kind == "simfs") {
        original = convert_to_files(subject.area, comparison, progress.teller());
        if (subject.config.layout == Layout::Ploop)
            note_files(invocation.veid);
    } else {
        throw Error(ExitCode::Usage, "--to is wanted: simfs, raw or ploop (see --help)");
    }
    invocation.log.say(
        Level::Info,
        fmt::format("converted; the original is '{}', to be removed by you", original));
    return ExitCode::Ok;
}

// An option says what its own verb is to do, and with another one is a slip.
void require_fitting_options(const Invocation& invocation) {
    for (const auto& [option, verb] :
         {std::pair{"repair", "check"}, std::pair{"to", "convert"}, std::pair{"verify", "convert"}})
        if (invocation.line.has(option) && invocation.verb != verb)
            throw Error(ExitCode::Usage, fmt::format("--{} is for {} (see --help)", option, verb));
}

ExitCode work_on_disk(const Invocation& invocation) {
    const std::string& verb = invocation.verb;
    require_fitting_options(invocation);
    if (verb == "info")
        return print_info(find_subject(invocation.veid));
    const VpsLock lock(invocation.veid);
    require_stopped(invocation.veid, lock, invocation.log);
    const Subject subject = find_subject(invocation.veid);
    if (verb == "check")
        return check(subject, invocation);
    if (verb == "merge")
        return merge(subject, invocation);
    return convert(subject, invocation);
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-ploop",
         .summary = "Tells of, checks, merges or converts the ploop images of a VPS.",
         .verbs = vps::kVerbs,
         .options = {{"repair", 0, {}, "check: mend the file system"},
                     {"to", 0, "KIND", "convert: simfs, raw or ploop"},
                     {"verify", 0, {}, "convert: compare every byte"}}},
        vps::work_on_disk);
}
