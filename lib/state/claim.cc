#include "state/claim.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.hh"
#include "sys/sys.hh"

namespace vps {

static std::string path_of(const ClaimName& name, const std::string& run_dir) {
    return fmt::format("{}/{}/{}", run_dir, name.kind, name.name);
}

std::optional<Veid> find_claim(const ClaimName& name, const std::string& run_dir) {
    const std::string path = path_of(name, run_dir);
    char owner[32] = {};
    if (readlink(path.c_str(), owner, sizeof owner - 1) >= 0)
        return Veid::parse(owner);
    if (errno == ENOENT || errno == EINVAL)  // EINVAL: no link, so none of ours
        return std::nullopt;
    throw SysError(errno, "read the claim", path);
}

std::optional<Veid> find_holder(const ClaimName& name, const std::function<bool(Veid)>& has,
                                const std::string& run_dir) {
    const std::optional<Veid> holder = find_claim(name, run_dir);
    try {
        return holder && has(*holder) ? holder : std::nullopt;
    } catch (const Error&) {
        return holder;
    }
}

void set_claim(const ClaimName& name, Veid veid, const std::string& run_dir) {
    sys::mkdir_all(fmt::format("{}/{}", run_dir, name.kind), 0755);
    const std::string path = path_of(name, run_dir), temporary = path + ".new";
    (void)unlink(temporary.c_str());  // of one that was killed
    if (symlink(veid.to_string().c_str(), temporary.c_str()) < 0 ||
        rename(temporary.c_str(), path.c_str()) < 0) {
        const int error = errno;
        (void)unlink(temporary.c_str());
        throw SysError(error, "make the claim", path);
    }
}

void drop_claim(const ClaimName& name, Veid veid, const std::string& run_dir) {
    const std::string path = path_of(name, run_dir);
    (void)unlink((path + ".new").c_str());  // of one that was killed
    if (find_claim(name, run_dir) != veid)
        return;
    (void)sys::unlink_if_there(path);
}

}  // namespace vps
