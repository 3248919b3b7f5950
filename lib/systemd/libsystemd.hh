// libsystemd, loaded when one of its functions is called first, or when a program has to wait
// anyway: to load it and its own libraries before main() takes a tenth of the time until the init
// of a VPS is executed. Its functions are objects of namespace vps here, by their own names and
// types.
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace vps {

// Loads libsystemd unless it is loaded. Throws Error System, also in a process of clone_process():
// a process that may enter a VPS must not load the VPS's file of this name, which would run with
// the host's rights.
void load_libsystemd();

// Loads libsystemd if need be and returns its function. Throws Error System where there is no such
// function, or no libsystemd.
void* find_in_libsystemd(const char* name);

template <typename Function>
class LateFunction {
  public:
    explicit constexpr LateFunction(const char* name) : name_(name) {}

    // Calls the function; throws as find_in_libsystemd().
    template <typename... Arguments>
    auto operator()(Arguments... arguments) const {
        if (!function_)
            function_ = reinterpret_cast<Function*>(find_in_libsystemd(name_));
        return function_(arguments...);
    }

  private:
    const char* name_;
    mutable Function* function_ = nullptr;
};

#define VPS_LATE(name) inline constinit LateFunction<decltype(::name)> name(#name)

VPS_LATE(sd_bus_call);
VPS_LATE(sd_bus_call_method);
VPS_LATE(sd_bus_close_unref);
VPS_LATE(sd_bus_error_free);
VPS_LATE(sd_bus_error_has_name);
VPS_LATE(sd_bus_get_property);
VPS_LATE(sd_bus_is_ready);
VPS_LATE(sd_bus_message_append);
VPS_LATE(sd_bus_message_append_array);
VPS_LATE(sd_bus_message_close_container);
VPS_LATE(sd_bus_message_enter_container);
VPS_LATE(sd_bus_message_exit_container);
VPS_LATE(sd_bus_message_is_signal);
VPS_LATE(sd_bus_message_new_method_call);
VPS_LATE(sd_bus_message_open_container);
VPS_LATE(sd_bus_message_read);
VPS_LATE(sd_bus_message_read_array);
VPS_LATE(sd_bus_message_skip);
VPS_LATE(sd_bus_message_unref);
VPS_LATE(sd_bus_new);
VPS_LATE(sd_bus_open_system);
VPS_LATE(sd_bus_path_encode);
VPS_LATE(sd_bus_process);
VPS_LATE(sd_bus_send);
VPS_LATE(sd_bus_set_address);
VPS_LATE(sd_bus_set_method_call_timeout);
VPS_LATE(sd_bus_start);
VPS_LATE(sd_bus_wait);
VPS_LATE(sd_id128_get_machine_app_specific);
VPS_LATE(sd_id128_to_string);
VPS_LATE(sd_journal_add_match);
VPS_LATE(sd_journal_close);
VPS_LATE(sd_journal_get_data);
VPS_LATE(sd_journal_next);
VPS_LATE(sd_journal_open);
VPS_LATE(sd_journal_seek_realtime_usec);
VPS_LATE(sd_listen_fds_with_names);

#undef VPS_LATE

}  // namespace vps
