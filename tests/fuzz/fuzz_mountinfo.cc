// libFuzzer target: any bytes as the mountinfo of a process of a VPS. An entry is a line, each of
// its targets is found where it is looked for, and an escape never makes a text longer.

#include <algorithm>

#include "require.hh"
#include "sys/mount.hh"

using namespace vps;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    const std::vector<MountEntry> mounts = parse_mountinfo(text);
    const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
    require(mounts.size() <= static_cast<std::size_t>(lines), "more mounts than lines", "");
    for (const MountEntry& mount : mounts) {
        require(mount.target.size() <= text.size(), "longer than the text", mount.target);
        require(!mounts_at_or_below({mount}, mount.target).empty(), "not at its own place",
                mount.target);
    }
    require(unescape_mountinfo(text).size() <= text.size(), "longer than the text", "");
    return 0;
}
