// Plans the units that a configuration becomes. Pure: same host, same units.
#pragma once

#include <cstddef>

#include "generator/boot_order.hh"
#include "generator/scan.hh"
#include "generator/unit_tree.hh"

namespace vps {

class Plan {
  public:
    // `host` must outlive it.
    explicit Plan(const ScannedHost& host) : host_(host), order_(order_boot(host)) {}

    // The units of some of ScannedHost::vpses: a few at a time need little memory, however many
    // VPSes there are. May be called by several threads at once.
    [[nodiscard]] UnitTree of_vpses(std::size_t first, std::size_t end) const;

    // The units that VPSes share, and those of VPSes that are removed.
    [[nodiscard]] UnitTree of_all() const;

  private:
    const ScannedHost& host_;
    BootOrder order_;
};

}  // namespace vps
