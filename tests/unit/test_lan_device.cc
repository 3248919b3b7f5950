// Two ends of a link, each as a machine of a network: in a network namespace of the test's own,
// made by a child process, so that nothing of this machine's network changes.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "leave_out.hh"
#include "network/lan_device.hh"
#include "network/links.hh"
#include "network/netlink.hh"
#include "sys/error.hh"

namespace {

using namespace vps;
using std::chrono::milliseconds;

const MacAddress kOurs{{0x02, 0, 0, 0, 0, 1}}, kTheirs{{0x02, 0, 0, 0, 0, 2}};

void make_link() {
    const Fd here(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    require(make_veth_pair({"ours", kOurs}, {"theirs", kTheirs}, here), "make", "ours",
            ExitCode::System);
    const RouteSocket socket;
    for (const char* name : {"ours", "theirs"})
        require(set_link_flags(socket, name, IFF_UP), "set up", name, ExitCode::System);
}

std::string describe(const std::optional<AddressConflict>& conflict) {
    if (!conflict)
        return "nobody";
    return conflict->address.to_string() + " " + conflict->machine + " on " + conflict->device;
}

// The conflict that is seen for an address when the other machine sends `what`.
std::string see(const char* wanted, const char* sent, LanMessage what) {
    std::vector<LanDevice> devices;
    devices.emplace_back("ours");
    const LanDevice other("theirs");
    if (what == LanMessage::Question)
        other.ask_for(IpAddress::parse(sent));
    else
        other.announce(IpAddress::parse(sent));
    return describe(wait_for_conflict(devices, {IpAddress::parse(wanted)}, milliseconds(200)));
}

// Runs in the child; gtest's own words of it go to the test's output.
void look_at_conflicts() {
    make_link();
    EXPECT_EQ(see("192.0.2.7", "192.0.2.7", LanMessage::Announcement),
              "192.0.2.7 02:00:00:00:00:02 on ours");
    EXPECT_EQ(see("192.0.2.7", "192.0.2.8", LanMessage::Announcement), "nobody");
    EXPECT_EQ(see("192.0.2.7", "192.0.2.7", LanMessage::Question), "nobody");
    std::vector<LanDevice> devices;
    devices.emplace_back("ours");
    devices[0].announce(IpAddress::parse("192.0.2.7"));  // one's own word is no conflict
    EXPECT_EQ(
        describe(wait_for_conflict(devices, {IpAddress::parse("192.0.2.7")}, milliseconds(200))),
        "nobody");
    EXPECT_EQ(LanDevice("lo").sockets(), std::vector<int>(2, -1));  // no Ethernet
    EXPECT_THROW(LanDevice("none-such"), SysError);
}

TEST(LanDevice, HearsWhoElseHasAnAddress) {
    const pid_t child = fork();
    if (child == 0) {
        if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
            _exit(77);
        try {
            look_at_conflicts();
        } catch (const std::exception& error) {
            ADD_FAILURE() << error.what();
        }
        _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        LEAVE_OUT("no namespaces for us on this machine");
    EXPECT_EQ(status, 0);
}

}  // namespace
