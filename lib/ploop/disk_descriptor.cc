#include "ploop/disk_descriptor.hh"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::string_view kNoGuid = "{00000000-0000-0000-0000-000000000000}";
constexpr std::string_view kTopGuid = "{5fbaabe3-6958-40ff-92a7-860e329aab41}";  // libploop's
constexpr std::size_t kMostDepth = 16, kMostText = 4096, kMostImages = 256;

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_control_byte(char c) {
    return static_cast<unsigned char>(c) < 0x20;
}

std::optional<std::string> find_name(std::string_view file, const std::string& directory) {
    if (file.starts_with(directory + "/"))
        file.remove_prefix(directory.size() + 1);
    if (file.empty() || file == "." || file == ".." || file.find('/') != file.npos ||
        file.size() > 255 || std::any_of(file.begin(), file.end(), is_control_byte))
        return std::nullopt;
    return std::string(file);
}

// Expat's callbacks; no exception passes through expat, which is C.
class Reader {
  public:
    explicit Reader(const std::string& directory)
        : directory_(directory), parser_(XML_ParserCreate(nullptr), XML_ParserFree) {
        if (!parser_)
            throw std::bad_alloc();
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), start, end);
        XML_SetCharacterDataHandler(parser_.get(), text);
        XML_SetStartDoctypeDeclHandler(parser_.get(), doctype);
    }

    DiskDescriptor read(std::string_view text) {
        const auto status =
            XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
        if (fault_.empty() && status != XML_STATUS_OK)
            fault_ = XML_ErrorString(XML_GetErrorCode(parser_.get()));
        if (!fault_.empty())
            throw Error(ExitCode::CannotMount,
                        fmt::format("line {}: {}", line_ ? line_ : this->line(), fault_));
        if (read_.images.empty())
            throw Error(ExitCode::CannotMount, "names no image");
        return std::move(read_);
    }

  private:
    [[nodiscard]] unsigned long line() const { return VPS_XML_LINE_NUMBER(parser_.get()); }

    void stop(const std::string& fault) {
        fault_ = fault;
        line_ = line();
        XML_StopParser(parser_.get(), XML_FALSE);
    }

    // Runs a callback's work; nothing that it throws leaves it.
    template <typename Step>
    static void guard(void* self, Step step) noexcept {
        auto& reader = *static_cast<Reader*>(self);
        if (!reader.fault_.empty())
            return;
        try {
            step(reader);
        } catch (const std::exception& error) {
            reader.fault_ = error.what();
            XML_StopParser(reader.parser_.get(), XML_FALSE);
        }
    }

    static void start(void* self, const char* name, const char**) {
        guard(self, [&](Reader& reader) { reader.open(name); });
    }
    static void end(void* self, const char*) {
        guard(self, [](Reader& reader) { reader.close(); });
    }
    static void text(void* self, const char* piece, int size) {
        guard(self, [&](Reader& reader) {
            reader.text_.append(piece, static_cast<std::size_t>(size));
            if (reader.text_.size() > kMostText)
                reader.stop("a value is too long");
        });
    }
    static void doctype(void* self, const char*, const char*, const char*, int) {
        guard(self, [](Reader& reader) { reader.stop("a document type is not allowed"); });
    }

    void open(std::string_view name) {
        if (depths_.size() >= kMostDepth)
            return stop("elements are nested too deeply");
        depths_.push_back(path_.size());
        path_.append("/").append(name);
        text_.clear();
        if (is_at("/StorageData/Storage") && storages_++ > 0)
            return stop("the disk is split into several parts, which ploop never was");
        if (is_at("/StorageData/Storage/Image"))
            read_.images.emplace_back();
        if (is_at("/Snapshots/Shot"))
            read_.shots.emplace_back();
        if (std::max(read_.images.size(), read_.shots.size()) > kMostImages)
            stop(fmt::format("more than {} images", kMostImages));
    }

    void close() {
        take_value(std::string(trim(text_)));
        text_.clear();
        path_.resize(depths_.back());
        depths_.pop_back();
    }

    [[nodiscard]] bool is_at(std::string_view below) const {
        constexpr std::string_view kTop = "/Parallels_disk_image";
        return path_.starts_with(kTop) && std::string_view(path_).substr(kTop.size()) == below;
    }

    void take_value(std::string value) {
        if (is_at("/Snapshots/TopGUID"))
            set(read_.top, std::move(value));
        else if (is_at("/Snapshots/Shot/GUID"))
            set(read_.shots.back().guid, std::move(value));
        else if (is_at("/Snapshots/Shot/ParentGUID"))
            set(read_.shots.back().parent, std::move(value));
        else if (is_at("/StorageData/Storage/Image/GUID"))
            set(read_.images.back().guid, std::move(value));
        else if (is_at("/StorageData/Storage/Image/Type"))
            take_type(value);
        else if (is_at("/StorageData/Storage/Image/File"))
            take_file(value);
        else if (is_at("/StorageData/Storage/Image") && read_.images.back().file.empty())
            stop("an image without a file");
        else if (is_at("/Encryption/KeyId") && !value.empty())
            stop(fmt::format("the disk is encrypted with the key '{}'", value));
    }

    // Which of two counts is nobody's guess.
    void set(std::string& place, std::string value) {
        if (!place.empty())
            return stop(
                fmt::format("'{}' and '{}' are in one place, where one may be", place, value));
        place = std::move(value);
    }

    void take_type(const std::string& value) {
        if (value == "Compressed")
            read_.images.back().type = ImageType::Ploop;
        else if (value == "Plain")
            read_.images.back().type = ImageType::Plain;
        else
            stop(fmt::format("an image is of the type '{}', not Compressed or Plain", value));
    }

    void take_file(const std::string& value) {
        if (const auto name = find_name(value, directory_))
            set(read_.images.back().file, *name);
        else
            stop(fmt::format("the image '{}' is not in '{}'", value, directory_));
    }

    const std::string& directory_;
    std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser_;
    DiskDescriptor read_;
    std::string path_, text_, fault_;
    std::vector<std::size_t> depths_;
    unsigned storages_ = 0;
    unsigned long line_ = 0;
};

// A name as text of an element.
std::string escape(std::string_view text) {
    std::string escaped;
    for (const char c : text)
        if (c == '&')
            escaped += "&amp;";
        else if (c == '<')
            escaped += "&lt;";
        else
            escaped += c;
    return escaped;
}

// The value of this member that two of the parts have, if there is one.
template <typename Part>
std::optional<std::string> find_twice(const std::vector<Part>& parts, std::string Part::*member) {
    std::set<std::string_view> seen;
    for (const Part& part : parts)
        if (!seen.insert(part.*member).second)
            return part.*member;
    return std::nullopt;
}

template <typename Part>
const Part* find_guid(const std::vector<Part>& parts, std::string_view guid) {
    const auto found = std::find_if(parts.begin(), parts.end(),
                                    [&](const Part& part) { return part.guid == guid; });
    return found == parts.end() ? nullptr : &*found;
}

}  // namespace

DiskDescriptor parse_disk_descriptor(std::string_view text, const std::string& directory) {
    return Reader(directory).read(text);
}

std::vector<DescribedImage> find_chain(const DiskDescriptor& descriptor) {
    const auto refuse = [](const std::string& text) { throw Error(ExitCode::CannotMount, text); };
    if (descriptor.shots.empty()) {
        if (descriptor.images.size() > 1)
            refuse(fmt::format("names {} images and no snapshot that chains them",
                               descriptor.images.size()));
        return descriptor.images;
    }
    if (const auto guid = find_twice(descriptor.images, &DescribedImage::guid))
        refuse(fmt::format("has two images '{}'", *guid));
    if (const auto file = find_twice(descriptor.images, &DescribedImage::file))
        refuse(fmt::format("has two images in one file, '{}'", *file));
    if (const auto guid = find_twice(descriptor.shots, &DescribedShot::guid))
        refuse(fmt::format("has two snapshots '{}'", *guid));
    std::vector<DescribedImage> chain;
    std::string_view guid = descriptor.top.empty() ? kTopGuid : std::string_view(descriptor.top);
    while (guid != kNoGuid) {
        const DescribedShot* shot = find_guid(descriptor.shots, guid);
        const DescribedImage* image = find_guid(descriptor.images, guid);
        if (!shot || !image)
            refuse(fmt::format("has no {} '{}'", shot ? "image" : "snapshot", guid));
        if (chain.size() == descriptor.shots.size())
            refuse("its snapshots go round in a circle");
        chain.push_back(*image);
        guid = shot->parent;
    }
    if (chain.empty())
        refuse("has no snapshot on top");
    std::reverse(chain.begin(), chain.end());
    return chain;
}

std::optional<std::string> find_snapshot_above(const DiskDescriptor& descriptor,
                                               const std::vector<DescribedImage>& chain) {
    for (const DescribedShot& shot : descriptor.shots)
        if (shot.parent == chain.back().guid)
            return shot.guid;
    return std::nullopt;
}

std::string format_disk_descriptor(std::uint64_t size, std::uint32_t cluster, ImageType type,
                                   const std::string& file) {
    constexpr std::uint64_t kHeads = 16, kSectors = 32;  // libploop's; nobody looks at them
    return fmt::format(R"(<?xml version="1.0"?>
<Parallels_disk_image>
  <Disk_Parameters>
    <Disk_size>{0}</Disk_size>
    <Cylinders>{1}</Cylinders>
    <Heads>{2}</Heads>
    <Sectors>{3}</Sectors>
    <Padding>0</Padding>
  </Disk_Parameters>
  <StorageData>
    <Storage>
      <Start>0</Start>
      <End>{0}</End>
      <Blocksize>{4}</Blocksize>
      <Image>
        <GUID>{5}</GUID>
        <Type>{6}</Type>
        <File>{7}</File>
      </Image>
    </Storage>
  </StorageData>
  <Snapshots>
    <TopGUID>{5}</TopGUID>
    <Shot>
      <GUID>{5}</GUID>
      <ParentGUID>{8}</ParentGUID>
    </Shot>
  </Snapshots>
</Parallels_disk_image>
)",
                       size, size / (kHeads * kSectors), kHeads, kSectors, cluster, kTopGuid,
                       type == ImageType::Ploop ? "Compressed" : "Plain", escape(file), kNoGuid);
}

}  // namespace vps
