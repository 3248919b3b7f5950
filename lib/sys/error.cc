#include "sys/error.hh"

#include <cstring>

namespace vps {

static std::string describe(int errnum, const std::string& verb, const std::string& object) {
    std::string text = verb;
    if (!object.empty())
        text += " '" + object + "'";
    return text + ": " + strerrordesc_np(errnum);
}

SysError::SysError(int errnum, const std::string& verb, const std::string& object, ExitCode code)
    : Error(code, describe(errnum, verb, object)), errnum_(errnum) {}

}  // namespace vps
