#include <gtest/gtest.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "context/syscall_filter.hh"

namespace vps {
namespace {

constexpr int kNoType = 15;  // a type that no family has: EINVAL, before the family is looked at

// The errno of `call` in a child that has the filters; 0: it succeeded.
int errno_behind(const FilteredVps& vps, const std::function<long()>& call) {
    const pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || install_syscall_filter(vps) != 0)
            _exit(255);
        _exit(call() < 0 ? errno : 0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_NE(WEXITSTATUS(status), 255);
    return WEXITSTATUS(status);
}

constexpr FilteredVps kStrict{
    .user_namespace = true, .io_uring = false, .old_32_bit = false, .socket_families = 0};

FilteredVps with(int family) {
    FilteredVps vps = kStrict;
    vps.socket_families = std::uint64_t{1} << family;
    return vps;
}

bool is_denied(const FilteredVps& vps, int family) {
    const int error = errno_behind(vps, [&] { return socket(family, kNoType, 0); });
    EXPECT_TRUE(error == EINVAL || error == EAFNOSUPPORT) << family << ": errno " << error;
    const int pair[2]{};
    EXPECT_EQ(error,
              errno_behind(vps, [&] { return syscall(SYS_socketpair, family, kNoType, 0, pair); }))
        << family;
    return error == EAFNOSUPPORT;
}

TEST(Personality, Is32BitWhereInitIs) {
    constexpr unsigned kAsk = 0xffffffff;
    FilteredVps vps = kStrict;
    for (const bool old : {false, true}) {
        vps.old_32_bit = old;
        const auto take = [&] {
            errno = take_personality(vps);
            return errno == 0 && (personality(kAsk) & PER_MASK) == (old ? PER_LINUX32 : PER_LINUX)
                       ? 0
                       : -1;
        };
        EXPECT_EQ(errno_behind(vps, take), 0) << old;
    }
}

TEST(SyscallFilter, AllowsFiveFamiliesOfSockets) {
    for (int family = 0; family < 46; ++family) {
        const bool is_one = family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
                            family == AF_NETLINK || family == AF_PACKET;
        EXPECT_EQ(is_denied(kStrict, family), !is_one) << family;
    }
    EXPECT_EQ(errno_behind(kStrict, [] { return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -1 : 0; }),
              0);
}

TEST(SyscallFilter, DeniesFamiliesThatNoKernelHas) {
    for (const int family : {46, 63, 64, 65, 256 + AF_UNIX, (1 << 20) + AF_INET, -1, INT32_MIN + 1})
        EXPECT_TRUE(is_denied(with(40), family)) << family;
}

TEST(SyscallFilter, AllowsTheFamiliesOfTheConfiguration) {
    for (const int family : {4, 31, 32, 38, 40, 45}) {
        EXPECT_FALSE(is_denied(with(family), family)) << family;
        EXPECT_FALSE(is_denied(with(family), AF_INET6)) << family;
        EXPECT_TRUE(is_denied(with(family), 15)) << family;
        EXPECT_TRUE(is_denied(with(family), family - 1)) << family;
    }
}

// What a family adds are no protocols of others.
TEST(SyscallFilter, DeniesProtocolsThatAreModules) {
    for (const int family : {AF_INET, AF_INET6}) {
        EXPECT_EQ(errno_behind(with(40), [&] { return socket(family, SOCK_SEQPACKET, 0); }),
                  EPROTONOSUPPORT);
        EXPECT_EQ(errno_behind(with(40), [&] { return socket(family, SOCK_STREAM, 132); }),
                  EPROTONOSUPPORT);
    }
}

#ifdef __x86_64__
TEST(SyscallFilter, KnowsTheCallsOfX32) {
    const auto x32 = [](int family) {
        return [=] { return syscall(0x40000000 | SYS_socket, family, kNoType, 0); };
    };
    EXPECT_EQ(errno_behind(kStrict, x32(40)), EAFNOSUPPORT);
    EXPECT_NE(errno_behind(kStrict, x32(AF_UNIX)), EAFNOSUPPORT);  // ENOSYS where there is no x32
    EXPECT_NE(errno_behind(with(40), x32(40)), EAFNOSUPPORT);
}
#endif

}  // namespace
}  // namespace vps
