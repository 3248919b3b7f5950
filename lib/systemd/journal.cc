#include "systemd/journal.hh"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "sys/error.hh"
#include "sys/fd.hh"
#include "systemd/libsystemd.hh"
#include "systemd/log.hh"

namespace vps {

namespace {

constexpr time_t kPatience = 5;  // seconds

struct CloseJournal {
    void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};
using Journal = std::unique_ptr<sd_journal, CloseJournal>;

// Has journald write what it has been sent (io.systemd.Journal, varlink). Without an answer the
// lines that are there by now have to do.
void await_journald() {
    const Fd journald(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address{AF_UNIX, "/run/systemd/journal/io.systemd.journal"};
    const timeval patience{kPatience, 0};
    constexpr std::string_view kCall("{\"method\":\"io.systemd.Journal.Synchronize\"}\0", 44);
    static_assert(kCall.back() == '\0' && kCall[kCall.size() - 2] == '}');
    char answer[256];
    (void)(setsockopt(journald.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
           connect(journald.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
               0 &&
           send(journald.get(), kCall.data(), kCall.size(), MSG_NOSIGNAL) > 0 &&
           recv(journald.get(), answer, sizeof answer, 0) > 0);
}

void require(int result, const char* verb) {
    if (result < 0)
        throw SysError(-result, verb);
}

Journal open_failures(Veid veid, std::uint64_t since) {
    sd_journal* raw = nullptr;
    require(sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY), "open the journal");
    Journal journal(raw);
    // Matches of one field are alternatives.
    for (const std::string& match :
         {"VEID=" + veid.to_string(), "MESSAGE_ID=" + std::string(message_id::kFailed),
          "MESSAGE_ID=" + std::string(message_id::kScriptFailed)})
        require(sd_journal_add_match(raw, match.data(), match.size()), "search the journal");
    require(sd_journal_seek_realtime_usec(raw, since), "search the journal");
    return journal;
}

std::string message_of(sd_journal* entry) {
    constexpr std::string_view kField = "MESSAGE=";
    const void* data = nullptr;
    std::size_t size = 0;
    require(sd_journal_get_data(entry, "MESSAGE", &data, &size), "read the journal");
    const std::string_view text(static_cast<const char*>(data), size);
    return std::string(text.substr(std::min(kField.size(), size)));
}

}  // namespace

std::vector<std::string> find_failures(Veid veid, std::uint64_t since) {
    std::vector<std::string> lines;
    try {
        await_journald();
        const Journal journal = open_failures(veid, since);
        while (sd_journal_next(journal.get()) > 0) {
            std::string line = message_of(journal.get());
            if (std::find(lines.begin(), lines.end(), line) == lines.end())
                lines.push_back(std::move(line));
        }
    } catch (const Error&) {
        // The caller has the exit code, and says where to look.
    }
    return lines;
}

}  // namespace vps
