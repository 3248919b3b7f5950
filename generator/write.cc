#include "generator/write.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <string_view>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/undo.hh"

namespace vps {

namespace {

// Makes the directory of `path`, if the path has one.
void make_parent(FdRef dir_fd, const std::string& path, std::string& last_made) {
    const auto slash = path.find('/');
    if (slash == path.npos || std::string_view(path).substr(0, slash) == last_made)
        return;
    last_made = path.substr(0, slash);
    if (mkdirat(dir_fd.get(), last_made.c_str(), 0755) < 0 && errno != EEXIST)
        throw SysError(errno, "make directory", last_made);
}

void write_text(FdRef fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const auto count = ::write(fd.get(), text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw SysError(errno, "write", path);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

void write_file(FdRef dir_fd, const UnitTree::File& file) {
    const Fd fd(openat(dir_fd.get(), file.path.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd)
        throw SysError(errno, "create", file.path);
    // Half a unit would be worse than none: systemd would run the VPS without its limits.
    Undo remove([&] { (void)unlinkat(dir_fd.get(), file.path.c_str(), 0); });
    write_text(fd, file.text, file.path);
    remove.keep();
}

void make_link(FdRef dir_fd, const UnitTree::Link& link) {
    if (symlinkat(link.target.c_str(), dir_fd.get(), link.path.c_str()) < 0)
        throw SysError(errno, "link", link.path);
}

// Writes each of the entries, and adds a line to `errors` for each failure.
template <typename Entry>
void write_all(FdRef dir_fd, const std::vector<Entry>& entries,
               void (*write_one)(FdRef, const Entry&), std::vector<std::string>& errors) {
    std::string last_made;
    for (const Entry& entry : entries)
        try {
            make_parent(dir_fd, entry.path, last_made);
            write_one(dir_fd, entry);
        } catch (const SysError& error) {
            errors.emplace_back(error.what());
        }
}

}  // namespace

UnitWriter::UnitWriter(const std::string& directory, const std::string& late_directory)
    : dir_(sys::open(directory, O_PATH | O_DIRECTORY)) {
    if (!late_directory.empty())
        late_dir_ = sys::open(late_directory, O_PATH | O_DIRECTORY);
}

void UnitWriter::write(const UnitTree& tree, std::vector<std::string>& errors) const {
    write_all(dir_, tree.files, write_file, errors);
    write_all(dir_, tree.links, make_link, errors);
    if (late_dir_)
        write_all(late_dir_, tree.late_links, make_link, errors);
}

std::string print_trees(const std::vector<UnitTree>& trees) {
    std::map<std::string, std::string> entries;
    for (const auto& tree : trees) {
        for (const auto& file : tree.files)
            entries[file.path] = "--- " + file.path + "\n" + file.text;
        for (const auto& link : tree.links)
            entries[link.path] = "--- " + link.path + " -> " + link.target + "\n";
        for (const auto& link : tree.late_links)
            entries["late/" + link.path] = "--- late/" + link.path + " -> " + link.target + "\n";
    }
    std::string text;
    for (const auto& [path, entry] : entries)
        text += entry;
    return text;
}

}  // namespace vps
