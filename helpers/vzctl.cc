// vzctl [--quiet|--verbose] VERB VEID|NAME …: OpenVZ's command, by systemd. lib/manage/ has the
// verbs.

#include "manage/vzctl.hh"

#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "manage/call.hh"

// Passwords on the command line are seen by whoever looks at processes: only for as long as it
// takes to read them.
static void hide_passwords(int argc, char** argv) {
    constexpr std::string_view kOption = "--userpasswd", kShortest = "--u";
    for (int i = 1; i < argc; ++i) {
        std::string_view option(argv[i]);
        option = option.substr(0, option.find('='));
        if (!option.starts_with(kShortest) || !kOption.starts_with(option))
            continue;
        char* word = std::strchr(argv[i], '=');
        if (!word && i + 1 < argc)
            word = argv[++i];
        if (word)
            std::memset(word, '*', std::strlen(word));
    }
}

int main(int argc, char** argv) {
    using namespace vps;
    try {
        sys::open_standard_streams();
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would take exit codes of children
        const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
        hide_passwords(argc, argv);
        return static_cast<int>(run_vzctl(words));
    } catch (const std::exception& error) {
        sys::print_line(sys::kErrors, std::string("vzctl: ") + printable(error.what()));
        return static_cast<int>(ExitCode::System);
    }
}
