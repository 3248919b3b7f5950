#include "list/print_list.hh"

#include <fmt/format.h>

#include <cstdlib>

#include "sys/utf8.hh"

namespace vps {

namespace {

// Characters, not bytes.
std::size_t length_of(std::string_view text) {
    std::size_t length = 0;
    for (; !text.empty(); ++length)
        (void)take_character(text);
    return length;
}

std::string first_characters(std::string_view text, std::size_t count) {
    std::string first;
    for (; count > 0 && !text.empty(); --count)
        first += take_character(text).bytes;
    return first;
}

std::string cut(std::string text, const Field& field) {
    if (field.cut == Cut::AfterFirstWord)
        text = text.substr(0, text.find(' '));
    return field.cut == Cut::Never
               ? text
               : first_characters(text, static_cast<std::size_t>(std::abs(field.width)));
}

std::string pad(const std::string& text, int width) {
    const auto wanted = static_cast<std::size_t>(std::abs(width));
    const std::size_t length = length_of(text);
    const std::string blanks(length < wanted ? wanted - length : 0, ' ');
    return width < 0 ? text + blanks : blanks + text;
}

template <typename Text>
std::string print_line(const ListRequest& request, const Text& text_of) {
    std::string line;
    for (std::size_t at = 0; at < request.fields.size(); ++at) {
        const Field& field = *request.fields[at];
        const bool last = at + 1 == request.fields.size();
        line += pad(text_of(field, last), field.width) + (last ? "" : " ");
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

json_object* print_vps(const ListedVps& vps, const ListRequest& request) {
    json_object* object = json_object_new_object();
    for (const Field* field : request.fields) {
        Json value = to_json(field->value(vps));
        if (!value && field->unset_is_zero)
            value = to_json(std::uint64_t{0});
        json_object_object_add(object, field->name.c_str(), value.release());
    }
    return object;
}

}  // namespace

std::string print_columns(const std::vector<ListedVps>& vpses, const ListRequest& request) {
    std::string text;
    if (request.header)
        text = print_line(request, [](const Field& field, bool) { return field.header; });
    for (const ListedVps& vps : vpses)
        text += print_line(request, [&](const Field& field, bool last) {
            std::string shown = show(field.value(vps));
            return last || !request.trim ? shown : cut(std::move(shown), field);
        });
    return text;
}

std::string print_json(const std::vector<ListedVps>& vpses, const ListRequest& request) {
    const Json list(json_object_new_array_ext(static_cast<int>(vpses.size())));
    for (const ListedVps& vps : vpses)
        json_object_array_add(list.get(), print_vps(vps, request));
    return std::string(json_object_to_json_string_ext(
               list.get(), JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                               JSON_C_TO_STRING_NOSLASHESCAPE)) +
           "\n";
}

std::string print_fields() {
    std::string text;
    for (const Field& field : list_fields())
        text += fmt::format("{:15} {:15}\n", field.name, field.header);
    return text;
}

}  // namespace vps
