#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

#include "leave_out.hh"
#include "state/state.hh"
#include "sys/error.hh"
#include "sys/process.hh"
#include "sys/sys.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

const Veid k101 = *Veid::parse("101");

VpsState sample() {
    VpsState state;
    state.phase = Phase::Running;
    state.ve_root = "/vz/root/101";
    state.ve_private = "/vz/private/a=b c";
    state.mount_point = "/data/vz/root/101";
    state.root = "2049-17";
    state.area = "2049-18";
    state.io_uring = state.old_32_bit = true;
    state.socket_families = std::uint64_t{1} << 40;
    state.init_pid = 4711;
    state.init_start = 123456789012;
    return state;
}

TEST(State, IsReadAsItWasWritten) {
    const TemporaryDirectory run;
    const VpsLock lock(k101, run.path());
    EXPECT_FALSE(lock.read_state());
    for (const PhaseRow& row : kPhases) {
        if (row.phase == Phase::None)
            continue;
        VpsState written = sample();
        written.phase = row.phase;
        written.stop_refused = row.phase == Phase::Running ? "a script: exit code 5" : "";
        lock.write_state(written);
        const std::optional<VpsState> read = read_state(k101, run.path());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->phase, written.phase);
        EXPECT_EQ(read->ve_root, written.ve_root);
        EXPECT_EQ(read->ve_private, written.ve_private);
        EXPECT_EQ(read->mount_point, written.mount_point);
        EXPECT_EQ(read->root, written.root);
        EXPECT_EQ(read->area, written.area);
        EXPECT_TRUE(read->io_uring);
        EXPECT_TRUE(read->old_32_bit);
        EXPECT_EQ(read->socket_families, written.socket_families);
        EXPECT_EQ(read->init_pid, written.init_pid);
        EXPECT_EQ(read->init_start, written.init_start);
        EXPECT_EQ(read->stop_refused, written.stop_refused);
    }
}

// As after an upgrade or a downgrade while the VPS runs.
TEST(State, OfAnotherVersionIsUnderstood) {
    const TemporaryDirectory run;
    const VpsLock lock(k101, run.path());
    (void)run.write("101/state",
                    "colour=blue\nphase=running\nmount_point=/vz/root/101\ninit_pid=4711\n"
                    "a word\ninit_start=9\n");
    const std::optional<VpsState> read = lock.read_state();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->phase, Phase::Running);
    EXPECT_EQ(read->mount_point, "/vz/root/101");
    EXPECT_EQ(read->init_pid, 4711);
    EXPECT_EQ(read->init_start, 9U);
    EXPECT_EQ(read->ids, 65536U);
    EXPECT_EQ(read->area, "");
    EXPECT_EQ(read->socket_families, 0U);
    EXPECT_FALSE(read->io_uring);
}

TEST(State, LeavesOutWhatHasNothingToSay) {
    const TemporaryDirectory run;
    const VpsLock lock(k101, run.path());
    VpsState state;
    state.phase = Phase::Mounting;
    state.mount_point = "/vz/root/101";
    lock.write_state(state);
    EXPECT_EQ(sys::read_file(run.path() + "/101/state"),
              "phase=mounting\nve_root=\nve_private=\nmount_point=/vz/root/101\n");
    state.first_id = 1000;
    state.old_32_bit = true;
    state.init_pid = 7;
    state.init_start = 9;
    lock.write_state(state);
    EXPECT_EQ(sys::read_file(run.path() + "/101/state"),
              "phase=mounting\nve_root=\nve_private=\nmount_point=/vz/root/101\n"
              "first_id=1000\nids=65536\nold_32_bit=yes\ninit_pid=7\ninit_start=9\n");
}

// A file system of memory with room for two pages: one is the state's, one is somebody else's.
TEST(State, IsWrittenWhereThereIsNoRoom) {
    if (geteuid() != 0)
        LEAVE_OUT("needs root");
    const TemporaryDirectory run;
    ASSERT_EQ(mount("tmpfs", run.path().c_str(), "tmpfs", 0, "size=8k"), 0);
    {
        const VpsLock lock(k101, run.path());
        VpsState state = sample();
        lock.write_state(state);
        std::ofstream(run.path() + "/full") << std::string(100000, 'x') << std::flush;
        state.phase = Phase::Stopping;
        state.init_pid = 0;  // a shorter text
        lock.write_state(state);
        const std::optional<VpsState> read = read_state(k101, run.path());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->phase, Phase::Stopping);
        EXPECT_EQ(read->ve_private, state.ve_private);
        EXPECT_EQ(read->init_pid, 0);
        EXPECT_FALSE(std::filesystem::exists(run.path() + "/101/state.new"));
    }
    EXPECT_EQ(umount2(run.path().c_str(), MNT_DETACH), 0);
}

TEST(State, OfAnotherKindIsRefused) {
    const TemporaryDirectory run;
    const VpsLock lock(k101, run.path());
    for (const char* text : {"", "phase=none\nmount_point=/x\n", "phase=sleeping\nmount_point=/x\n",
                             "phase=running\n", "\0\n"}) {
        (void)run.write("101/state", text);
        EXPECT_THROW((void)lock.read_state(), Error) << text;
    }
}

TEST(Lock, IsHeldByOneAndLeavesNothing) {
    const TemporaryDirectory run;
    const std::string dir = run.path() + "/101";
    {
        const VpsLock lock(k101, run.path());
        try {
            const VpsLock second(k101, run.path());
            FAIL() << "locked twice";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::Locked);
        }
        EXPECT_NO_THROW(VpsLock(*Veid::parse("102"), run.path()));
    }
    EXPECT_FALSE(std::filesystem::exists(dir));
    {
        const VpsLock lock(k101, run.path());
        lock.write_state(sample());
    }
    EXPECT_TRUE(std::filesystem::exists(dir + "/state"));
    {
        const VpsLock lock(k101, run.path());
        VpsState state = sample();
        state.phase = Phase::Postumount;
        lock.remove_state(state);
    }
    EXPECT_FALSE(std::filesystem::exists(dir));
}

TEST(Phase, RowsAreInTheOrderOfTheirPhases) {
    for (std::size_t i = 0; i < kPhases.size(); ++i)
        EXPECT_EQ(static_cast<std::size_t>(kPhases[i].phase), i);
}

TEST(Phase, OfALifeFromStartToStop) {
    const TemporaryDirectory run;
    const VpsLock lock(k101, run.path());
    VpsState state = sample();
    state.phase = Phase::None;
    for (const Phase next :
         {Phase::Mounting, Phase::Mounted, Phase::Starting, Phase::Running, Phase::Stopping,
          Phase::Umounting, Phase::Dismounting, Phase::Postumount}) {
        lock.enter(state, next);
        EXPECT_EQ(lock.read_state().value().phase, next);
    }
    lock.remove_state(state);
    EXPECT_FALSE(lock.read_state());
}

TEST(Phase, EveryTransitionOfTheTableIsTakenAndNoOther) {
    const TemporaryDirectory run;
    const VpsLock lock(k101, run.path());
    for (const PhaseRow& from : kPhases) {
        for (const PhaseRow& to : kPhases) {
            VpsState state = sample();
            state.phase = from.phase;
            lock.write_state(state);
            const bool in_table =
                std::any_of(kTransitions.begin(), kTransitions.end(), [&](const Transition& row) {
                    return row.from == from.phase && row.to == to.phase;
                });
            const auto enter = [&] {
                if (to.phase == Phase::None)
                    lock.remove_state(state);
                else
                    lock.enter(state, to.phase);
            };
            if (in_table || from.phase == to.phase) {
                EXPECT_NO_THROW(enter()) << from.name << " to " << to.name;
                EXPECT_EQ(state.phase, to.phase == Phase::None ? from.phase : to.phase);
            } else {
                EXPECT_THROW(enter(), std::logic_error) << from.name << " to " << to.name;
                EXPECT_EQ(state.phase, from.phase);
            }
        }
    }
}

TEST(Phase, EachIsReachedAndLeadsToTheEnd) {
    for (const PhaseRow& row : kPhases)
        for (const bool forward : {true, false}) {
            std::set<Phase> reached{row.phase};
            for (bool grown = true; grown;) {
                grown = false;
                for (const Transition& step : kTransitions) {
                    const Phase here = forward ? step.from : step.to;
                    const Phase there = forward ? step.to : step.from;
                    if (reached.contains(here))
                        grown |= reached.insert(there).second;
                }
            }
            EXPECT_TRUE(reached.contains(Phase::None)) << row.name;
        }
}

TEST(Lock, GoesWithAProcessThatIsKilled) {
    const TemporaryDirectory run;
    auto child = clone_process();
    if (child.pid() == 0) {
        const VpsLock lock(k101, run.path());
        raise(SIGKILL);
    }
    (void)child.wait();
    EXPECT_NO_THROW(VpsLock(k101, run.path()));
}

TEST(FindInit, KnowsAProcessByItsStartTime) {
    VpsState state = sample();
    state.init_pid = getpid();
    state.init_start = find_start_time(getpid()).value();
    EXPECT_TRUE(find_init(state));
    ++state.init_start;  // another process has the pid now
    EXPECT_FALSE(find_init(state));
    state.init_pid = 0;
    EXPECT_FALSE(find_init(state));
    state.init_pid = 0x7ffffffe;
    EXPECT_FALSE(find_init(state));
}

TEST(FindInit, TakesAZombieForDead) {
    auto child = clone_process();
    if (child.pid() == 0)
        _exit(0);
    (void)wait_for_end(child.pidfd(), {});
    EXPECT_FALSE(find_start_time(child.pid()));
    EXPECT_TRUE(child.wait()->success());
}

TEST(Child, SaysHowItEnded) {
    auto by_code = clone_process();
    if (by_code.pid() == 0)
        _exit(7);
    EXPECT_EQ(by_code.wait()->to_string(), "exit code 7");
    auto by_signal = clone_process();
    if (by_signal.pid() == 0)
        raise(SIGKILL);
    EXPECT_EQ(by_signal.wait()->to_string(), "signal SIGKILL");
    auto sleeper = clone_process();
    if (sleeper.pid() == 0) {
        pause();
        _exit(0);
    }
    EXPECT_FALSE(sleeper.wait(deadline_after(0)));
    sleeper.kill_and_wait();
    EXPECT_EQ(sleeper.pid(), -1);
}

}  // namespace
