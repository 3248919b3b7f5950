#include "manage/list_value.hh"

#include <algorithm>
#include <iterator>

#include "config/address.hh"
#include "config/config_value.hh"
#include "sys/error.hh"

namespace vps {

namespace {

std::string address_of(const std::string& word) {
    try {
        return IpAddress::parse(word).to_string();
    } catch (const Error&) {
        return word;
    }
}

std::string name_inside(const std::string& netif) {
    constexpr std::string_view kName = "ifname=";
    for (const std::string_view part : words_of(netif, ","))
        if (part.starts_with(kName))
            return std::string(part.substr(kName.size()));
    return netif;
}

std::string capability_of(const std::string& word) {
    constexpr std::string_view kPrefix = "CAP_";
    std::string name = word.substr(0, word.rfind(':'));
    for (char& letter : name)
        if (letter >= 'a' && letter <= 'z')
            letter = static_cast<char>(letter - 'a' + 'A');
    return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

// Two words with one identity are of one thing.
std::string identity(const std::string& word, WordKind kind) {
    switch (kind) {
        case WordKind::Address:
            return address_of(word);
        case WordKind::Device:
        case WordKind::Named:
            return word.substr(0, word.rfind(':'));
        case WordKind::Capability:
            return capability_of(word);
        case WordKind::Netif:
            return name_inside(word);
        case WordKind::Plain:
            break;
    }
    return word;
}

std::string_view separators_of(WordKind kind) {
    return kind == WordKind::Netif ? "; \t\n" : ", \t\n";
}

}  // namespace

std::vector<std::string> split_words(std::string_view value, WordKind kind) {
    std::vector<std::string> words;
    for (const std::string_view word : words_of(value, separators_of(kind)))
        words.emplace_back(word);
    return words;
}

std::string change_list(const std::vector<std::string>& values, const ListChange& change,
                        WordKind kind) {
    std::vector<std::string> words;
    if (!change.removes_all)
        for (const std::string& value : values)
            std::ranges::move(split_words(value, kind), std::back_inserter(words));
    const auto drop = [&](const std::string& word) {
        std::erase_if(words, [&](const std::string& old) {
            return identity(old, kind) == identity(word, kind);
        });
    };
    for (const std::string& word : change.removed)
        std::erase_if(words, [&](const std::string& old) {
            return identity(old, kind) == (kind == WordKind::Netif ? word : identity(word, kind));
        });
    for (const std::string& word : change.added) {
        drop(word);
        if (!word.ends_with(":none"))
            words.push_back(word);
    }
    std::string joined;
    for (const std::string& word : words)
        joined += (joined.empty() ? "" : kind == WordKind::Netif ? ";" : " ") + word;
    return joined;
}

bool changes_word(const std::vector<std::string>& before, const std::vector<std::string>& after,
                  WordKind kind) {
    const auto all_words = [&](const std::vector<std::string>& values) {
        std::vector<std::string> words;
        for (const std::string& value : values)
            std::ranges::move(split_words(value, kind), std::back_inserter(words));
        return words;
    };
    const std::vector<std::string> old = all_words(before);
    for (const std::string& word : all_words(after))
        for (const std::string& former : old)
            if (identity(word, kind) == identity(former, kind) && word != former)
                return true;
    return false;
}

std::string netif_of_words(std::string_view words) {
    constexpr std::string_view kParts[] = {
        "ifname=", "mac=", "host_ifname=", "host_mac=", "bridge="};
    std::string netif;
    for (const std::string_view name : kParts) {
        const std::size_t comma = std::min(words.find(','), words.size());
        if (comma > 0)
            (netif += netif.empty() ? "" : ",").append(name).append(words.substr(0, comma));
        words.remove_prefix(std::min(comma + 1, words.size()));
    }
    return netif;
}

}  // namespace vps
