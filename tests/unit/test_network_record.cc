#include <gtest/gtest.h>

#include "network/network_record.hh"

namespace {

using namespace vps;

TEST(NetworkRecord, IsReadAsItWasWritten) {
    const NetworkRecord record{{"192.0.2.7", "2001:db8::7"},
                               {"eth0"},
                               {"venet101", "veth101.0"},
                               {{"eth1", 7}, {"wlan0", 9}},
                               true};
    EXPECT_EQ(format_network_record(record),
              "filter\n"
              "address 192.0.2.7\n"
              "address 2001:db8::7\n"
              "neighbour eth0\n"
              "link venet101\n"
              "link veth101.0\n"
              "device eth1 7\n"
              "device wlan0 9\n");
    EXPECT_EQ(parse_network_record(format_network_record(record)), record);
    EXPECT_EQ(parse_network_record(""), NetworkRecord());
}

TEST(NetworkRecord, TakesNoPartOfALine) {
    EXPECT_EQ(parse_network_record("link venet101\naddress").addresses, std::vector<std::string>());
    EXPECT_EQ(parse_network_record("link venet101\nlink").links,
              std::vector<std::string>{"venet101"});
    for (const char* text :
         {"device eth1", "device eth1 ", "device eth1 x", "device eth1 99999999999", "what else"})
        EXPECT_EQ(parse_network_record(text), NetworkRecord()) << text;
}

}  // namespace
