#include "check/cluster_resources.hh"

#include <expat.h>

#include <memory>
#include <new>
#include <type_traits>

#include "sys/error.hh"
#include "sys/followed_links.hh"
#include "sys/sys.hh"

namespace vps {

namespace {

constexpr std::size_t kLongestCib = 64 << 20;

class CibReader {
  public:
    CibReader() : parser_(XML_ParserCreate(nullptr)) {
        if (!parser_)
            throw std::bad_alloc();
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), start, end);
        XML_SetStartDoctypeDeclHandler(parser_.get(), doctype);
    }

    std::set<std::string> read(std::string_view text) {
        (void)XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
        return std::move(veids_);
    }

  private:
    struct Free {
        void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
    };

    static std::string_view value_of(std::string_view wanted, const char** attributes) {
        for (; *attributes; attributes += 2)
            if (attributes[0] == wanted)
                return attributes[1];
        return {};
    }

    // No exception passes through expat, which is C.
    static void start(void* self, const char* name, const char** attributes) noexcept {
        auto& reader = *static_cast<CibReader*>(self);
        const std::string_view element = name;
        if (element == "primitive") {
            const std::string_view provider = value_of("provider", attributes),
                                   type = value_of("type", attributes);
            reader.in_vps_ = value_of("class", attributes) == "ocf" &&
                             ((provider == "systemd-vps" && type == "VPS") ||
                              (provider == "heartbeat" && type == "ManageVE"));
        } else if (reader.in_vps_ && element == "nvpair" &&
                   value_of("name", attributes) == "veid") {
            reader.veids_.emplace(value_of("value", attributes));
        }
    }
    static void end(void* self, const char* name) noexcept {
        if (std::string_view(name) == "primitive")
            static_cast<CibReader*>(self)->in_vps_ = false;
    }
    // With a document type come entities, which may be endless.
    static void doctype(void* self, const char*, const char*, const char*, int) noexcept {
        XML_StopParser(static_cast<CibReader*>(self)->parser_.get(), XML_FALSE);
    }

    std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_;
    bool in_vps_ = false;
    std::set<std::string> veids_;
};

}  // namespace

std::set<std::string> find_cluster_resources(std::string_view cib) {
    return CibReader().read(cib);
}

std::set<std::string> read_cluster_resources(const std::string& root) {
    try {
        return find_cluster_resources(
            sys::read_file(find_below(root, "/var/lib/pacemaker/cib/cib.xml"), kLongestCib));
    } catch (const SysError&) {
        return {};
    }
}

}  // namespace vps
