// libFuzzer target: any bytes as utmp and as a message to NOTIFY_SOCKET. A boot is over by a record
// or a line that is there, and by nothing else.

#include <utmp.h>

#include <cstring>
#include <vector>

#include "life/boot_watch.hh"
#include "require.hh"

using namespace vps;

static bool has_runlevel(std::string_view text, std::int64_t since) {
    for (; text.size() >= sizeof(utmp); text.remove_prefix(sizeof(utmp))) {
        utmp record;
        std::memcpy(&record, text.data(), sizeof record);
        const int level = record.ut_pid & 0xff;
        if (record.ut_type == RUN_LVL && level >= '2' && level <= '5' &&
            record.ut_tv.tv_sec >= since)
            return true;
    }
    return false;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    for (const std::int64_t since : {std::int64_t{0}, std::int64_t{1'700'000'000}})
        if (is_at_runlevel(text, since))
            require(has_runlevel(text, since), "no runlevel", std::string(text));
    const std::string line = "\n" + std::string(text) + "\n";
    require(says_ready(text) == (line.find("\nREADY=1\n") != line.npos), "not ready",
            std::string(text));
    return 0;
}
