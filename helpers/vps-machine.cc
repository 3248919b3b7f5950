// vps-machine VEID: registers a running VPS with systemd-machined, unless MACHINED=no. vps-run
// starts it and does not wait for it.

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "command/program.hh"
#include "life/settings.hh"
#include "network/network_record.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/guest_file.hh"
#include "sys/sys.hh"
#include "systemd/machine.hh"

namespace vps {

namespace {

using MachineId = std::array<std::uint8_t, 16>;

std::optional<MachineId> parse_id(std::string_view text) {
    MachineId id{};
    for (std::size_t i = 0; i < id.size(); ++i) {
        const char* const digits = text.data() + 2 * i;
        const auto [end, error] = std::from_chars(digits, digits + 2, id[i], 16);
        if (error != std::errc() || end != digits + 2)
            return std::nullopt;
    }
    return id;
}

// What the VPS says that its id is; zeros, which stand for none, where it has no file for one. At
// the first boot of a systemd the file is there and the id is not, for a second or two.
MachineId machine_id_in(const std::string& mount_point) {
    const Fd root = sys::open(mount_point, O_PATH | O_DIRECTORY);
    for (const Deadline deadline = deadline_after(5);;) {
        const Fd file = find_guest_file(root, "/etc/machine-id");
        char text[32];
        if (file && pread(file.get(), text, sizeof text, 0) == sizeof text)
            return parse_id({text, sizeof text}).value_or(MachineId{});
        if (!file || milliseconds_until(deadline) == 0)
            return {};
        (void)poll(nullptr, 0, 100);
    }
}

std::vector<int> host_ends_of(Veid veid) {
    std::vector<int> indices;
    if (const auto record = read_network_record(veid))
        for (const RecordedLink& link : record->links)
            if (const unsigned index = if_nametoindex(link.name.c_str()))
                indices.push_back(static_cast<int>(index));
    return indices;
}

ExitCode register_vps(const Invocation& invocation) {
    const std::optional<VpsState> state = read_state(invocation.veid);
    if (!state || !find_init(*state))
        throw Error(ExitCode::NotRunning, "is not running");
    if (!load_usable_config(invocation.veid).machined)
        return ExitCode::Ok;
    try {
        // Nothing of VE_ROOT is open any more while machined is waited for: a stop dismounts it.
        const MachineId id = machine_id_in(state->mount_point);
        (void)register_machine({.name = "vps" + invocation.veid.to_string(),
                                .id = id,
                                .leader = state->init_pid,
                                .root = state->mount_point,
                                .interfaces = host_ends_of(invocation.veid)});
    } catch (const Error& error) {
        invocation.log.say(Level::Info, error.what());
        return error.code();
    }
    return ExitCode::Ok;
}

}  // namespace

}  // namespace vps

int main(int argc, char** argv) {
    return vps::run_program(
        argc, argv,
        {.name = "vps-machine",
         .summary = "Registers a running VPS with systemd-machined. Called by vps-run."},
        vps::register_vps);
}
