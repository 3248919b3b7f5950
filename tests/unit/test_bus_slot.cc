#include <gtest/gtest.h>

#include <vector>

#include "sys/error.hh"
#include "systemd/bus_slot.hh"
#include "temporary_directory.hh"

namespace {

using namespace vps;

int errnum_of_another(BusUse use, const std::string& file) {
    try {
        (void)take_bus_slot(use, file);
        return 0;
    } catch (const SysError& error) {
        return error.errnum();
    }
}

TEST(BusSlot, EachUseHasSoMany) {
    const TemporaryDirectory run;
    const std::string file = run.path() + "/bus";
    std::vector<Fd> slots;
    for (const BusUse use : {BusUse::Manager, BusUse::Machine}) {
        for (unsigned i = 0; i < kSlotsOfUse; ++i)
            slots.push_back(take_bus_slot(use, file));
        EXPECT_EQ(errnum_of_another(use, file), EAGAIN);
    }
    slots[3].reset();
    EXPECT_EQ(errnum_of_another(BusUse::Machine, file), EAGAIN);
    slots[3] = take_bus_slot(BusUse::Manager, file);
    EXPECT_EQ(errnum_of_another(BusUse::Manager, file), EAGAIN);
}

TEST(BusSlot, NeedsItsFile) {
    EXPECT_EQ(errnum_of_another(BusUse::Manager, "/nowhere/bus"), ENOENT);
}

}  // namespace
