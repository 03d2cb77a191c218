/* SPDX-License-Identifier: BSD-3-Clause */
/* What is asked of the kernel about an interface: rtnetlink(7). Each request is answered before the
 * call that sends it returns, so nobody waits. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "netdev/netdev.h"

/* A link with all that the kernel says of it; a page would do today. */
#define REPLY_BYTES 32768

/* Sends a request and reads until its end or acknowledgement. fn may be NULL. */
static int
ask(struct mnl_socket *nl, struct nlmsghdr *request, mnl_cb_t fn, void *ctx)
{
	const unsigned port = mnl_socket_get_portid(nl);
	char reply[REPLY_BYTES];
	ssize_t n;
	int ret;

	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = (uint32_t)time(NULL);
	if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl, reply, sizeof(reply));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(reply, (size_t)n, request->nlmsg_seq, port, fn, ctx);
	} while (ret > 0);
	return ret < 0 ? -errno : 0;
}

/* ---- Links ---- */

static void
read_tun(const struct nlattr *data, struct xd_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, data)
	{
		if (mnl_attr_get_type(attr) == IFLA_TUN_NUM_QUEUES)
			link->nb_attached = mnl_attr_get_u32(attr);
	}
}

/* What kind of device it is says what the numbers of IFLA_INFO_DATA mean. */
static void
read_kind(const struct nlattr *info, struct xd_link *link)
{
	const struct nlattr *attr;
	bool is_tun = false;

	mnl_attr_for_each_nested(attr, info)
	{
		const char *kind = mnl_attr_get_payload(attr);
		const size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND) {
			link->is_veth = len == sizeof("veth") && !memcmp(kind, "veth", len);
			is_tun = len == sizeof("tun") && !memcmp(kind, "tun", len);
		} else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && is_tun) {
			read_tun(attr, link);
		}
	}
}

static int
read_link(const struct nlmsghdr *message, void *ctx)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct xd_link *link = ctx;
	const struct nlattr *attr;

	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		const void *value = mnl_attr_get_payload(attr);
		uint16_t len = mnl_attr_get_payload_len(attr), type = mnl_attr_get_type(attr);

		if (type == IFLA_ADDRESS && len == sizeof(link->mac))
			memcpy(link->mac, value, len);
		else if (type == IFLA_MTU && len == sizeof(link->mtu))
			link->mtu = mnl_attr_get_u32(attr);
		else if (type == IFLA_CARRIER && len == sizeof(uint8_t))
			link->carrier = mnl_attr_get_u8(attr) != 0;
		else if (type == IFLA_IFNAME && len <= sizeof(link->name))
			memcpy(link->name, value, len);
		else if (type == IFLA_LINKINFO)
			read_kind(attr, link);
		else if (type == IFLA_STATS64) {
			struct rtnl_link_stats64 stats = {0};

			memcpy(&stats, value, len < sizeof(stats) ? len : sizeof(stats));
			link->rx_dropped = stats.rx_dropped + stats.rx_errors;
			link->tx_dropped = stats.tx_dropped;
		}
	}
	return MNL_CB_OK;
}

int
xd_link_get(const struct xd_netdev *dev, const char *ifname, struct xd_link *link)
{
	char buf[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	memset(link, 0, sizeof(*link));
	request->nlmsg_type = RTM_GETLINK;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	if (ifname != NULL)
		mnl_attr_put_strz(request, IFLA_IFNAME, ifname);
	else
		info->ifi_index = dev->index;
	return ask(dev->netlink, request, read_link, link);
}

int
xd_link_set(const struct xd_netdev *dev, uint32_t mtu, const uint8_t *mac, bool up)
{
	char buf[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	request->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_index = dev->index;
	info->ifi_flags = info->ifi_change = up ? IFF_UP : 0;
	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	if (mac != NULL)
		mnl_attr_put(request, IFLA_ADDRESS, 6, mac);
	return ask(dev->netlink, request, NULL, NULL);
}

/* ---- Addresses ---- */

static size_t
bytes_of(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

int
xd_link_address_set(const struct xd_netdev *dev, const struct xd_ip *ip, bool there)
{
	char buf[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	size_t len = bytes_of(ip->family);
	struct ifaddrmsg *info;

	request->nlmsg_type = there ? RTM_NEWADDR : RTM_DELADDR;
	request->nlmsg_flags = there ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifa_family = ip->family;
	info->ifa_prefixlen = ip->prefix;
	info->ifa_index = (unsigned)dev->index;
	mnl_attr_put(request, IFA_LOCAL, len, ip->bytes);
	mnl_attr_put(request, IFA_ADDRESS, len, ip->bytes);
	if (ip->family == AF_INET && ip->prefix < 31) {
		/* All ones behind the network: what everybody there listens to. */
		uint32_t host = htobe32(UINT32_MAX >> ip->prefix), broadcast;

		memcpy(&broadcast, ip->bytes, sizeof(broadcast));
		broadcast |= host;
		mnl_attr_put(request, IFA_BROADCAST, sizeof(broadcast), &broadcast);
	}
	return ask(dev->netlink, request, NULL, NULL);
}

struct address_list {
	int index;
	struct xd_ip *ips;
	unsigned max, n;
};

/* Of a link between two (IFA_ADDRESS is the other end's) its own is IFA_LOCAL; IPv6 has no such. */
static int
read_address(const struct nlmsghdr *message, void *ctx)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct address_list *list = ctx;
	struct xd_ip ip = {.family = info->ifa_family, .prefix = info->ifa_prefixlen};
	const struct nlattr *attr;
	bool local = false;

	if ((int)info->ifa_index != list->index || list->n == list->max ||
		(ip.family != AF_INET && ip.family != AF_INET6))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		const uint16_t type = mnl_attr_get_type(attr);

		if (mnl_attr_get_payload_len(attr) != bytes_of(ip.family) ||
			!(type == IFA_LOCAL || (type == IFA_ADDRESS && !local)))
			continue;
		memcpy(ip.bytes, mnl_attr_get_payload(attr), bytes_of(ip.family));
		local = type == IFA_LOCAL;
	}
	list->ips[list->n++] = ip;
	return MNL_CB_OK;
}

int
xd_link_addresses(const struct xd_netdev *dev, struct xd_ip *ips, unsigned max, unsigned *n)
{
	char buf[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	struct address_list list = {.index = dev->index, .ips = ips, .max = max};
	int ret;

	request->nlmsg_type = RTM_GETADDR;
	request->nlmsg_flags = NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifaddrmsg));
	ret = ask(dev->netlink, request, read_address, &list);
	*n = list.n;
	return ret;
}
