// A configuration of nothing but keys that no field of VpsConfig stands for.
#pragma once

#include <initializer_list>
#include <utility>

#include "config/config.hh"

inline vps::VpsConfig config_of(
    std::initializer_list<std::pair<const char*, const char*>> settings) {
    vps::VpsConfig config;
    for (const auto& [key, value] : settings)
        config.others.push_back({key, value, {}, 1});
    return config;
}
