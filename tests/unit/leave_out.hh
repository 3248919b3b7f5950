// A test that needs more than this machine gives is left out.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

// Ends the test, or the set-up that it stands in: left out at a developer's, failed in CI, where
// nothing is to be left out.
#define LEAVE_OUT(reason)         \
    do {                          \
        if (std::getenv("CI"))    \
            FAIL() << (reason);   \
        GTEST_SKIP() << (reason); \
    } while (false)
