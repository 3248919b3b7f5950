// A directory of a test's own, removed with everything in it at the end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        char name[] = "/tmp/systemd-vps-test.XXXXXX";
        path_ = mkdtemp(name);
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    // Writes a file in the directory and returns the file's path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& content,
                                    unsigned mode = 0644) const {
        const std::string file = path_ + "/" + name;
        std::ofstream(file, std::ios::binary) << content;
        std::filesystem::permissions(file, static_cast<std::filesystem::perms>(mode));
        return file;
    }

  private:
    std::string path_;
};
