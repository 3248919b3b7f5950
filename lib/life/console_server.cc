#include "life/console_server.hh"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sys/error.hh"
#include "sys/sys.hh"
#include "sys/unix_address.hh"

namespace vps {

namespace {

constexpr std::size_t kMostClients = 16;
constexpr std::size_t kMostTyped = 64U << 10;  // more is lost, as on a serial line

void watch(FdRef epoll, int operation, FdRef fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd.get();
    if (epoll_ctl(epoll.get(), operation, fd.get(), &event) < 0)
        throw SysError(errno, "watch");
}

ucred peer_of(FdRef socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        throw SysError(errno, "look at", "a peer");
    return peer;
}

// 0 by 0 is the size of no window.
void set_size(FdRef terminal, const WindowSize& size) {
    winsize wanted{};
    wanted.ws_row = size.rows;
    wanted.ws_col = size.columns;
    if (size != WindowSize{})
        (void)ioctl(terminal.get(), TIOCSWINSZ, &wanted);  // a terminal takes any size
}

}  // namespace

Fd listen_at_console(Veid veid) {
    const std::string path = console_socket_path(veid);
    Fd listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener)
        throw SysError(errno, "make a socket");
    const sockaddr_un address = sys::unix_address(path);
    (void)sys::unlink_if_there(path);
    // The file gets the mode that the socket has.
    if (fchmod(listener.get(), 0600) < 0 ||
        bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        listen(listener.get(), static_cast<int>(kMostClients)) < 0)
        throw SysError(errno, "listen at", path);
    return listener;
}

ConsoleServer::ConsoleServer(Veid veid, Fd listener, Fd terminal)
    : veid_(veid),
      listener_(std::move(listener)),
      terminal_(std::move(terminal)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_)
        throw SysError(errno, "create epoll");
    if (listener_)
        watch(epoll_, EPOLL_CTL_ADD, listener_, EPOLLIN);
}

// ---- from the VPS

void ConsoleServer::print(std::string_view bytes) noexcept {
    try {
        recent_.add(bytes);
        for (Client& client : clients_)
            if (client.attached)
                send_output(client, bytes);
        forget_gone();
    } catch (const std::exception&) {
        // Without memory for it, those who are attached miss some output, as slow ones do.
    }
}

void ConsoleServer::send_output(Client& client, std::string_view bytes) {
    if (client.gone || (client.lost > 0 && !tell_lost(client)))
        return lose(client, bytes.size());
    while (!bytes.empty()) {
        const std::string_view part = bytes.substr(0, kMostConsoleBytes);
        if (!send(client, format_console_bytes(ConsoleMessage::Output, part)))
            return lose(client, bytes.size());
        bytes.remove_prefix(part.size());
    }
}

// False where the client has no room for it, or has gone.
bool ConsoleServer::send(Client& client, const std::string& message) {
    if (::send(client.socket.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >=
        0)
        return true;
    client.gone |= errno != EAGAIN && errno != EINTR && errno != ENOBUFS;
    return false;
}

// Until it can be told of that.
void ConsoleServer::lose(Client& client, std::uint64_t bytes) {
    if (client.gone || bytes == 0)
        return;
    if (client.lost == 0)
        watch(epoll_, EPOLL_CTL_MOD, client.socket, EPOLLIN | EPOLLOUT);
    client.lost += bytes;
}

bool ConsoleServer::tell_lost(Client& client) {
    if (!send(client, format_console_number(ConsoleMessage::Lost, client.lost)))
        return false;
    client.lost = 0;
    watch(epoll_, EPOLL_CTL_MOD, client.socket, EPOLLIN);
    return true;
}

// A word that a client must not miss: one that has no room for it is let go, and attaches again.
void ConsoleServer::tell(Client& client, const std::string& message) {
    client.gone |= !send(client, message);
}

// ---- from those who are attached

void ConsoleServer::serve() noexcept {
    try {
        serve_events();
        forget_gone();
    } catch (const std::exception&) {
        clients_.clear();  // they attach again
    }
}

void ConsoleServer::serve_events() {
    std::array<epoll_event, 8> events;
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_.get())
            let_in();
        else if (event.data.fd == terminal_.get())
            write_typed();
        else
            for (Client& client : clients_)
                if (client.socket.get() == event.data.fd)
                    serve_client(client, event.events);
    }
}

void ConsoleServer::let_in() {
    Client client;
    client.socket = Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.socket)
        return;  // it has gone already
    const ucred peer = peer_of(client.socket);
    client.pid = peer.pid;
    if (peer.uid != 0)
        return;
    if (clients_.size() >= kMostClients)
        return tell(client, format_console_word(ConsoleMessage::Full));
    watch(epoll_, EPOLL_CTL_ADD, client.socket, EPOLLIN);
    clients_.push_back(std::move(client));
}

void ConsoleServer::serve_client(Client& client, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0 && client.lost > 0)
        (void)tell_lost(client);
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0 || client.gone)
        return;
    std::array<char, kMostConsoleBytes + 2> buffer;  // a message that is too long is seen to be
    const ssize_t got = recv(client.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0)
        take_message(client, {buffer.data(), static_cast<std::size_t>(got)});
    else
        client.gone |= got == 0 || (errno != EAGAIN && errno != EINTR);
}

void ConsoleServer::take_message(Client& client, std::string_view text) {
    const std::optional<ParsedConsoleMessage> message = parse_console_message(text);
    const bool is_request = message && message->kind == ConsoleMessage::Attach;
    if (!message || is_request == client.attached) {
        client.gone = true;
        return;
    }
    switch (message->kind) {
        case ConsoleMessage::Attach:
            attach(client, message->request);
            break;
        case ConsoleMessage::Input:
            if (client.writes)
                type(message->bytes);
            break;
        case ConsoleMessage::Size:
            if (client.writes)
                set_size(terminal_, message->size);
            break;
        default:
            client.gone = true;  // a word of the supervisor's
    }
}

void ConsoleServer::attach(Client& client, const AttachRequest& request) {
    Client* writer = find_writer();
    client.attached = true;
    if (request.as == AttachAs::Taker || (request.as == AttachAs::Writer && !writer)) {
        become_writer(client, writer);
        set_size(terminal_, request.size);
    } else {
        tell_watching(client, writer ? writer->pid : 0);
    }
    send_output(client, recent_.text());
}

void ConsoleServer::become_writer(Client& client, Client* before) {
    if (before) {
        before->writes = false;
        tell_watching(*before, client.pid);
    }
    client.writes = true;
    tell(client, format_console_word(ConsoleMessage::Writes));
}

void ConsoleServer::tell_watching(Client& client, pid_t writer) {
    tell(client,
         format_console_number(ConsoleMessage::Watches, static_cast<std::uint64_t>(writer)));
}

ConsoleServer::Client* ConsoleServer::find_writer() {
    const auto found = std::find_if(clients_.begin(), clients_.end(), [](const Client& client) {
        return client.writes && !client.gone;
    });
    return found == clients_.end() ? nullptr : &*found;
}

// Nobody else writes then by surprise: who watches attaches again for that.
void ConsoleServer::forget_gone() {
    bool is_free = false;
    for (const Client& client : clients_)
        is_free |= client.gone && client.writes;
    std::erase_if(clients_, [](const Client& client) { return client.gone; });
    for (Client& client : clients_)
        if (is_free && client.attached)
            tell(client, format_console_word(ConsoleMessage::Free));
}

// ---- to the VPS

void ConsoleServer::type(std::string_view bytes) {
    const bool was_waiting = !typed_.empty();
    typed_.append(bytes.substr(0, kMostTyped - typed_.size()));
    if (was_waiting)
        return;
    // Edge-triggered: a console that nobody has open would be "hung up" all the time.
    watch(epoll_, EPOLL_CTL_ADD, terminal_, EPOLLOUT | EPOLLET);
    write_typed();
}

void ConsoleServer::write_typed() {
    while (!typed_.empty()) {
        const ssize_t put = write(terminal_.get(), typed_.data(), typed_.size());
        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0 || (put < 0 && errno == EAGAIN))
            return;  // the VPS reads nothing
        typed_.erase(0, put < 0 ? typed_.size() : static_cast<std::size_t>(put));
    }
    typed_.shrink_to_fit();
    watch(epoll_, EPOLL_CTL_DEL, terminal_, 0);
}

// ---- the end

void ConsoleServer::end() noexcept {
    try {
        (void)sys::unlink_if_there(console_socket_path(veid_));
        while (listener_ && clients_.size() < kMostClients) {
            const std::size_t before = clients_.size();
            let_in();
            if (clients_.size() == before)
                break;
        }
        for (Client& client : clients_)
            tell(client, format_console_word(ConsoleMessage::HasEnded));
    } catch (const std::exception&) {
        // They see that nobody serves them any more.
    }
    clients_.clear();
    listener_.reset();
}

}  // namespace vps
