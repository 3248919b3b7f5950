#include "network/veth.hh"

#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>
#include <unistd.h>

#include <string_view>

#include "config/vznet_conf.hh"
#include "network/links.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "systemd/system_bus.hh"

namespace vps {

namespace {

constexpr unsigned kBootPatience = 30;  // seconds

constexpr ScriptKind kExternalScript{ScriptScope::All, "vznet", ScriptContext::Host,
                                     "when a device of NETIF has been made", script::kNotStarted};

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

bool is_port(const RouteSocket& socket, const std::string& link) {
    NetlinkRequest request(RTM_GETLINK, 0, link_header());
    mnl_attr_put_strz(request, IFLA_IFNAME, link.c_str());
    const NetlinkReply reply = socket.ask(request);
    require(reply, "find the network device", link);
    return !reply.attribute(sizeof(ifinfomsg), IFLA_MASTER).empty();
}

void set_sysctl(const std::string& name, const std::string& value) {
    const std::string path = "/proc/sys/" + name;
    const Fd file = sys::open(path, O_WRONLY);
    if (write(file.get(), value.data(), value.size()) < 0)
        throw SysError(errno, "write", path, ExitCode::VethFailed);
}

}  // namespace

std::optional<ActionScript> find_external_script(Veid veid, const Log& log) {
    const std::string path = read_external_script();
    if (path.empty())
        return std::nullopt;
    try {
        std::optional<ActionScript> script =
            find_script(kExternalScript, veid.to_string() + ".vznet", path);
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
        if (access(fmt::format("/sys/class/net/{}/bridge", veth.bridge).c_str(), F_OK) < 0)
            fail(fmt::format("'{}', the bridge of {} (NETIF), is no bridge", veth.bridge,
                             veth.ifname));
    }
}

void make_veth(const VethSpec& veth, FdRef network_namespace) {
    const NetlinkReply reply = make_veth_pair({veth.host_ifname, veth.host_mac},
                                              {veth.ifname, veth.mac}, network_namespace);
    if (reply.error == EEXIST)
        fail(
            fmt::format("there is a network device '{0}' or '{1}' already: {0} on the host, or {1} "
                        "in the VPS; change host_ifname= of {1} (NETIF)",
                        veth.host_ifname, veth.ifname));
    require(reply, "make the link", veth.host_ifname);
}

void run_external_script(const ActionScript& script, const VethSpec& veth,
                         const ScriptSettings& settings, const Log& log) {
    try {
        (void)run_host_script(script, {"init", "veth", veth.host_ifname}, settings, log);
    } catch (const ScriptError& error) {
        fail(error.what());
    }
}

void connect_veth(const VethSpec& veth) {
    const RouteSocket socket;
    const bool is_connected = is_port(socket, veth.host_ifname);
    const unsigned bridge = veth.bridge.empty() ? 0 : if_nametoindex(veth.bridge.c_str());
    if (bridge != 0 && !is_connected) {
        NetlinkRequest request(RTM_NEWLINK, 0, link_header());
        mnl_attr_put_strz(request, IFLA_IFNAME, veth.host_ifname.c_str());
        mnl_attr_put_u32(request, IFLA_MASTER, bridge);
        require(socket.ask(request), "add " + veth.host_ifname + " to the bridge", veth.bridge);
    } else if (veth.bridge.empty() && !is_connected) {
        const std::string settings = "net/ipv4/conf/" + veth.host_ifname;
        set_sysctl(settings + "/proxy_arp", "1");
        set_sysctl(settings + "/forwarding", "1");
    }
    require(set_link_flags(socket, veth.host_ifname, IFF_UP), "set up", veth.host_ifname);
}

}  // namespace vps
