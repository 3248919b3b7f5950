#include "snapshot/attributes.hh"

#include <fmt/format.h>
#include <linux/limits.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>

#include "sys/error.hh"

namespace vps {

namespace {

ssize_t list(const AttributesOf& of, std::vector<char>& names) {
    return of.path.empty() ? flistxattr(of.file.get(), names.data(), names.size())
                           : llistxattr(of.path.c_str(), names.data(), names.size());
}

ssize_t get(const AttributesOf& of, const char* attribute, std::vector<char>& value) {
    return of.path.empty() ? fgetxattr(of.file.get(), attribute, value.data(), value.size())
                           : lgetxattr(of.path.c_str(), attribute, value.data(), value.size());
}

int set(const AttributesOf& of, const char* attribute, const char* value, std::size_t size) {
    return of.path.empty() ? fsetxattr(of.file.get(), attribute, value, size, 0)
                           : lsetxattr(of.path.c_str(), attribute, value, size, 0);
}

}  // namespace

AttributeCopier::AttributeCopier() : names_(XATTR_LIST_MAX), value_(XATTR_SIZE_MAX) {}

void AttributeCopier::copy(const AttributesOf& from, const AttributesOf& to,
                           const std::string& name) {
    const ssize_t size = list(from, names_);
    if (size < 0 && errno != ENOTSUP && errno != ENOENT)
        throw SysError(errno, "read the attributes of", name);
    for (ssize_t at = 0; at < size;) {
        const char* attribute = names_.data() + at;
        at += static_cast<ssize_t>(std::strlen(attribute)) + 1;
        const ssize_t got = get(from, attribute, value_);
        if (got < 0 && (errno == ENODATA || errno == ENOENT))
            continue;  // it has gone
        if (got < 0 || set(to, attribute, value_.data(), static_cast<std::size_t>(got)) < 0)
            throw SysError(errno, fmt::format("copy the attribute {} of", attribute), name);
    }
}

}  // namespace vps
