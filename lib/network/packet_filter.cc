#include "network/packet_filter.hh"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <netinet/in.h>

#include "network/netlink.hh"
#include "sys/error.hh"

namespace vps {

namespace {

constexpr std::uint32_t kPriority = 1;                      // before all others
constexpr std::uint32_t kHandle = 1;                        // of the first program
constexpr std::uint32_t kClosed = kHandle + kMostPrograms;  // of one that drops all
constexpr const char* kKind = "bpf";

tcmsg queue_header(unsigned index) {
    tcmsg header{};
    header.tcm_ifindex = static_cast<int>(index);
    header.tcm_parent = TC_H_CLSACT;
    header.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    return header;
}

tcmsg filter_header(unsigned index, std::uint32_t handle = kHandle) {
    tcmsg header{};
    header.tcm_ifindex = static_cast<int>(index);
    header.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
    header.tcm_handle = handle;
    header.tcm_info = TC_H_MAKE(kPriority << 16, htons(ETH_P_ALL));
    return header;
}

std::string_view bytes_of(const std::vector<sock_filter>& program) {
    return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

// One that is there already, the administrator's perhaps, serves as well.
NetlinkReply add_queue(const RouteSocket& socket, unsigned index) {
    NetlinkRequest request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, queue_header(index));
    mnl_attr_put_strz(request, TCA_KIND, "clsact");
    return socket.ask(request);
}

NetlinkReply replace_program(const RouteSocket& socket, unsigned index, std::uint32_t handle,
                             const std::vector<sock_filter>& program) {
    const std::string_view code = bytes_of(program);
    NetlinkRequest request(RTM_NEWTFILTER, NLM_F_CREATE, filter_header(index, handle), code.size());
    mnl_attr_put_strz(request, TCA_KIND, kKind);
    nlattr* const options = mnl_attr_nest_start(request, TCA_OPTIONS);
    mnl_attr_put_u16(request, TCA_BPF_OPS_LEN, static_cast<std::uint16_t>(program.size()));
    mnl_attr_put(request, TCA_BPF_OPS, code.size(), code.data());
    mnl_attr_put_u32(request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    mnl_attr_nest_end(request, options);
    return socket.ask(request);
}

NetlinkReply ask_for_program(const RouteSocket& socket, std::uint16_t type, unsigned index,
                             std::uint32_t handle) {
    NetlinkRequest request(type, 0, filter_header(index, handle));
    mnl_attr_put_strz(request, TCA_KIND, kKind);
    return socket.ask(request);
}

// Programs of several parts judge together: while they are replaced one by one, nothing passes.
int replace_programs(const RouteSocket& socket, unsigned index, const LinkPrograms& programs) {
    const auto replace = [&](std::uint32_t handle, const std::vector<sock_filter>& program) {
        return replace_program(socket, index, handle, program).error;
    };
    int error = 0;
    if (programs.size() > 1)
        error = replace(kClosed, {sock_filter BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT)});
    for (std::size_t i = 0; i < programs.size() && error == 0; ++i)
        error = replace(kHandle + static_cast<std::uint32_t>(i), programs[i]);
    if (error != 0)
        return error;
    // Those of more addresses before; beside them, the first one is as strict as it is alone.
    for (auto left = kHandle + static_cast<std::uint32_t>(programs.size()); left < kClosed; ++left)
        if (ask_for_program(socket, RTM_DELTFILTER, index, left).error != 0)
            break;
    (void)ask_for_program(socket, RTM_DELTFILTER, index, kClosed);
    return 0;
}

}  // namespace

bool has_packet_filter(const std::string& link, const LinkPrograms& programs) {
    const unsigned index = if_nametoindex(link.c_str());
    const RouteSocket socket;
    const auto find = [&](std::uint32_t handle) {
        return ask_for_program(socket, RTM_GETTFILTER, index, handle);
    };
    // Only beside a program is another handle what does not exist; a link without any filter is
    // EINVAL to the kernel.
    if (find(kClosed).error != ENOENT)
        return false;
    for (std::size_t i = 0; i < programs.size(); ++i) {
        const NetlinkReply reply = find(kHandle + static_cast<std::uint32_t>(i));
        if (reply.error == ENOENT)
            return false;
        // A program that is too long for an answer is an error, too.
        if (reply.error == 0 && find_attribute(reply.attribute(sizeof(tcmsg), TCA_OPTIONS),
                                               TCA_BPF_OPS) != bytes_of(programs[i]))
            return false;
    }
    return find(kHandle + static_cast<std::uint32_t>(programs.size())).error == ENOENT;
}

void set_packet_filter(const std::string& link, const LinkPrograms& programs) {
    const RouteSocket socket;
    const unsigned index = if_nametoindex(link.c_str());
    int error = add_queue(socket, index).error;
    if (error == 0 || error == EEXIST)
        error = replace_programs(socket, index, programs);
    if (error != 0)
        throw SysError(error, "make the packet filter (sch_ingress, cls_bpf) of", link);
}

void refuse_too_many_addresses(const NetworkRecord& record) {
    for (const RecordedLink& link : record.links)
        if (const LinkFilter filter = filter_of(record, link); !filter.empty())
            (void)compile_filter(filter);
}

void filter_link(const NetworkRecord& record, const RecordedLink& link) {
    if (const LinkFilter filter = filter_of(record, link); !filter.empty())
        set_packet_filter(link.name, compile_filter(filter));
}

}  // namespace vps
