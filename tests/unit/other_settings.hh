// A configuration that has only keys without a field of their own in VpsConfig.
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
