// The scope of a VPS, asked for from a process that answers as systemd.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "context/vps_scope.hh"
#include "sys/error.hh"
#include "sys/sys.hh"
#include "systemd/bus_slot.hh"
#include "systemd_peer.hh"

namespace vps {

namespace {

namespace fs = std::filesystem;

const Veid kVeid = *Veid::parse("101");
constexpr const char* kUnitExists = "org.freedesktop.systemd1.UnitExists";

// Makes the cgroup of the scope with this process in it, as PID 1 and the kernel do.
void make_cgroup(const std::string& cgroups, const std::string& pid) {
    const std::string slice = cgroups + "/vps-101.slice", scope = slice + "/vps-101.scope";
    sys::mkdir_all(scope, 0755);
    sys::replace_file(scope + "/cgroup.procs", pid + "\n");
    sys::replace_file(scope + "/cgroup.kill", "");
    sys::replace_file(scope + "/cgroup.events", "populated 1\nfrozen 0\n");
    // The kernel's files come with the directory. These do not: this wakes who has seen none yet.
    sys::replace_file(slice + "/woken", "");
}

// The process in the request, of "PIDs=au [1234]".
std::string keeper_in(const Request& request) {
    for (const std::string& setting : request.settings)
        if (setting.starts_with("PIDs=au ["))
            return setting.substr(9, setting.size() - 10);
    return "";
}

class ScopeTest : public testing::Test {
  protected:
    void SetUp() override { setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere", 1); }
    void TearDown() override { unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }

    // Begins to answer; the slice is there, as it is before its scope.
    void serve(std::function<Reply(const Request&, const std::string& cgroups)> answer) {
        peer_.reset();
        peer_ = std::make_unique<SystemdPeer>(
            [this, answer](const Request& request) { return answer(request, cgroups_); });
    }

    const TemporaryDirectory cgroups_dir_;
    const std::string cgroups_ = cgroups_dir_.path();
    std::unique_ptr<SystemdPeer> peer_;

    [[nodiscard]] SystemdPlaces places() const {
        SystemdPlaces places = peer_->places();
        places.cgroups = cgroups_;
        sys::mkdir_all(cgroups_ + "/vps-101.slice", 0755);
        return places;
    }
    [[nodiscard]] Scope start(const std::vector<Device>& devices = {}) const {
        return start_vps_scope(kVeid, devices, places());
    }
    // True when the test has no child but the peer: no keeper is left.
    static bool has_one_child() {
        const std::string path = "/proc/self/task/" + std::to_string(getpid()) + "/children";
        const std::string children = sys::read_file(path);
        return std::count(children.begin(), children.end(), ' ') == 1;
    }
};

Reply make_at_once(const Request& request, const std::string& cgroups) {
    make_cgroup(cgroups, keeper_in(request));
    return job(1);
}

TEST_F(ScopeTest, IsAskedForWithAllItsSettings) {
    serve(make_at_once);
    const std::vector<Device> devices{
        {.block = false, .major = 10, .minor = 229, .access = "rw", .node = "fuse"},
        {.block = true, .major = 8, .minor = 17, .access = "r", .node = ""},
        {.block = false, .major = 1, .minor = {}, .access = "rwm", .node = ""},
        // The kernel has no such devices: nothing could be allowed.
        {.block = true, .major = 4095, .minor = {}, .access = "rwm", .node = ""},
    };
    Scope scope = start(devices);
    await_scope(scope);
    EXPECT_EQ(scope.unit, "vps-101.scope");
    EXPECT_EQ(sys::realpath("/proc/self/fd/" + std::to_string(scope.cgroup.get())),
              cgroups_ + "/vps-101.slice/vps-101.scope");
    EXPECT_EQ(peer_->asked(),
              std::vector<std::string>{"socket StartTransientUnit vps-101.scope fail []"});
    EXPECT_EQ(peer_->settings_of("StartTransientUnit"),
              (std::vector<std::string>{
                  "Description=s VPS 101: its processes",
                  "Slice=s vps-101.slice",
                  "PIDs=au [" + std::to_string(scope.keeper.pid()) + "]",
                  "Delegate=b true",
                  "Before=as [vps@101.service]",
                  "CollectMode=s inactive-or-failed",
                  "TasksMax=t 18446744073709551615",
                  "TimeoutStopUSec=t 10000000",
                  "Upholds=as [vps@101.service]",
                  "RefuseManualStop=b true",
                  "DevicePolicy=s closed",
                  "DeviceAllow=a(ss) [(/dev/block/8:17 r) (/dev/char/10:229 rw) (char-mem rwm)]",
              }));
    EXPECT_FALSE(has_one_child());
    dismiss_keeper(std::move(scope));
    EXPECT_TRUE(has_one_child());
}

TEST_F(ScopeTest, IsAskedForOverTheMessageBusWhereThereIsOne) {
    serve(make_at_once);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", peer_->bus_address().c_str(), 1);
    Scope scope = start();
    await_scope(scope);
    EXPECT_EQ(peer_->asked(),
              std::vector<std::string>{"bus StartTransientUnit vps-101.scope fail []"});
    dismiss_keeper(std::move(scope));
}

TEST_F(ScopeTest, IsAskedForAgainWhereTheBusFails) {
    for (const Reply& failure :
         {refuse("org.freedesktop.DBus.Error.ServiceUnknown", "no such name"), hang_up()}) {
        serve([&](const Request& request, const std::string& cgroups) {
            return request.way == Way::Bus ? failure : make_at_once(request, cgroups);
        });
        setenv("DBUS_SYSTEM_BUS_ADDRESS", peer_->bus_address().c_str(), 1);
        Scope scope = start();
        await_scope(scope);
        EXPECT_EQ(peer_->asked(),
                  (std::vector<std::string>{"bus StartTransientUnit vps-101.scope fail []",
                                            "socket StartTransientUnit vps-101.scope fail []"}));
        dismiss_keeper(std::move(scope));
    }
}

TEST_F(ScopeTest, WaitsForASlotOfTheMessageBus) {
    serve(make_at_once);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", peer_->bus_address().c_str(), 1);
    auto [ours, theirs] = sys::pipe();
    const pid_t test = getpid();
    Child holder = clone_process();
    if (holder.pid() == 0) {
        std::vector<Fd> slots;
        for (unsigned i = 0; i < kSlotsOfUse; ++i)
            slots.push_back(take_bus_slot(BusUse::Manager, places().bus_slots));
        theirs.reset();
        // Until the test has its keeper besides the peer and this process.
        const std::string path = fmt::format("/proc/{0}/task/{0}/children", test);
        for (std::string children; std::count(children.begin(), children.end(), ' ') < 3;
             children = sys::read_file(path))
            usleep(1000);
        _exit(0);
    }
    theirs.reset();
    (void)sys::read_all(ours, "whether all slots are taken");
    Scope scope = start();
    EXPECT_EQ(peer_->asked(),
              std::vector<std::string>{"bus StartTransientUnit vps-101.scope fail []"});
    EXPECT_TRUE(holder.wait().has_value());
    await_scope(scope);
    dismiss_keeper(std::move(scope));
}

// A systemd that has one device allowed, and another one once it is told so, or never.
Reply answer_about_devices(const Request& request, bool heeds) {
    static bool is_changed = false;
    if (request.method == "SetUnitProperties") {
        is_changed = heeds;
        return {};
    }
    if (is_changed)
        return property("a(ss)", 1U, std::string("/dev/char/10:229"), std::string("rw"));
    return property("a(ss)", 1U, std::string("/dev/char/10:200"), std::string("rw"));
}

TEST_F(ScopeTest, ItsDevicesCanChange) {
    serve([](const Request& request, const std::string&) {
        return answer_about_devices(request, true);
    });
    const DevicePolicy tun{{"/dev/char/10:200", "rw"}};
    EXPECT_EQ(change_device_policy(kVeid, tun, places()), tun);
    EXPECT_EQ(peer_->asked().size(), 1U);
    const DevicePolicy fuse =
        device_policy({{.block = false, .major = 10, .minor = 229, .access = "wr", .node = ""}});
    EXPECT_EQ(change_device_policy(kVeid, fuse, places()), tun);
    EXPECT_EQ(peer_->settings_of("SetUnitProperties"),
              (std::vector<std::string>{"DeviceAllow=a(ss) []",
                                        "DeviceAllow=a(ss) [(/dev/char/10:229 rw)]"}));
    EXPECT_EQ(change_device_policy(kVeid, fuse, places()), fuse);
}

TEST_F(ScopeTest, ASystemdThatDoesNotHeedNewDevicesIsTold) {
    serve([](const Request& request, const std::string&) {
        return answer_about_devices(request, false);
    });
    EXPECT_EQ(text_of_error([&] { (void)change_device_policy(kVeid, {}, places()); }),
              "systemd has not changed the devices of vps-101.scope");
}

TEST_F(ScopeTest, RefusalIsToldInSystemdsWords) {
    serve([](const Request&, const std::string&) {
        return refuse("org.freedesktop.DBus.Error.InvalidArgs", "Invalid device node access 'x'");
    });
    EXPECT_EQ(text_of_error([&] { (void)start(); }),
              "start vps-101.scope: Invalid device node access 'x'");
    EXPECT_EQ(peer_->asked().size(), 1U);
    EXPECT_TRUE(has_one_child());
}

TEST_F(ScopeTest, AnEarlierOneIsWaitedFor) {
    serve([](const Request& request, const std::string& cgroups) {
        return request.count < 3 ? refuse(kUnitExists, "Unit vps-101.scope already exists.")
                                 : make_at_once(request, cgroups);
    });
    Scope scope = start();
    await_scope(scope);
    EXPECT_EQ(peer_->asked().size(), 3U);
    dismiss_keeper(std::move(scope));
}

TEST_F(ScopeTest, ALostAnswerIsNoFailure) {
    serve([](const Request& request, const std::string& cgroups) {
        if (request.count > 1)
            return refuse(kUnitExists, "Unit vps-101.scope already exists.");
        make_cgroup(cgroups, keeper_in(request));
        return hang_up();
    });
    Scope scope = start();
    await_scope(scope);
    const std::vector<Request> requests = peer_->requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(keeper_in(requests[0]), std::to_string(scope.keeper.pid()));
    EXPECT_EQ(keeper_in(requests[1]), keeper_in(requests[0]));
    dismiss_keeper(std::move(scope));
}

TEST_F(ScopeTest, ASystemdThatHangsUpIsAskedAgain) {
    serve([](const Request& request, const std::string& cgroups) {
        return request.count == 1 ? hang_up() : make_at_once(request, cgroups);
    });
    Scope scope = start();
    await_scope(scope);
    EXPECT_EQ(peer_->asked().size(), 2U);
    dismiss_keeper(std::move(scope));
}

TEST_F(ScopeTest, IsThereOnceItsKeeperIsInIt) {
    serve([](const Request& request, const std::string& cgroups) {
        Reply reply = job(1);
        reply.then = [=](sd_bus*) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            make_cgroup(cgroups, keeper_in(request));
        };
        return reply;
    });
    Scope scope = start();
    EXPECT_FALSE(fs::exists(scope.dir));
    await_scope(scope);
    EXPECT_TRUE(scope.cgroup);
    await_scope(scope);  // nothing more to wait for
    dismiss_keeper(std::move(scope));
}

// Answers for a scope that is agreed to and never made.
std::function<Reply(const Request&, const std::string&)> never_make(unsigned waiting_job,
                                                                    const char* state) {
    return [=](const Request& request, const std::string&) {
        if (request.arguments == "org.freedesktop.systemd1.Unit Job")
            return property("(uo)", waiting_job, waiting_job == 0 ? "/" : job_path(1));
        if (request.arguments == "org.freedesktop.systemd1.Unit ActiveState")
            return property("s", state);
        return job(1);
    };
}

TEST_F(ScopeTest, AJobThatFailsIsToldSoon) {
    serve(never_make(0, "failed"));
    Scope scope = start();
    const Deadline soon = deadline_after(5);
    EXPECT_EQ(text_of_error([&] { await_scope(scope); }),
              "systemd has not made vps-101.scope; look at journalctl _PID=1");
    EXPECT_NE(milliseconds_until(soon), 0);
    EXPECT_EQ(peer_->asked(),
              (std::vector<std::string>{
                  "socket StartTransientUnit vps-101.scope fail []",
                  "socket Get of vps_2d101_2escope org.freedesktop.systemd1.Unit Job",
                  "socket Get of vps_2d101_2escope org.freedesktop.systemd1.Unit ActiveState"}));
    scope.keeper.kill_and_wait();
}

TEST_F(ScopeTest, AJobThatWaitsIsWaitedFor) {
    serve(never_make(1, "inactive"));
    Scope scope = start();
    EXPECT_EQ(text_of_error([&] { await_scope(scope, 2); }),
              "systemd has put no process into vps-101.scope within 2 seconds; look at journalctl "
              "_PID=1");
    scope.keeper.kill_and_wait();
}

TEST_F(ScopeTest, AKeeperThatEndsIsTold) {
    serve(never_make(1, "inactive"));
    Scope scope = start();
    ASSERT_EQ(kill(scope.keeper.pid(), SIGKILL), 0);
    EXPECT_EQ(text_of_error([&] { await_scope(scope); }),
              "the process that keeps vps-101.scope has ended");
    abandon_scope(std::move(scope));
    EXPECT_TRUE(has_one_child());
}

TEST_F(ScopeTest, ProcessesAreMovedIntoIt) {
    serve([](const Request& request, const std::string&) {
        return request.count == 1 ? Reply{}
                                  : refuse("org.freedesktop.DBus.Error.UnixProcessIdUnknown",
                                           "Process with ID 8 does not exist.");
    });
    attach_to_scope("scripts-of-vps-101.scope", {7, 8}, places());
    EXPECT_EQ(text_of_error([&] { attach_to_scope("scripts-of-vps-101.scope", {8}, places()); }),
              "move processes into scripts-of-vps-101.scope: Process with ID 8 does not exist.");
    EXPECT_EQ(peer_->asked(), (std::vector<std::string>{
                                  "socket AttachProcessesToUnit scripts-of-vps-101.scope '' [7 8]",
                                  "socket AttachProcessesToUnit scripts-of-vps-101.scope '' [8]"}));
}

TEST_F(ScopeTest, IsEndedByTheKernel) {
    serve([](const Request&, const std::string&) { return job(2); });
    end_scope(kVeid, "vps-101.scope", places());  // no such cgroup
    make_cgroup(cgroups_, "1");
    const std::string scope = cgroups_ + "/vps-101.slice/vps-101.scope";
    const Fd kill_file = sys::open(scope + "/cgroup.kill", O_RDONLY);
    Child systemd = clone_process();
    if (systemd.pid() == 0) {
        while (fs::file_size(scope + "/cgroup.kill") == 0)
            usleep(1000);
        fs::remove_all(scope);
        _exit(0);
    }
    end_scope(kVeid, "vps-101.scope", places());
    EXPECT_TRUE(systemd.wait().has_value());
    EXPECT_EQ(sys::read_all(kill_file, "cgroup.kill"), "1");
    // A stop of the unit would be refused.
    EXPECT_TRUE(peer_->asked().empty());
}

}  // namespace

}  // namespace vps
