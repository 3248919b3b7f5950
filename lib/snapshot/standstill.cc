#include "snapshot/standstill.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/freezer.hh"
#include "systemd/own_scope.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

// What the process that thaws is told before something is frozen, or when it was not.
constexpr char kProcesses = 'p', kFileSystem = 'f', kNoFileSystem = 'n';

bool is_one(FdRef file) {
    return file.get() >= 0;
}

constexpr unsigned kReserve = 10;  // seconds of the time that are for the end of the work

struct Frozen {
    bool processes = false, file_system = false;
};

void note_word(Frozen& frozen, char word) {
    if (word == kProcesses)
        frozen.processes = true;
    else
        frozen.file_system = word == kFileSystem;
}

// The file system first: a process that goes on and writes would wait for it.
void thaw_all(Veid veid, FdRef file_system, const Frozen& frozen) {
    if (frozen.file_system)
        (void)ioctl(file_system.get(), FITHAW, 0);  // it may be thawed already
    if (frozen.processes)
        thaw_scope(veid);
}

// Returns at the end of the line, or of the time.
Frozen listen(FdRef line) {
    Frozen frozen;
    const Deadline deadline = deadline_after(Standstill::kMostSeconds);
    for (;;) {
        pollfd waiting{line.get(), POLLIN, 0};
        const int ready = poll(&waiting, 1, milliseconds_until(deadline));
        if (ready == 0)
            return frozen;
        char word = 0;
        if (ready > 0 && read(line.get(), &word, 1) <= 0)
            return frozen;
        if (ready > 0)
            note_word(frozen, word);
    }
}

[[noreturn]] void be_thawer(FdRef line, FdRef file_system, Veid veid) noexcept {
    (void)prctl(PR_SET_NAME, "vps-thaw");
    (void)setsid();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    // Among the others are locks, which would be held on.
    if (is_one(file_system))
        (void)close_all_but(
            {std::min(line.get(), file_system.get()), std::max(line.get(), file_system.get())});
    else
        (void)close_all_but({line.get()});
    try {
        thaw_all(veid, file_system, listen(line));
    } catch (const std::exception&) {
        _exit(1);
    }
    _exit(0);
}

Child start_thawer(Fd& line, FdRef file_system, Veid veid) {
    auto [theirs, ours] = sys::pipe();
    Child thawer = clone_process();
    if (thawer.pid() == 0) {
        ours.reset();
        be_thawer(theirs, file_system, veid);
    }
    thawer.release();
    line = std::move(ours);
    return thawer;
}

void write_to_disk(const std::string& area) {
    const Fd directory = sys::open(area, O_RDONLY | O_DIRECTORY);
    if (syncfs(directory.get()) < 0)
        throw SysError(errno, "write to disk the file system of", area);
}

}  // namespace

Standstill::Standstill(const StandstillSpec& spec)
    : veid_(spec.veid),
      file_system_(spec.file_system),
      freezes_processes_(spec.processes == Processes::Frozen && !is_scope_frozen(spec.veid)) {
    // What is written now need not be written while all stands still.
    write_to_disk(spec.area);
    if (is_one(file_system_))
        (void)syncfs(file_system_.get());
    if (!freezes_processes_ && !is_one(file_system_))
        return;
    thawer_ = start_thawer(line_, file_system_, veid_);
    try {
        move_to_own_scope(thaw_unit_of(veid_),
                          fmt::format("Thaws VPS {} after a snapshot", veid_.value()),
                          thawer_.pid());
        began_ = Clock::now();
        freeze();
    } catch (...) {
        thaw();
        throw;
    }
}

Standstill::~Standstill() {
    thaw();
}

void Standstill::tell(char word) const {
    if (write(line_.get(), &word, 1) != 1)
        throw SysError(errno, "tell the process that thaws the VPS");
}

void Standstill::freeze() {
    if (freezes_processes_) {
        tell(kProcesses);
        freeze_scope(veid_);
    }
    if (!is_one(file_system_))
        return;
    tell(kFileSystem);
    if (ioctl(file_system_.get(), FIFREEZE, 0) < 0) {
        const int error = errno;
        tell(kNoFileSystem);
        throw SysError(error, "freeze the file system of the VPS's disk image");
    }
}

void Standstill::check_time() const {
    if (line_ && Clock::now() - began_ > std::chrono::seconds(kMostSeconds - kReserve))
        throw Error(ExitCode::System,
                    fmt::format("the files are not copied within {} seconds, and the VPS is not "
                                "frozen for longer; --skip-suspend copies them while it runs",
                                kMostSeconds - kReserve));
}

void Standstill::thaw() noexcept {
    if (!line_)
        return;
    line_.reset();
    try {
        const auto status = thawer_.wait(deadline_after(kMostSeconds));
        if (!status || !status->success())
            thaw_all(veid_, file_system_,
                     {.processes = freezes_processes_, .file_system = is_one(file_system_)});
    } catch (const std::exception&) {
        // The other process goes on trying.
    }
}

std::chrono::milliseconds Standstill::end() {
    if (!line_)
        return {};
    const bool held = !freezes_processes_ || is_scope_frozen(veid_);
    thaw();
    const auto lasted =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_);
    if (!held || lasted > std::chrono::seconds(kMostSeconds))
        throw Error(ExitCode::System, "the VPS was thawed by somebody while its files were copied");
    return lasted;
}

}  // namespace vps
