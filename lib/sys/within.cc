#include "sys/within.hh"

namespace vps {

void throw_within(const ErrorContext& context, const std::exception& error) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    const bool has_code = ours && ours->code() != ExitCode::System;
    throw Error(has_code ? ours->code() : context.code, context.doing + ": " + error.what());
}

}  // namespace vps
