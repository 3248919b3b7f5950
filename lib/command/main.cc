#include "command/main.hh"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "sys/error.hh"
#include "sys/streams.hh"
#include "sys/utf8.hh"
#include "version.hh"

namespace vps {

int run_main(int argc, char** argv, const Grammar& grammar,
             const std::function<ExitCode(const CommandLine&)>& body) {
    const auto report = [&](const std::exception& error, ExitCode code) {
        sys::print_line(sys::kErrors, grammar.program + ": " + printable(error.what()));
        return static_cast<int>(code);
    };
    try {
        sys::open_standard_streams();
        const CommandLine line = parse_words({argv + std::min(argc, 1), argv + argc}, grammar);
        if (line.has("help")) {
            sys::print(help_text(grammar));
            return 0;
        }
        if (line.has("version")) {
            sys::print(fmt::format("{} {}\n", grammar.program, kVersion));
            return 0;
        }
        // Others read files of ours, whatever a UMask= of the unit or the caller's shell says.
        (void)umask(022);
        return static_cast<int>(body(line));
    } catch (const Error& error) {
        return report(error, error.code());
    } catch (const std::exception& error) {
        return report(error, ExitCode::System);
    }
}

}  // namespace vps
