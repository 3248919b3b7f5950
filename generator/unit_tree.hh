// The files and links that the generator is going to write, as plain data, by path below its first
// directory (systemd.generator(7)); late links below its last.
#pragma once

#include <string>
#include <vector>

namespace vps {

struct UnitTree {
    struct File {
        std::string path;  // at most one directory deep
        std::string text;
    };
    struct Link {
        std::string path;
        std::string target;
    };
    std::vector<File> files;
    std::vector<Link> links;
    std::vector<Link> late_links;
};

}  // namespace vps
