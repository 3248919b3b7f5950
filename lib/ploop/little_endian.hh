// Little-endian numbers at a place of a byte string, as ploop, GPT and ext4 keep them. The caller
// has made sure that the place is within the bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vps {

inline std::uint64_t get_le(std::string_view bytes, std::size_t at, unsigned width) {
    std::uint64_t value = 0;
    for (unsigned i = width; i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}
inline std::uint16_t get_le16(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(get_le(bytes, at, 2));
}
inline std::uint32_t get_le32(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint32_t>(get_le(bytes, at, 4));
}
inline std::uint64_t get_le64(std::string_view bytes, std::size_t at) {
    return get_le(bytes, at, 8);
}

inline void put_le(std::string& bytes, std::size_t at, std::uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i, value >>= 8)
        bytes[at + i] = static_cast<char>(value & 0xff);
}
inline void put_le32(std::string& bytes, std::size_t at, std::uint32_t value) {
    put_le(bytes, at, value, 4);
}
inline void put_le64(std::string& bytes, std::size_t at, std::uint64_t value) {
    put_le(bytes, at, value, 8);
}

}  // namespace vps
