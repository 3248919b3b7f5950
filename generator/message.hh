// The generator's messages: they go to the kernel's log when PID 1 runs the generator, because its
// standard error is lost at boot and the journal is not there yet, and to standard error otherwise.
#pragma once

#include <string>

namespace vps {

enum class Priority { Error = 3, Warning = 4 };  // as in syslog(3)

void say(Priority priority, const std::string& text);

}  // namespace vps
