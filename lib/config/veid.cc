#include "config/veid.hh"

#include <charconv>

namespace vps {

std::optional<Veid> Veid::parse(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.front() == '0')
        return std::nullopt;
    if (value > kMax)
        return std::nullopt;
    return Veid(value);
}

}  // namespace vps
