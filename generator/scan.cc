#include "generator/scan.hh"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include "config/config_draft.hh"
#include "config/config_text.hh"
#include "config/vps_list.hh"
#include "sys/directory.hh"
#include "sys/error.hh"
#include "sys/fd.hh"
#include "sys/followed_links.hh"
#include "sys/parts.hh"
#include "systemd/cgroup.hh"
#include "systemd/unit_name.hh"

namespace vps {

namespace {

constexpr char kVzConf[] = "/etc/vz/vz.conf";
constexpr char kConfDir[] = "/etc/vz/conf";

// False, and said, where it does not exist, except on a host that is no node at all.
Directory open_conf_dir(const std::string& root, std::vector<std::string>& errors) {
    Directory dir(root + kConfDir);
    if (dir)
        return dir;
    if (errno != ENOENT)
        throw SysError(errno, "open", kConfDir);
    if (const auto why = explain_no_conf_dir(root))
        errors.push_back(*why);
    return dir;
}

// "101.conf" → 101; nothing for any other name, and for 0.conf, the host.
std::optional<Veid> veid_of(std::string_view file_name) {
    if (!file_name.ends_with(".conf"))
        return {};
    file_name.remove_suffix(5);
    return file_name.empty() ? std::nullopt : Veid::parse(file_name);
}

struct FoundFile {
    Veid veid;
    FileKind kind;
};

std::vector<FoundFile> list_files(Directory& dir) {
    std::vector<FoundFile> files;
    while (const auto* entry = dir.next())
        if (const auto veid = veid_of(entry->d_name))
            files.push_back(
                {*veid, entry->d_type == DT_REG ? FileKind::Regular : FileKind::Unknown});
    std::sort(files.begin(), files.end(),
              [](const FoundFile& a, const FoundFile& b) { return a.veid < b.veid; });
    return files;
}

// VPSes that were removed since their slice was made. A configuration that cannot be read is one.
std::vector<Veid> find_left_slices(const std::string& root, const std::vector<FoundFile>& files) {
    std::vector<Veid> left;
    Directory slices(root + kCgroupOfAll);
    while (const auto* entry = slices.next()) {
        const auto veid = veid_of_slice(entry->d_name);
        if (!veid)
            continue;
        const auto file =
            std::lower_bound(files.begin(), files.end(), *veid,
                             [](const FoundFile& one, Veid other) { return one.veid < other; });
        if (file == files.end() || file->veid != *veid)
            left.push_back(*veid);
    }
    std::sort(left.begin(), left.end());
    return left;
}

ConfigDraft read_vz_conf(ScannedHost& host, const std::string& root) {
    ConfigDraft draft(ConfigDraft::Detail::Boot);
    try {
        draft.read(ConfigFile::Host, kVzConf,
                   read_config_text(AT_FDCWD, (root + kVzConf).c_str(), kVzConf));
    } catch (const SysError& error) {
        // The helpers refuse to start anything where vz.conf is missing, and say so.
        if (error.errnum() != ENOENT)
            host.errors.emplace_back(error.what());
    } catch (const Error& error) {
        host.errors.emplace_back(error.what());
    }
    host.diagnostics = draft.take_diagnostics();
    host.virtuozzo = draft.fields().virtuozzo;
    return draft;
}

struct ScannedPart {
    std::vector<ScannedVps> vpses;
    std::vector<std::string> errors;
};

// Links on a file system that is mounted later cannot be read at boot.
void follow_links(ScannedVps& vps, FollowedLinks& links) {
    if (vps.config.ve_private)
        vps.private_places = links.of(*vps.config.ve_private);
    if (vps.config.ve_root)
        vps.root_places = links.of(*vps.config.ve_root);
}

ScannedPart scan_part(const std::string& root, FdRef dir, std::span<const FoundFile> files,
                      const ConfigDraft& defaults) {
    ScannedPart part;
    part.vpses.reserve(files.size());
    FollowedLinks links(root);
    auto draft = defaults;
    for (const auto& [veid, kind] : files) {
        const auto name = veid.to_string() + ".conf";
        const auto shown = std::string(kConfDir) + "/" + name;
        try {
            const auto text = read_config_text(dir.get(), name.c_str(), shown, kind);
            draft = defaults;  // keeps the memory of the one before
            draft.read(ConfigFile::Vps, shown, text);
            part.vpses.push_back({veid, std::move(draft).finish(veid)});
            follow_links(part.vpses.back(), links);
        } catch (const Error& error) {
            part.errors.emplace_back(error.what());
        }
    }
    return part;
}

}  // namespace

ScannedHost scan(const std::string& root) {
    ScannedHost host;
    Directory dir = open_conf_dir(root, host.errors);
    if (!dir)
        return host;

    const auto defaults = read_vz_conf(host, root);
    const auto parallel = defaults.fields().parallel;
    host.parallel = parallel ? *parallel : 4 * usable_cpus();

    const auto files = list_files(dir);
    host.left_slices = find_left_slices(root, files);
    auto parts = in_parts(files.size(), [&](std::size_t first, std::size_t end) {
        return scan_part(root, dir.fd(), std::span(files).subspan(first, end - first), defaults);
    });
    for (auto& [vpses, errors] : parts) {
        if (host.vpses.empty()) {
            host.vpses = std::move(vpses);
            host.vpses.reserve(files.size());
        } else {
            std::move(vpses.begin(), vpses.end(), std::back_inserter(host.vpses));
        }
        std::move(errors.begin(), errors.end(), std::back_inserter(host.errors));
    }
    for (const auto& vps : host.vpses)
        read_limit_host(host, vps.config, root, host.errors);
    return host;
}

}  // namespace vps
