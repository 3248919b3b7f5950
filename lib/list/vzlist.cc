#include "list/vzlist.hh"

#include <fmt/format.h>

#include "list/metrics.hh"
#include "list/print_list.hh"
#include "list/request.hh"
#include "sys/error.hh"
#include "version.hh"

namespace vps {

namespace {

// vzlist's own words, which scripts look for. Only who asks for a certain VPS is told by the code,
// too.
ListAnswer answer_nothing(const ListRequest& request) {
    const int code = request.operands.empty() ? 0 : 1;
    if (request.json)
        return {.output = "[]\n", .error = {}, .code = code};
    return {.output = {}, .error = "Container(s) not found", .code = code};
}

}  // namespace

ListAnswer answer_list(int argc, char** argv, const ListPlaces& places) {
    const ListRequest request = parse_list_request(argc, argv);
    switch (request.answer) {
        case ListRequest::Answer::Fields:
            return {.output = print_fields(), .error = {}};
        case ListRequest::Answer::Help:
            return {.output = list_help(), .error = {}};
        case ListRequest::Answer::Version:
            return {.output = fmt::format("vzlist {}\n", kVersion), .error = {}};
        case ListRequest::Answer::List:
            break;
    }
    if (!places.is_root)
        throw Error(ExitCode::Usage, "this program can only be run under root");
    const Gathered gathered = gather(request, places);
    if (request.metrics)
        return {.output = print_metrics(gathered.vpses), .error = {}};
    if (!gathered.any)
        return answer_nothing(request);
    return {.output = request.json ? print_json(gathered.vpses, request)
                                   : print_columns(gathered.vpses, request),
            .error = {}};
}

}  // namespace vps
