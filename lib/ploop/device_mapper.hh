// Device-mapper devices by the kernel's own requests (linux/dm-ioctl.h), so that a start waits for
// no udev and nothing is left in /dev/mapper. Callers are root in the host context.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "ploop/disk_map.hh"
#include "sys/fd.hh"

namespace vps {

// A device that goes by itself when nobody has it open any more, once it is kept; before that, with
// its owner.
class MappedDevice {
  public:
    // A device of this name whose sectors lie as the map says, each layer in the device of that
    // place. Throws SysError CannotMount, where another program has the name, too.
    static MappedDevice make(const std::string& name, const DiskMap& map,
                             const std::vector<dev_t>& layers, bool read_only);
    MappedDevice(MappedDevice&&) = default;
    MappedDevice& operator=(MappedDevice&&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }  // "/dev/dm-0"

  private:
    MappedDevice(std::string path, Fd device)
        : path_(std::move(path)), device_(std::move(device)) {}
    std::string path_;
    Fd device_;
};

// A name for a device that goes with this process.
std::string make_passing_name();

// Removes such devices of processes that were killed before they had opened them: nobody else does.
void remove_left_devices();

// The device that make() has made of that name: how often it is open, by other devices and mounts
// too; nothing if there is none.
std::optional<unsigned> find_openers(const std::string& name);

// Removes the device that make() has made of that name, which nobody has open. False if somebody
// has.
bool remove_device(const std::string& name);

}  // namespace vps
