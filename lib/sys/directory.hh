// Reading a directory, in no order and with "." and "..". An entry is valid until the next one is
// read.
#pragma once

#include <dirent.h>

#include <cerrno>
#include <memory>
#include <string>

#include "sys/fd.hh"

namespace vps {

class Directory {
  public:
    // A directory that cannot be opened is false, errno says why, and has no entries.
    explicit Directory(const std::string& path) : stream_(opendir(path.c_str())) {}
    // Takes over a descriptor that is open for reading; a false one is as above.
    explicit Directory(Fd fd) : stream_(fd ? fdopendir(fd.get()) : nullptr) {
        if (stream_)
            (void)fd.release();
    }

    explicit operator bool() const { return stream_ != nullptr; }
    // Borrowed: the directory itself, for the …at() calls.
    [[nodiscard]] FdRef fd() const { return FdRef(dirfd(stream_.get())); }
    // Null at the end, where errno is 0, and where reading fails.
    const dirent* next() {
        errno = 0;
        return stream_ ? readdir(stream_.get()) : nullptr;
    }

  private:
    struct Close {
        void operator()(DIR* stream) const noexcept { (void)closedir(stream); }  // only read from
    };
    std::unique_ptr<DIR, Close> stream_;
};

}  // namespace vps
