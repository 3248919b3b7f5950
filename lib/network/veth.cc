#include "network/veth.hh"

#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>
#include <unistd.h>

#include <string_view>

#include "config/vznet_conf.hh"
#include "network/host_end.hh"
#include "network/links.hh"
#include "network/packet_filter.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "systemd/system_bus.hh"

namespace vps {

namespace {

constexpr unsigned kBootPatience = 30;  // seconds

constexpr ScriptKind kAtStart{ScriptScope::All, "vznet", ScriptContext::Host,
                              "when a device of NETIF has been made", script::kNotStarted};
constexpr ScriptKind kAtReload{ScriptScope::All, "vznet", ScriptContext::Host,
                               "when a VPS is reloaded", script::kKeepsRunning};

[[noreturn]] void fail(const std::string& text) {
    throw Error(ExitCode::VethFailed, text);
}

void require(const NetlinkReply& reply, const std::string& verb, const std::string& object) {
    vps::require(reply, verb, object, ExitCode::VethFailed);
}

bool host_boots() {
    const std::string state =
        patiently([] { return get_string(connect(), kManagerPath, kManager, "SystemState"); });
    return state == "initializing" || state == "starting";
}

bool is_linux_bridge(const std::string& name) {
    return access(fmt::format("/sys/class/net/{}/bridge", name).c_str(), F_OK) == 0;
}

}  // namespace

std::string find_bridge_of(unsigned master) {
    char name[IF_NAMESIZE];
    return master != 0 && if_indextoname(master, name) && is_linux_bridge(name) ? name : "";
}

std::optional<ActionScript> find_external_script(Veid veid, ScriptOccasion occasion,
                                                 const Log& log) {
    const std::string path = read_external_script();
    if (path.empty())
        return std::nullopt;
    try {
        const std::string name = path.substr(path.rfind('/') + 1);
        std::optional<ActionScript> script =
            find_script(occasion == ScriptOccasion::Start ? kAtStart : kAtReload,
                        fmt::format("{}.{}", veid.to_string(), name), path);
        if (!script)
            log.say(Level::Notice, fmt::format("EXTERNAL_SCRIPT '{}' of {} does not exist; doing "
                                               "without it",
                                               path, kVznetConf));
        return script;
    } catch (const ScriptError& error) {
        fail(error.what());
    }
}

void require_bridges(const NetworkSpec& spec) {
    for (const VethSpec& veth : spec.veths) {
        if (veth.bridge.empty())
            continue;
        if (if_nametoindex(veth.bridge.c_str()) == 0 && host_boots()) {
            const Deadline deadline = deadline_after(kBootPatience);
            while (if_nametoindex(veth.bridge.c_str()) == 0 && milliseconds_until(deadline) > 0)
                (void)poll(nullptr, 0, 100);
        }
        if (if_nametoindex(veth.bridge.c_str()) == 0)
            fail(
                fmt::format("the bridge '{0}' of {1} (NETIF) does not exist; make it (ip link add "
                            "{0} type bridge), or change bridge= of {1}",
                            veth.bridge, veth.ifname));
    }
}

void make_veth(const VethSpec& veth, FdRef network_namespace) {
    const NetlinkReply reply = make_veth_pair({veth.host_ifname, veth.host_mac},
                                              {veth.ifname, veth.mac}, network_namespace);
    if (reply.error == EEXIST)
        fail(
            fmt::format("there is a network device '{0}' or '{1}' already: {0} on the host (change "
                        "host_ifname= of {1} in NETIF), or {1} in the VPS (the VPS removes it, or "
                        "is restarted)",
                        veth.host_ifname, veth.ifname));
    require(reply, "make the link", veth.host_ifname);
}

void run_external_script(const ActionScript& script, const VethSpec& veth,
                         const ScriptSettings& settings, const Log& log) {
    try {
        std::vector<std::string> arguments{"init", "veth", veth.host_ifname};
        if (!veth.bridge.empty())
            arguments.push_back(veth.bridge);
        (void)run_host_script(script, arguments, settings, log);
    } catch (const ScriptError& error) {
        fail(error.what());
    }
}

void connect_veth(const VethSpec& veth, const NetworkRecord& record, RecordedLink& link,
                  const Log& log) {
    const RouteSocket socket;
    const std::optional<LinkState> state = find_link(socket, link.name);
    if (!state)
        fail(fmt::format("the link {} of {} (NETIF) is gone; EXTERNAL_SCRIPT of {} removed it",
                         link.name, veth.ifname, kVznetConf));
    link.bridge = find_bridge_of(state->master);
    if (state->master == 0 && is_linux_bridge(veth.bridge)) {
        join_bridge(socket, link.name, veth.bridge);
        link.bridge = veth.bridge;
    } else if (state->master == 0 && !veth.bridge.empty()) {
        log.say(
            Level::Warning,
            fmt::format("'{}', the bridge of {} (NETIF), is no bridge of Linux, and nobody "
                        "added {} to it: whoever makes it has to (ovs-vsctl add-port {} {}, "
                        "in EXTERNAL_SCRIPT of {})",
                        veth.bridge, veth.ifname, link.name, veth.bridge, link.name, kVznetConf));
    }
    link.answers = state->master == 0 && veth.bridge.empty();
    (void)keep_up_settings(link, Upkeep::Mend);
    filter_link(record, link);
    set_up_host_end(socket, link);
}

}  // namespace vps
