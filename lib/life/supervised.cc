#include "life/supervised.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "config/config_value.hh"
#include "installed.hh"
#include "sys/error.hh"
#include "sys/process.hh"

namespace vps {

namespace {

// Words of the command line, NAME=NUMBER: descriptors that may be there,
struct Slot {
    std::string_view name;
    Fd Supervised::*fd;
};
constexpr std::array kSlots{
    Slot{"handle", &Supervised::init_handle}, Slot{"console", &Supervised::console},
    Slot{"listener", &Supervised::listener}, Slot{"output", &Supervised::output},
    Slot{"errors", &Supervised::errors}};
constexpr std::string_view kHeld = "held", kBoot = "boot";
// processes,
constexpr std::array<std::pair<std::string_view, Kinship>, 3> kKinships{
    {{"init", Kinship::Parent}, {"adopted", Kinship::Adopter}, {"traced", Kinship::Tracer}}};
constexpr std::string_view kReader = "reader";
// and a text.
constexpr std::string_view kRemark = "remark";

struct Words {
    std::vector<std::string> words;
    std::vector<FdRef> descriptors;  // of the words

    void add(std::string_view name, FdRef fd) {
        if (fd.get() < 0)
            return;
        words.push_back(fmt::format("{}={}", name, fd.get()));
        descriptors.push_back(fd);
    }
};

Words to_words(const Supervised& vps) {
    Words all;
    all.words = {installed::kVpsSupervise, vps.veid.to_string()};
    for (const auto& [name, kinship] : kKinships)
        if (kinship == vps.kinship)
            all.words.push_back(fmt::format("{}={}", name, vps.init));
    for (const Slot& slot : kSlots)
        all.add(slot.name, vps.*slot.fd);
    for (const Fd& fd : vps.held)
        all.add(kHeld, fd);
    if (vps.boot) {
        all.add(kBoot, vps.boot->fd());
        all.words.push_back(fmt::format("{}={}", kReader, vps.boot->reader()));
    }
    if (!vps.remark.empty())
        all.words.push_back(fmt::format("{}={}", kRemark, vps.remark));
    return all;
}

void close_on_exec(FdRef fd, bool close) {
    if (fcntl(fd.get(), F_SETFD, close ? FD_CLOEXEC : 0) < 0)
        throw SysError(errno, "hand over a descriptor");
}

struct Word {
    std::string_view text, name, value;

    explicit Word(std::string_view whole)
        : text(whole),
          name(whole.substr(0, whole.find('='))),
          value(whole.substr(std::min(name.size() + 1, whole.size()))) {}

    [[noreturn]] void refuse() const {
        throw Error(ExitCode::Usage,
                    fmt::format("{}: no such word; vps-run executes this program, and systemctl "
                                "starts a VPS",
                                quote_for_message(text)));
    }
    [[nodiscard]] int number() const {
        int number = -1;
        const auto [end, error] = std::from_chars(value.begin(), value.end(), number);
        if (error != std::errc{} || end != value.end() || number < 0)
            refuse();
        return number;
    }
    [[nodiscard]] Fd descriptor() const {
        Fd fd(number());
        close_on_exec(fd, true);
        return fd;
    }
};

// A watch comes as two words.
struct Boot {
    Fd fd{};
    pid_t reader = 0;
};

void take_word(const Word& word, Supervised& vps, Boot& boot) {
    for (const Slot& slot : kSlots)
        if (word.name == slot.name) {
            vps.*slot.fd = word.descriptor();
            return;
        }
    for (const auto& [name, kinship] : kKinships)
        if (word.name == name) {
            vps.kinship = kinship;
            vps.init = word.number();
            return;
        }
    if (word.name == kHeld)
        vps.held.push_back(word.descriptor());
    else if (word.name == kBoot)
        boot.fd = word.descriptor();
    else if (word.name == kReader)
        boot.reader = word.number();
    else if (word.name == kRemark)
        vps.remark = word.value;
    else
        word.refuse();
}

}  // namespace

void execute_supervisor(const Supervised& vps) {
    const Words all = to_words(vps);
    for (const FdRef fd : all.descriptors)
        close_on_exec(fd, false);
    execv(installed::kVpsSupervise, pointers_to(all.words).data());
    const SysError error(errno, "execute", installed::kVpsSupervise);
    for (const FdRef fd : all.descriptors)
        close_on_exec(fd, true);
    throw error;
}

Supervised read_supervised(std::span<const char* const> words) {
    const Word first(words.empty() ? "" : words[0]);
    const std::optional<Veid> veid = Veid::parse(std::string(first.text));
    if (!veid)
        first.refuse();
    Supervised vps{*veid};
    Boot boot;
    for (const char* const word : words.subspan(1))
        take_word(Word(word), vps, boot);
    if (vps.init == 0 || !vps.init_handle)
        first.refuse();
    if (boot.fd)
        vps.boot.emplace(vps.init, std::move(boot.fd), boot.reader);
    return vps;
}

}  // namespace vps
