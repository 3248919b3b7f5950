#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "enter/flow.hh"
#include "sys/sys.hh"

namespace {

using namespace vps;

class Flows : public testing::Test {
  protected:
    Flows() { signal(SIGPIPE, SIG_IGN); }

    // One turn of a loop around poll.
    static void turn(Flow& flow, int timeout = 0) {
        auto events = flow.events();
        (void)poll(events.data(), events.size(), timeout);
        flow.serve(events[0], events[1]);
    }
    static void put(const Fd& fd, const std::string& text) {
        ASSERT_EQ(write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    static std::string get(const Fd& fd) {
        std::string text(1 << 20, '\0');
        (void)fcntl(fd.get(), F_SETFL, O_NONBLOCK);
        const ssize_t got = read(fd.get(), text.data(), text.size());
        text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return text;
    }

    std::pair<Fd, Fd> inside_ = sys::pipe(), outside_ = sys::pipe();
};

TEST_F(Flows, PassOnWhatThereIsAndThenTheEnd) {
    Flow flow = Flow::inwards(outside_.first.get(), std::move(inside_.second));
    turn(flow);
    EXPECT_EQ(get(inside_.first), "");
    put(outside_.second, std::string("a\0b", 3));
    for (int i = 0; i < 4; ++i)
        turn(flow);
    EXPECT_EQ(get(inside_.first), std::string("a\0b", 3));
    put(outside_.second, std::string(50000, 'x'));
    outside_.second.reset();
    for (int i = 0; i < 40; ++i)
        turn(flow);
    EXPECT_EQ(get(inside_.first), std::string(50000, 'x'));
    EXPECT_EQ(flow.which_end(), Flow::End::OfSource);
    char byte = 0;
    EXPECT_EQ(read(inside_.first.get(), &byte, 1), 0);
}

TEST_F(Flows, ALossIsKnown) {
    const Fd full = sys::open("/dev/full", O_WRONLY);
    Flow lossy = Flow::outwards(std::move(inside_.first), full.get());
    put(inside_.second, "x");
    for (int i = 0; i < 3; ++i)
        turn(lossy);
    EXPECT_EQ(lossy.which_end(), Flow::End::OfDestination);
    EXPECT_EQ(lossy.loss(), ENOSPC);
}

TEST_F(Flows, AReaderThatHasGoneIsNoLoss) {
    Flow flow = Flow::outwards(std::move(inside_.first), outside_.second.get());
    outside_.first.reset();
    put(inside_.second, "x");
    for (int i = 0; i < 3; ++i)
        turn(flow);
    EXPECT_EQ(flow.which_end(), Flow::End::OfDestination);
    EXPECT_EQ(flow.loss(), 0);
}

TEST_F(Flows, AFullDestinationBlocksNobody) {
    Flow flow = Flow::inwards(outside_.first.get(), std::move(inside_.second));
    std::string got;
    for (int i = 0; i < 40; ++i) {
        put(outside_.second, std::string(4096, static_cast<char>('a' + i % 26)));
        for (int j = 0; j < 4; ++j)
            turn(flow);
        if (i % 16 == 15)
            got += get(inside_.first);
    }
    outside_.second.reset();
    for (int i = 0; i < 200; ++i) {
        turn(flow);
        got += get(inside_.first);
    }
    EXPECT_EQ(got.size(), 40U * 4096);
    EXPECT_EQ(got[39UL * 4096], static_cast<char>('a' + 39 % 26));
}

TEST_F(Flows, AReaderThatHasGoneEndsThem) {
    Flow flow = Flow::outwards(std::move(inside_.first), outside_.second.get());
    outside_.first.reset();
    turn(flow);
    EXPECT_EQ(flow.which_end(), Flow::End::OfDestination);
    EXPECT_EQ(write(inside_.second.get(), "x", 1), -1);  // the writer gets an error
    EXPECT_EQ(errno, EPIPE);
}

TEST_F(Flows, TheRestIsPassedOnAndNobodyWaitedFor) {
    Flow flow = Flow::outwards(std::move(inside_.first), outside_.second.get());
    put(inside_.second, std::string(60000, 'r'));  // the writer's end stays open
    flow.expect_no_more();
    std::string got;
    for (int i = 0; i < 100 && !flow.ended(); ++i) {
        turn(flow);
        got += get(outside_.first);
    }
    EXPECT_TRUE(flow.ended());
    EXPECT_EQ(got, std::string(60000, 'r'));
}

TEST_F(Flows, AFloodAfterTheEndIsBounded) {
    Flow flow = Flow::outwards(std::move(inside_.first), outside_.second.get());
    flow.expect_no_more();
    for (int i = 0; i < 100000 && !flow.ended(); ++i) {
        (void)fcntl(inside_.second.get(), F_SETFL, O_NONBLOCK);
        const std::string flood(4096, 'f');
        (void)!write(inside_.second.get(), flood.data(), flood.size());
        turn(flow);
        (void)get(outside_.first);
    }
    EXPECT_TRUE(flow.ended());
}

}  // namespace
