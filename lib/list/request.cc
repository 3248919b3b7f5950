#include "list/request.hh"

#include <fmt/format.h>
#include <getopt.h>

#include "list/metrics.hh"
#include "sys/error.hh"
#include "sys/utf8.hh"

namespace vps {

namespace {

constexpr const char* kDefaultFields = "ctid,numproc,status,ip,hostname";
constexpr const char* kFieldsWithNames = "smart_name,numproc,status,ip,hostname";

struct ListOption {
    int letter;  // above 255: it has none
    const char* name;
    const char* value;  // null: it takes none
    const char* help;
};

constexpr int kHelp = 256, kVersionOption = 257, kPrometheus = 258;
constexpr ListOption kOptions[]{
    {'a', "all", nullptr, "list all VPSes"},
    {'S', "stopped", nullptr, "list the VPSes that do not run"},
    {'n', "name", nullptr, "show names instead of numbers"},
    {'H', "no-header", nullptr, "leave the header out"},
    {'t', "no-trim", nullptr, "do not cut long values"},
    {'j', "json", nullptr, "print JSON"},
    {'o', "output", "FIELD,...", "show these fields"},
    {'1', nullptr, nullptr, "the same as -H -o ctid"},
    {'s', "sort", "[-]FIELD", "sort by this field; -: the other way round"},
    {'h', "hostname", "PATTERN", "list only where the host name matches"},
    {'N', "name_filter", "PATTERN", "list only where the name matches"},
    {'d', "description", "PATTERN", "list only where the description matches"},
    {'L', "list", nullptr, "print the names of all fields"},
    {kPrometheus, "prometheus", nullptr, "print metrics of all VPSes for Prometheus"},
    {kHelp, "help", nullptr, "show this help"},
    {kVersionOption, "version", nullptr, "show the version"},
};

[[noreturn]] void usage_error(const std::string& text) {
    throw Error(ExitCode::Usage, text + " (see --help)");
}

std::string letters_for_getopt() {
    std::string letters = ":";
    for (const ListOption& option : kOptions)
        if (option.letter < 256)
            (letters += static_cast<char>(option.letter)) += option.value ? ":" : "";
    return letters;
}

std::vector<option> words_for_getopt() {
    std::vector<option> words;
    for (const ListOption& option : kOptions)
        if (option.name)
            words.push_back({option.name, option.value ? required_argument : no_argument, nullptr,
                             option.letter});
    words.push_back({});
    return words;
}

// "101,numproc": names between commas; an empty list has no name.
std::vector<std::string> names_in(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty()) {
        names.emplace_back(list.substr(0, list.find(',')));
        list.remove_prefix(std::min(list.size(), names.back().size() + 1));
    }
    return names;
}

const Field* require_field(const std::string& name) {
    if (const Field* field = find_field(name))
        return field;
    throw Error(ExitCode::Usage,
                fmt::format("unknown field '{}' (vzlist -L has all of them)", name));
}

std::vector<const Field*> all_json_fields() {
    std::vector<const Field*> fields;
    for (const Field& field : list_fields())
        if (field.in_json)
            fields.push_back(&field);
    return fields;
}

std::vector<const Field*> choose_fields(const std::optional<std::string>& wanted, bool json) {
    if (json && !wanted)
        return all_json_fields();
    std::vector<const Field*> fields;
    for (const std::string& name : names_in(wanted.value_or(kDefaultFields))) {
        fields.push_back(require_field(name));
        if (json && !fields.back()->in_json)
            throw Error(ExitCode::Usage,
                        fmt::format("field '{}' is not available in JSON: '{}' has all its numbers",
                                    name, name.substr(0, name.find('.'))));
    }
    if (fields.empty())
        usage_error("-o wants the name of a field");
    return fields;
}

void choose_order(ListRequest& request, std::string_view name) {
    request.reverse = name.starts_with('-');
    request.sort = require_field(std::string(name.substr(request.reverse ? 1 : 0)));
}

std::string word_in_error(char** argv) {
    return optopt > 0 && optopt < 256 ? fmt::format("-{}", static_cast<char>(optopt))
                                      : std::string(argv[optind - 1]);
}

}  // namespace

unsigned ListRequest::sources() const {
    if (metrics)
        return metric_sources();
    unsigned sources = sort ? sort->sources : 0U;
    for (const Field* field : fields)
        sources |= json ? field->json_sources : field->sources;
    return sources;
}

ListRequest parse_list_request(int argc, char** argv) {
    using Answer = ListRequest::Answer;
    const std::string letters = letters_for_getopt();
    const std::vector<option> words = words_for_getopt();
    ListRequest request;
    std::optional<std::string> fields;
    opterr = 0;
    optind = 0;
    for (int letter = 0;
         (letter = getopt_long(argc, argv, letters.c_str(), words.data(), nullptr)) != -1;) {
        switch (letter) {
            case 'a':
                request.which = ListRequest::Which::All;
                break;
            case 'S':
                request.which = ListRequest::Which::NotRunning;
                break;
            case 'n':
                fields = kFieldsWithNames;
                break;
            case 'H':
                request.header = false;
                break;
            case 't':
                request.trim = false;
                break;
            case 'j':
                request.json = true;
                break;
            case 'o':
                fields = optarg;
                break;
            case '1':
                fields = "veid";
                request.header = false;
                break;
            case 's':
                choose_order(request, optarg);
                break;
            case 'h':
                request.hostname = optarg;
                break;
            case 'N':
                request.name = optarg;
                break;
            case 'd':
                request.description = optarg;
                break;
            case 'L':
                request.answer = Answer::Fields;
                return request;
            case kPrometheus:
                request.metrics = true;
                request.which = ListRequest::Which::All;
                break;
            case kHelp:
                request.answer = Answer::Help;
                return request;
            case kVersionOption:
                request.answer = Answer::Version;
                return request;
            case ':':
                usage_error(fmt::format("{} wants a value", word_in_error(argv)));
            default:
                usage_error(fmt::format("unknown option '{}'", word_in_error(argv)));
        }
    }
    request.operands.assign(argv + optind, argv + argc);
    request.fields = choose_fields(fields, request.json);
    return request;
}

std::string list_help() {
    std::string text =
        "Usage: vzlist [-a | -S] [-n] [-H] [-t] [-j] [-o FIELD,... | -1] [-s [-]FIELD]\n"
        "              [-h PATTERN] [-N PATTERN] [-d PATTERN] [VEID | NAME]...\n"
        "       vzlist --prometheus\n       vzlist -L\n\nLists VPSes, as vzlist of OpenVZ "
        "does.\n\n";
    for (const ListOption& option : kOptions) {
        std::string names =
            option.letter < 256 ? fmt::format("  -{}", static_cast<char>(option.letter)) : "    ";
        if (option.name)
            names += fmt::format("{}--{}", option.letter < 256 ? ", " : "  ", option.name);
        if (option.value)
            names += fmt::format(" {}", option.value);
        text += fmt::format("{:28}  {}\n", names, option.help);
    }
    return text + "\nMore: man vzlist\n";
}

}  // namespace vps
