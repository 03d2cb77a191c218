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

#include "drivers/tap/tap.h"

/* A link with all that the kernel says of it; a page would do today. */
#define REPLY_BYTES 32768

struct mnl_socket *
xd_tap_netlink_open(unsigned groups)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (nl == NULL)
		return NULL;
	if (mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	mnl_socket_close(nl);
	return NULL;
}

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
read_tun(const struct nlattr *info, struct xd_tap_link *link)
{
	const struct nlattr *data, *attr;

	mnl_attr_for_each_nested(data, info)
	{
		if (mnl_attr_get_type(data) != IFLA_INFO_DATA)
			continue;
		mnl_attr_for_each_nested(attr, data)
		{
			if (mnl_attr_get_type(attr) == IFLA_TUN_NUM_QUEUES)
				link->nb_attached = mnl_attr_get_u32(attr);
		}
	}
}

static int
read_link(const struct nlmsghdr *message, void *ctx)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct xd_tap_link *link = ctx;
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
		else if (type == IFLA_LINKINFO)
			read_tun(attr, link);
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
xd_tap_link_get(const struct xd_tap_port *p, const char *ifname, struct xd_tap_link *link)
{
	char buf[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);

	memset(link, 0, sizeof(*link));
	request->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, ifname);
	return ask(p->netlink, request, read_link, link);
}

int
xd_tap_link_set(const struct xd_tap_port *p, uint32_t mtu, const uint8_t *mac, bool up)
{
	char buf[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	request->nlmsg_type = RTM_NEWLINK;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_index = p->index;
	info->ifi_flags = info->ifi_change = up ? IFF_UP : 0;
	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	if (mac != NULL)
		mnl_attr_put(request, IFLA_ADDRESS, 6, mac);
	return ask(p->netlink, request, NULL, NULL);
}

/* ---- Addresses ---- */

int
xd_tap_address_set(const struct xd_tap_port *p, const struct xd_tap_address *a, bool there)
{
	char buf[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);
	size_t len = a->family == AF_INET ? 4 : 16;
	struct ifaddrmsg *info;

	request->nlmsg_type = there ? RTM_NEWADDR : RTM_DELADDR;
	request->nlmsg_flags = there ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifa_family = a->family;
	info->ifa_prefixlen = a->prefix;
	info->ifa_index = (unsigned)p->index;
	mnl_attr_put(request, IFA_LOCAL, len, a->bytes);
	mnl_attr_put(request, IFA_ADDRESS, len, a->bytes);
	if (a->family == AF_INET && a->prefix < 31) {
		/* All ones behind the network: what everybody there listens to. */
		uint32_t host = htobe32(UINT32_MAX >> a->prefix), broadcast;

		memcpy(&broadcast, a->bytes, sizeof(broadcast));
		broadcast |= host;
		mnl_attr_put(request, IFA_BROADCAST, sizeof(broadcast), &broadcast);
	}
	return ask(p->netlink, request, NULL, NULL);
}
