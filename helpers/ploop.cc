// ploop getdev|snapshot-list|copy: what vzmigrate of an OpenVZ node asks of OpenVZ's tool of this
// name on the host that a VPS moves to.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "command/main.hh"
#include "ploop/disk_descriptor.hh"
#include "ploop/receive_image.hh"
#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

// Which vzmigrate takes for a tool that gets images without answers, and sends them so.
constexpr ExitCode kNoAnswers{38};

const Grammar kGrammar{"ploop",
                       "VERB [FILE]",
                       "Answers vzmigrate of an OpenVZ node: getdev, snapshot-list, copy. "
                       "vps-ploop works on disks.",
                       {{{}, 'd', "FILE", "copy: make this image of what standard input has"},
                        {{}, 'f', "NUMBER", "copy: not supported, 38"},
                        {{}, 'i', "NUMBER", "copy: not supported, 38"},
                        {{}, 'H', {}, "snapshot-list: no effect"},
                        {{}, 'o', "fname", "snapshot-list: the column, the names of images"},
                        {{}, 'u', "UUID", "snapshot-list: from this one down, not from the top"}}};

// The disks of ploop images are devices of these two.
ExitCode find_device() {
    for (const char* path : {"/dev/mapper/control", "/dev/loop-control"})
        if (access(path, F_OK) < 0)
            throw Error(ExitCode::CannotMount,
                        fmt::format("there is no '{}': this host cannot mount ploop images", path));
    return ExitCode::Ok;
}

ExitCode list_images(const CommandLine& line) {
    if (line.operands.size() != 2)
        usage_error("snapshot-list wants a DiskDescriptor.xml");
    if (line.has("-o") && line.value("-o") != "fname")
        usage_error(fmt::format("there is no column '{}'", line.value("-o")));
    const std::filesystem::path path = line.operands[1];
    DiskDescriptor descriptor =
        parse_disk_descriptor(sys::read_file(path), path.parent_path().string());
    if (line.has("-u"))
        descriptor.top = line.value("-u");
    std::vector<DescribedImage> chain = find_chain(descriptor);
    std::reverse(chain.begin(), chain.end());
    for (const DescribedImage& image : chain)
        sys::print((path.parent_path() / image.file).string() + "\n");
    return ExitCode::Ok;
}

ExitCode copy(const CommandLine& line) {
    if (line.has("-i") || line.has("-f"))
        throw Error(kNoAnswers, "copy without -i and -f is supported");
    if (!line.has("-d"))
        usage_error("copy wants -d FILE: no image is sent from here");
    receive_image(FdRef(STDIN_FILENO), line.value("-d"));
    return ExitCode::Ok;
}

ExitCode answer(const CommandLine& line) {
    const std::string verb = line.operands.empty() ? "" : line.operands.front();
    if (verb == "snapshot-list")
        return list_images(line);
    if (line.operands.size() > 1)
        usage_error(fmt::format("'{}' is too much", line.operands[1]));
    if (verb == "getdev")
        return find_device();
    if (verb == "copy")
        return copy(line);
    if (verb.empty())
        usage_error("a verb is missing: getdev, snapshot-list or copy");
    usage_error(fmt::format("'{}' is not supported; vps-ploop works on disks", verb));
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_main(argc, argv, vps::kGrammar, vps::answer);
}
