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

constexpr std::uint32_t kPriority = 1;  // before all others
constexpr std::uint32_t kHandle = 1;
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

NetlinkReply replace_filter(const RouteSocket& socket, unsigned index,
                            const std::vector<sock_filter>& program) {
    const std::string_view code = bytes_of(program);
    NetlinkRequest request(RTM_NEWTFILTER, NLM_F_CREATE, filter_header(index), code.size());
    mnl_attr_put_strz(request, TCA_KIND, kKind);
    nlattr* const options = mnl_attr_nest_start(request, TCA_OPTIONS);
    mnl_attr_put_u16(request, TCA_BPF_OPS_LEN, static_cast<std::uint16_t>(program.size()));
    mnl_attr_put(request, TCA_BPF_OPS, code.size(), code.data());
    mnl_attr_put_u32(request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    mnl_attr_nest_end(request, options);
    return socket.ask(request);
}

}  // namespace

bool has_packet_filter(const std::string& link, const std::vector<sock_filter>& program) {
    const unsigned index = if_nametoindex(link.c_str());
    const RouteSocket socket;
    const auto find = [&](std::uint32_t handle) {
        NetlinkRequest request(RTM_GETTFILTER, 0, filter_header(index, handle));
        mnl_attr_put_strz(request, TCA_KIND, kKind);
        return socket.ask(request);
    };
    const NetlinkReply reply = find(kHandle);
    if (reply.error == 0)
        return find_attribute(reply.attribute(sizeof(tcmsg), TCA_OPTIONS), TCA_BPF_OPS) ==
               bytes_of(program);
    // A program that is too long for an answer is EINVAL to the kernel, as is a link without any
    // filter; only beside a program is another handle what does not exist.
    return reply.error != ENOENT && find(kHandle + 1).error == ENOENT;
}

void set_packet_filter(const std::string& link, const std::vector<sock_filter>& program) {
    const RouteSocket socket;
    const unsigned index = if_nametoindex(link.c_str());
    int error = add_queue(socket, index).error;
    if (error == 0 || error == EEXIST)
        error = replace_filter(socket, index, program).error;
    if (error != 0)
        throw SysError(error, "make the packet filter (sch_ingress, cls_bpf) of", link);
}

void filter_link(const NetworkRecord& record, const RecordedLink& link) {
    if (const LinkFilter filter = filter_of(record, link); !filter.empty())
        set_packet_filter(link.name, compile_filter(filter));
}

}  // namespace vps
