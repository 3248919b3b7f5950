// A configuration of a few settings, as a vz.conf has them, and what is wrong with it.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "config/config_draft.hh"

inline vps::VpsConfig config_of(
    std::initializer_list<std::pair<const char*, const char*>> settings) {
    vps::ConfigDraft draft(vps::ConfigDraft::Detail::Boot);
    std::string text;
    for (const auto& [key, value] : settings)
        text += std::string(key) + "=\"" + value + "\"\n";
    draft.read(vps::ConfigFile::Host, "vz.conf", text);
    return std::move(draft).finish(*vps::Veid::parse("101"));
}

inline std::vector<std::string> findings_of(const vps::VpsConfig& config) {
    std::vector<std::string> findings;
    for (const vps::Diagnostic& diagnostic : config.diagnostics)
        findings.push_back(diagnostic.text);
    return findings;
}
