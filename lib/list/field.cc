#include "list/field.hh"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "limits/slice_limits.hh"

namespace vps {

namespace {

using Vps = ListedVps;

Value text_or_unset(const std::optional<std::string>& text) {
    return text ? Value(*text) : Value();
}

Value text_of(const Vps& vps, std::string_view key) {
    const auto found = vps.texts.find(key);
    return found == vps.texts.end() || found->second.empty() ? Value() : Value(found->second);
}

template <typename Number>
Value number_or_unset(const std::optional<Number>& number, std::uint64_t least = 0) {
    return number && *number >= least ? Value(std::uint64_t{*number}) : Value();
}

// "nfs:on tun:off", the names in lower case.
Value switches_of(const Vps& vps, std::string_view key) {
    Switches switches;
    const auto found = vps.texts.find(key);
    if (found == vps.texts.end())
        return switches;
    for (const std::string_view word : words_of(found->second, " \t\n,")) {
        const std::size_t colon = word.find(':');
        const std::string_view state = colon == word.npos ? "" : word.substr(colon + 1);
        if (state != "on" && state != "off")
            continue;
        std::string name(word.substr(0, colon));
        for (char& letter : name)
            if (letter >= 'A' && letter <= 'Z')
                letter = static_cast<char>(letter - 'A' + 'a');
        switches.emplace_back(std::move(name), state == "on");
    }
    return switches;
}

Value addresses_of(const Vps& vps) {
    Words words;
    for (const IpAddress& address : vps.config.addresses)
        words.push_back(address.to_string());
    return words;
}

// One of the two being set makes the other one 0, and not unset.
Value cpu_limit_of(const Vps& vps) {
    const VpsConfig& config = vps.config;
    if (!config.cpulimit)
        return config.cpuunits || config.cpuuweight ? Value(std::uint64_t{0}) : Value();
    const std::uint64_t percent = config.cpulimit->percent;
    return config.cpulimit->of_all ? percent * vps.host_cpus : percent;
}

Value cpu_units_of(const Vps& vps) {
    const VpsConfig& config = vps.config;
    if (config.cpuunits)
        return *config.cpuunits;
    if (config.cpuuweight && *config.cpuuweight > 0)
        return 500000 / *config.cpuuweight;
    return config.cpulimit ? Value(std::uint64_t{0}) : Value();
}

Value layout_of(const Vps& vps) {
    return std::string(vps.is_ploop ? "ploop" : "simfs");
}

Value onboot_of(const Vps& vps) {
    return vps.config.onboot == OnBoot::Unset ? Value() : Value(vps.config.onboot == OnBoot::Yes);
}

// The configuration limits memory by PHYSPAGES, as OpenVZ's VSwap did.
Value vswap_of(const Vps& vps) {
    return vps.config.physpages && is_limit(vps.config.physpages->limit);
}

Value overcommit_of(const Vps& vps) {
    const auto found = vps.texts.find("VM_OVERCOMMIT");
    const double factor =
        found == vps.texts.end() ? 0 : std::strtod(found->second.c_str(), nullptr);
    return factor > 0 && factor < 1e6 ? Value(Decimal{factor}) : Value();
}

Value name_or_number_of(const Vps& vps) {
    return vps.config.name ? Value(*vps.config.name) : Value(std::uint64_t{vps.veid.value()});
}

unsigned sources_of(std::size_t counter, CounterPart::Part part) {
    const bool in_use = part == CounterPart::Part::Held;
    if (counter == counter_at("numproc"))
        return kStatus | (in_use ? kTasks : kTasks | kTaskLimits | kTexts);
    if (counter == counter_at("physpages") || counter == counter_at("swappages"))
        return kStatus | (in_use ? kMemory : kMemory | kMemoryLimits | kTexts);
    return kStatus | (in_use ? kMemory | kMemoryKinds : kTexts);
}

struct CounterSuffix {
    const char *of_name, *of_header;
    CounterPart::Part part;
};
constexpr CounterSuffix kCounterSuffixes[]{{"", "", CounterPart::Part::Held},
                                           {".m", ".M", CounterPart::Part::Maxheld},
                                           {".b", ".B", CounterPart::Part::Barrier},
                                           {".l", ".L", CounterPart::Part::Limit},
                                           {".f", ".F", CounterPart::Part::Failcnt}};

struct DiskSuffix {
    const char *of_name, *of_header;
    DiskPart::Part part;
};
constexpr DiskSuffix kDiskSuffixes[]{{"", "", DiskPart::Part::Usage},
                                     {".s", ".S", DiskPart::Part::Soft},
                                     {".h", ".H", DiskPart::Part::Hard}};

class Table {
  public:
    using Get = std::function<Value(const Vps&)>;

    Field& add(std::string name, std::string header, int width, Get get, unsigned sources = kConfig,
               Cut cut = Cut::Never) {
        fields_.push_back({std::move(name), std::move(header), width, cut, sources, sources, true,
                           false, std::move(get)});
        return fields_.back();
    }
    void add_text(std::string name, std::string header, int width, Get get,
                  unsigned sources = kConfig, Cut cut = Cut::AtWidth) {
        add(std::move(name), std::move(header), width, std::move(get), sources, cut);
    }
    void add_or_zero(std::string name, std::string header, int width, Get get,
                     unsigned sources = kConfig) {
        add(std::move(name), std::move(header), width, std::move(get), sources).unset_is_zero =
            true;
    }

    void add_counter(std::size_t at) {
        using Part = CounterPart::Part;
        const CounterName& counter = kCounters[at];
        for (const CounterSuffix& suffix : kCounterSuffixes) {
            Field& field = add(
                std::string(counter.name) + suffix.of_name,
                std::string(counter.header) + suffix.of_header, 10,
                [at, part = suffix.part](const Vps& vps) {
                    return CounterPart{vps.counters[at], part};
                },
                sources_of(at, suffix.part));
            field.in_json = suffix.part == Part::Held;
            field.json_sources = sources_of(at, Part::Held) | sources_of(at, Part::Limit);
        }
    }

    void add_disk(const std::string& name, const std::string& header,
                  std::optional<DiskUse> Vps::*use) {
        for (const DiskSuffix& suffix : kDiskSuffixes)
            add(
                name + suffix.of_name, header + suffix.of_header, 10,
                [use, part = suffix.part](const Vps& vps) {
                    return vps.*use ? Value(DiskPart{*(vps.*use), part}) : Value();
                },
                kStatus | kDisk | kLayout)
                .in_json = suffix.part == DiskPart::Part::Usage;
    }

    std::vector<Field> take() { return std::move(fields_); }

  private:
    std::vector<Field> fields_;
};

void add_identity(Table& table) {
    for (const char* name : {"ctid", "veid", "vpsid"})
        table.add(name, "CTID", 10, [](const Vps& vps) { return std::uint64_t{vps.veid.value()}; });
    table.add_text("private", "PRIVATE", -32,
                   [](const Vps& vps) { return text_or_unset(vps.config.ve_private); });
    table.add_text("root", "ROOT", -32,
                   [](const Vps& vps) { return text_or_unset(vps.config.ve_root); });
    table.add_text(
        "mount_opts", "MOUNT_OPTS", -16, [](const Vps& vps) { return text_of(vps, "MOUNT_OPTS"); },
        kTexts);
    table.add_text(
        "origin_sample", "ORIGIN_SAMPLE", -32,
        [](const Vps& vps) { return text_of(vps, "ORIGIN_SAMPLE"); }, kTexts);
    table.add_text("hostname", "HOSTNAME", -32,
                   [](const Vps& vps) { return text_or_unset(vps.config.hostname); });
    table.add_text("name", "NAME", -32,
                   [](const Vps& vps) { return text_or_unset(vps.config.name); });
    table.add_text("smart_name", "SMARTNAME", 10, name_or_number_of);
    table.add_text("description", "DESCRIPTION", -32,
                   [](const Vps& vps) { return text_or_unset(vps.config.description); });
    table.add_text(
        "ostemplate", "OSTEMPLATE", -32, [](const Vps& vps) { return text_of(vps, "OSTEMPLATE"); },
        kTexts);
    table.add_text("ip", "IP_ADDR", -15, addresses_of, kConfig, Cut::AfterFirstWord);
    table.add_text(
        "nameserver", "NAMESERVER", -15, [](const Vps& vps) { return vps.config.nameservers; },
        kConfig, Cut::AfterFirstWord);
    table.add_text(
        "searchdomain", "SEARCHDOMAIN", -15,
        [](const Vps& vps) { return vps.config.searchdomains; }, kConfig, Cut::AfterFirstWord);
    table.add(
        "status", "STATUS", -9, [](const Vps& vps) { return StatusWord{vps.status}; }, kStatus);
}

void add_resources(Table& table) {
    for (std::size_t at = 0; at < kCounters.size(); ++at)
        table.add_counter(at);
    table.add_disk("diskspace", "DSPACE", &Vps::diskspace);
    table.add_disk("diskinodes", "DINODES", &Vps::diskinodes);
    table.add(
        "laverage", "LAVERAGE", 14,
        [](const Vps& vps) { return vps.load ? Value(Load{*vps.load}) : Value(); },
        kStatus | kLoad);
    table.add_or_zero(
        "uptime", "UPTIME", 15,
        [](const Vps& vps) { return vps.uptime ? Value(Uptime{*vps.uptime}) : Value(); }, kStatus);
    table.add("cpulimit", "CPULIM", 7, cpu_limit_of);
    table.add("cpuunits", "CPUUNI", 7, cpu_units_of);
    table.add_or_zero("cpus", "CPUS", 5,
                      [](const Vps& vps) { return number_or_unset(vps.config.cpus, 1); });
    table.add_or_zero("ioprio", "IOP", 3,
                      [](const Vps& vps) { return number_or_unset(vps.config.ioprio); });
    table.add_or_zero("iolimit", "IOLIMIT", 10,
                      [](const Vps& vps) { return number_or_unset(vps.config.iolimit, 1); });
    table.add_or_zero("iopslimit", "IOPS", 4,
                      [](const Vps& vps) { return number_or_unset(vps.config.iopslimit, 1); });
}

void add_settings(Table& table) {
    table.add("onboot", "ONBOOT", 6, onboot_of);
    table.add("bootorder", "BOOTORDER", 10,
              [](const Vps& vps) { return number_or_unset(vps.config.bootorder); });
    table.add("layout", "LAYOUT", -6, layout_of, kLayout);
    table.add_text(
        "features", "FEATURES", -15, [](const Vps& vps) { return switches_of(vps, "FEATURES"); },
        kTexts);
    table.add("vswap", "VSWAP", 5, vswap_of);
    table.add("disabled", "DISABL", 6, [](const Vps& vps) { return vps.config.disabled; });
    table.add_or_zero("vm_overcommit", "VM_OVC", 6, overcommit_of, kTexts);
    table.add_text(
        "netfilter", "NETFILTER", -9, [](const Vps& vps) { return text_of(vps, "NETFILTER"); },
        kTexts);
    table.add_text(
        "capability", "CAPABILITY", -15,
        [](const Vps& vps) { return switches_of(vps, "CAPABILITY"); }, kTexts);
}

}  // namespace

const std::vector<Field>& list_fields() {
    static const std::vector<Field> fields = [] {
        Table table;
        add_identity(table);
        add_resources(table);
        add_settings(table);
        return table.take();
    }();
    return fields;
}

const Field* find_field(std::string_view name) {
    const std::vector<Field>& fields = list_fields();
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& field) { return field.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

}  // namespace vps
