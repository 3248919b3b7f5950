// Owning and borrowing file descriptors. Functions take FdRef and return Fd.
#pragma once

#include <unistd.h>

#include <utility>

namespace vps {

class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }
    void reset() {
        if (fd_ >= 0)
            (void)close(fd_);  // nothing can be done about a close that fails
        fd_ = -1;
    }

  private:
    int fd_ = -1;
};

class FdRef {
  public:
    FdRef(const Fd& fd) : fd_(fd.get()) {}  // NOLINT: implicit, as a reference is
    explicit constexpr FdRef(int fd) : fd_(fd) {}
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

}  // namespace vps
