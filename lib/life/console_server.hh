// The console of a running VPS for those who are attached to it (`vzctl console`): what the VPS
// prints goes to each of them, what one of them types goes to the VPS. Only root is let in. Nobody
// there makes the VPS or the supervisor wait: who is too slow loses bytes. For the supervisor,
// which has no capabilities by then.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/veid.hh"
#include "life/console_message.hh"
#include "life/recent_output.hh"
#include "sys/fd.hh"

namespace vps {

// The socket at /run/vps/N/console, for root; whatever was there is removed. Throws SysError.
Fd listen_at_console(Veid veid);

class ConsoleServer {
  public:
    // `terminal` is the console's master, which is non-blocking; `listener` may be empty: nobody
    // can attach then. Throws SysError.
    ConsoleServer(Veid veid, Fd listener, Fd terminal);

    // To be called with all that the VPS prints.
    void print(std::string_view bytes) noexcept;

    // Readable when there is something to serve.
    [[nodiscard]] const Fd& events() const { return epoll_; }
    void serve() noexcept;

    // The VPS has ended: tells everybody, and lets nobody in any more.
    void end() noexcept;

  private:
    struct Client {
        Fd socket{};
        pid_t pid = 0;
        bool attached = false, writes = false, gone = false;
        std::uint64_t lost = 0;  // bytes that it has not been told of
    };

    void serve_events();
    void let_in();
    void serve_client(Client& client, std::uint32_t events);
    void take_message(Client& client, std::string_view message);
    void attach(Client& client, const AttachRequest& request);
    void become_writer(Client& client, Client* before);
    void tell_watching(Client& client, pid_t writer);
    void send_output(Client& client, std::string_view bytes);
    void tell(Client& client, const std::string& message);
    bool send(Client& client, const std::string& message);
    void lose(Client& client, std::uint64_t bytes);
    bool tell_lost(Client& client);
    void type(std::string_view bytes);
    void write_typed();
    void forget_gone();
    Client* find_writer();

    Veid veid_;
    Fd listener_, terminal_, epoll_;
    std::vector<Client> clients_;
    RecentOutput recent_;
    std::string typed_;  // what the VPS's terminal has not taken yet
};

}  // namespace vps
