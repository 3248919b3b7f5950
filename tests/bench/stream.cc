// stream serve PORT: answers one connection after the other. stream measure ADDRESS PORT: prints MB
// a second that the server takes, and microseconds from a byte to its echo. Static, so that it runs
// on hosts and in VPSes; libc only.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr std::size_t kBytes = 256 << 20;
constexpr int kEchoes = 2000;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void require(bool good, const char* what) {
    if (!good) {
        std::perror(what);
        std::exit(1);
    }
}

sockaddr_in address_of(const char* address, const char* port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    require(inet_pton(AF_INET, address, &where.sin_addr) == 1, address);
    return where;
}

// Takes what is streamed, says so by a byte, and echoes the bytes that follow.
void answer(int connection) {
    static char buffer[1 << 18];
    std::size_t taken = 0;
    while (taken < kBytes) {
        const ssize_t got = read(connection, buffer, std::min(sizeof buffer, kBytes - taken));
        if (got <= 0)
            return;
        taken += static_cast<std::size_t>(got);
    }
    if (write(connection, "", 1) != 1)
        return;
    for (char byte; read(connection, &byte, 1) == 1;)
        if (write(connection, &byte, 1) != 1)
            return;
}

[[noreturn]] void serve(const char* port) {
    const int listening = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    const sockaddr_in here = address_of("0.0.0.0", port);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    require(bind(listening, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0, "bind");
    require(listen(listening, 1) == 0, "listen");
    for (;;) {
        const int connection = accept(listening, nullptr, nullptr);
        require(connection >= 0, "accept");
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        answer(connection);
        close(connection);
    }
}

void measure(const char* address, const char* port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    const sockaddr_in there = address_of(address, port);
    require(connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    static char buffer[1 << 18];
    auto start = Clock::now();
    for (std::size_t sent = 0; sent < kBytes;) {
        const ssize_t put = write(fd, buffer, std::min(sizeof buffer, kBytes - sent));
        require(put > 0, "write");
        sent += static_cast<std::size_t>(put);
    }
    char byte = 0;
    require(read(fd, &byte, 1) == 1, "read");
    const double rate = static_cast<double>(kBytes) / 1e6 / seconds_since(start);
    std::vector<double> echoes;
    for (int i = 0; i < kEchoes; ++i) {
        start = Clock::now();
        require(write(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1, "echo");
        echoes.push_back(seconds_since(start) * 1e6);
    }
    std::nth_element(echoes.begin(), echoes.begin() + kEchoes / 2, echoes.end());
    std::printf("%.0f %.1f\n", rate, echoes[kEchoes / 2]);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "serve") == 0)
        serve(argv[2]);
    if (argc == 4 && std::strcmp(argv[1], "measure") == 0) {
        measure(argv[2], argv[3]);
        return 0;
    }
    std::fprintf(stderr, "usage: stream serve PORT | stream measure ADDRESS PORT\n");
    return 2;
}
