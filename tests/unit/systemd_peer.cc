#include "systemd_peer.hh"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <list>
#include <map>
#include <stdexcept>
#include <utility>

#include "sys/error.hh"

namespace vps {

namespace {

constexpr const char* kManagerObject = "/org/freedesktop/systemd1";

void require(int result, const char* what) {
    if (result < 0)
        throw std::runtime_error(std::string("the test's systemd: ") + what);
}

// The next value of the message, or all that a container has.
class Printer {
  public:
    explicit Printer(sd_bus_message* m) : m_(m) {}

    std::string print_all() {
        std::string text;
        while (::sd_bus_message_at_end(m_, 0) == 0) {
            const std::string next = print_next();
            if (!next.empty())
                text += (text.empty() ? "" : " ") + next;
        }
        return text;
    }
    std::vector<std::string> settings;

  private:
    std::string print_next() {
        char type = 0;
        const char* contents = nullptr;
        require(::sd_bus_message_peek_type(m_, &type, &contents), "look at an argument");
        if (type == 'a' && std::string_view(contents) == "(sv)")
            return note_settings();
        if (contents)
            return print_container(type, contents);
        return print_basic(type);
    }
    std::string print_container(char type, const char* contents) {
        const std::string inside(contents);
        require(::sd_bus_message_enter_container(m_, type, inside.c_str()), "enter a container");
        const std::string text = print_all();
        require(::sd_bus_message_exit_container(m_), "leave a container");
        return type == 'v' ? inside + " " + text
                           : (type == 'a' ? "[" : "(") + text + (type == 'a' ? "]" : ")");
    }
    std::string print_basic(char type) {
        union {
            const char* string;
            unsigned char byte;
            int number;
            std::uint32_t u32;
            std::uint64_t u64;
        } value{};
        require(::sd_bus_message_read_basic(m_, type, &value), "read an argument");
        switch (type) {
            case 's':
            case 'o':
                return *value.string ? value.string : "''";
            case 'b':
                return value.number ? "true" : "false";
            case 'y':
                return std::to_string(value.byte);
            case 'u':
                return std::to_string(value.u32);
            case 't':
                return std::to_string(value.u64);
            default:
                throw std::runtime_error(std::string("the test's systemd: an argument of type ") +
                                         type);
        }
    }
    std::string note_settings() {
        require(::sd_bus_message_enter_container(m_, 'a', "(sv)"), "enter settings");
        while (::sd_bus_message_enter_container(m_, 'r', "sv") > 0) {
            const char* name = nullptr;
            require(::sd_bus_message_read(m_, "s", &name), "read a setting's name");
            std::string line = std::string(name) + "=";
            line += print_next();
            settings.push_back(std::move(line));
            require(::sd_bus_message_exit_container(m_), "leave a setting");
        }
        require(::sd_bus_message_exit_container(m_), "leave settings");
        return "";
    }

    sd_bus_message* m_;
};

int listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(fd, "make a socket");
    require(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "name a socket");
    require(listen(fd, 8), "listen");
    return fd;
}

// The process itself, from the fork on.
class Server {
  public:
    Server(std::function<Reply(const Request&)> answer, const std::string& notes)
        : answer_(std::move(answer)), notes_(fopen(notes.c_str(), "ae")) {}

    [[noreturn]] void serve(int socket, int bus) {
        for (;;) {
            std::vector<pollfd> waiting{{socket, POLLIN, 0}, {bus, POLLIN, 0}};
            for (const Connection& one : connections_)
                waiting.push_back({::sd_bus_get_fd(one.bus),
                                   static_cast<short>(::sd_bus_get_events(one.bus)), 0});
            (void)poll(waiting.data(), waiting.size(), -1);
            if (waiting[0].revents != 0)
                accept_on(socket, Way::Socket);
            if (waiting[1].revents != 0)
                accept_on(bus, Way::Bus);
            for (auto at = connections_.begin(); at != connections_.end();)
                at = work_on(*at) ? std::next(at) : connections_.erase(at);
        }
    }

  private:
    struct Connection {
        Server* server;
        sd_bus* bus;
        Way way;
        bool hung_up = false;
    };

    void accept_on(int listening, Way way) {
        const int fd = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        sd_bus* bus = nullptr;
        sd_id128_t id;
        require(::sd_id128_randomize(&id), "make an id");
        require(::sd_bus_new(&bus), "make a connection");
        require(::sd_bus_set_fd(bus, fd, fd), "set the connection's socket");
        require(::sd_bus_set_server(bus, 1, id), "be the server");
        require(::sd_bus_set_anonymous(bus, 1), "ask for no name");
        require(::sd_bus_set_trusted(bus, 1), "trust");
        connections_.push_back({this, bus, way});
        require(::sd_bus_add_filter(bus, nullptr, on_message, &connections_.back()), "listen");
        require(::sd_bus_start(bus), "begin");
    }

    // False when the connection is over.
    static bool work_on(Connection& connection) {
        int result = 1;
        while (!connection.hung_up && result > 0)
            result = ::sd_bus_process(connection.bus, nullptr);
        if (connection.hung_up || result < 0) {
            ::sd_bus_close_unref(connection.bus);
            return false;
        }
        return true;
    }

    static int on_message(sd_bus_message* m, void* data, sd_bus_error*) {
        std::uint8_t type = 0;
        if (::sd_bus_message_get_type(m, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
            return 0;
        auto& connection = *static_cast<Connection*>(data);
        if (std::string_view(::sd_bus_message_get_member(m)) == "Hello")
            return ::sd_bus_reply_method_return(m, "s", ":1.1");
        connection.server->answer(connection, m);
        return 1;
    }

    void answer(Connection& connection, sd_bus_message* m) {
        const Request request = note(connection.way, m);
        const Reply reply = answer_(request);
        connection.hung_up = reply.hangs_up;
        if (reply.hangs_up)
            return;
        if (!reply.error.empty()) {
            require(::sd_bus_reply_method_errorf(m, reply.error.c_str(), "%s", reply.text.c_str()),
                    "refuse");
        } else {
            sd_bus_message* answer = nullptr;
            require(::sd_bus_message_new_method_return(m, &answer), "make an answer");
            reply.values(answer);
            require(::sd_bus_send(connection.bus, answer, nullptr), "answer");
            ::sd_bus_message_unref(answer);
        }
        if (reply.then) {
            (void)::sd_bus_flush(connection.bus);
            reply.then(connection.bus);
        }
    }

    // A line a request: way, method, object, arguments, and settings, with tabs between them.
    Request note(Way way, sd_bus_message* m) {
        Request request{.way = way,
                        .method = ::sd_bus_message_get_member(m),
                        .object = ::sd_bus_message_get_path(m),
                        .arguments = {},
                        .settings = {},
                        .count = 0};
        Printer printer(m);
        request.arguments = printer.print_all();
        request.settings = std::move(printer.settings);
        request.count = ++counts_[{way, request.method}];
        fprintf(notes_, "%d\t%s\t%s\t%s\t%u", static_cast<int>(way), request.method.c_str(),
                request.object.c_str(), request.arguments.c_str(), request.count);
        for (const std::string& setting : request.settings)
            fprintf(notes_, "\t%s", setting.c_str());
        fputc('\n', notes_);
        fflush(notes_);
        return request;
    }

    std::function<Reply(const Request&)> answer_;
    FILE* notes_;
    std::list<Connection> connections_;
    std::map<std::pair<Way, std::string>, unsigned> counts_;
};

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> fields;
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find('\t', at), line.size());
        fields.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return fields;
}

}  // namespace

std::string Request::to_string() const {
    std::string text = (way == Way::Bus ? "bus " : "socket ") + method;
    if (object != kManagerObject)
        text += " of " + object.substr(object.rfind('/') + 1);
    return arguments.empty() ? text : text + " " + arguments;
}

Reply refuse(const std::string& error, const std::string& text) {
    return {.error = error, .text = text};
}

Reply hang_up() {
    return {.hangs_up = true};
}

std::string job_path(unsigned id) {
    return std::string(kManagerObject) + "/job/" + std::to_string(id);
}

Reply job(unsigned id) {
    return {.values = [id](sd_bus_message* m) {
        require(::sd_bus_message_append(m, "o", job_path(id).c_str()), "name a job");
    }};
}

void remove_job(sd_bus* bus, unsigned id, const std::string& unit, const std::string& result) {
    // Unheard where the caller has closed the connection already.
    (void)::sd_bus_emit_signal(bus, kManagerObject, "org.freedesktop.systemd1.Manager",
                               "JobRemoved", "uoss", id, job_path(id).c_str(), unit.c_str(),
                               result.c_str());
}

Reply job_that_ends(unsigned id, const char* result) {
    Reply reply = job(id);
    reply.then = [=](sd_bus* bus) {
        remove_job(bus, 99, "vps@102.service", "canceled");
        remove_job(bus, id, "vps@101.service", result);
    };
    return reply;
}

std::string text_of_error(const std::function<void()>& step) {
    try {
        step();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::System);
        return error.what();
    }
    return "no error";
}

SystemdPeer::SystemdPeer(std::function<Reply(const Request&)> answer) {
    (void)dir_.write("notes", "");
    std::filesystem::create_directories(dir_.path() + "/cgroups");
    const int socket = listen_at(dir_.path() + "/private"), bus = listen_at(dir_.path() + "/bus");
    const pid_t parent = getpid();
    pid_ = fork();
    require(pid_, "fork");
    if (pid_ == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            try {
                Server(std::move(answer), dir_.path() + "/notes").serve(socket, bus);
            } catch (const std::exception& error) {
                fprintf(stderr, "%s\n", error.what());
            }
        _exit(1);
    }
    close(socket);
    close(bus);
}

SystemdPeer::~SystemdPeer() {
    (void)kill(pid_, SIGKILL);
    (void)waitpid(pid_, nullptr, 0);
}

SystemdPlaces SystemdPeer::places() const {
    return {.socket = dir_.path() + "/private",
            .cgroups = dir_.path() + "/cgroups",
            .bus_slots = dir_.path() + "/slots",
            .drop_ins = dir_.path() + "/control"};
}

std::string SystemdPeer::bus_address() const {
    return "unix:path=" + dir_.path() + "/bus";
}

std::vector<Request> SystemdPeer::requests() const {
    std::vector<Request> all;
    std::ifstream notes(dir_.path() + "/notes");
    for (std::string line; std::getline(notes, line);) {
        const std::vector<std::string> fields = split(line);
        all.push_back({.way = fields.at(0) == "0" ? Way::Socket : Way::Bus,
                       .method = fields.at(1),
                       .object = fields.at(2),
                       .arguments = fields.at(3),
                       .settings = {fields.begin() + 5, fields.end()},
                       .count = static_cast<unsigned>(std::stoul(fields.at(4)))});
    }
    return all;
}

std::vector<std::string> SystemdPeer::asked() const {
    std::vector<std::string> all;
    for (const Request& request : requests())
        all.push_back(request.to_string());
    return all;
}

std::vector<std::string> SystemdPeer::settings_of(const std::string& method) const {
    std::vector<std::string> settings;
    for (const Request& request : requests())
        if (request.method == method)
            settings = request.settings;
    return settings;
}

}  // namespace vps
