/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and what comes back, byte by byte. */
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "base/bytes.h"
#include "traffic/engine/ping/path.h"
#include "traffic/frames/sum.h"

#define ETH  14
#define IP4  20
#define IP6  40
#define ICMP 8
#define TTL  64

static void
put_sum(uint8_t *at, uint16_t sum)
{
	sum = (uint16_t)~sum;
	memcpy(at, &sum, sizeof(sum));
}

/* Of the pseudo header of RFC 8200, section 8.1, and `bytes` of ICMPv6. */
static uint16_t
icmp6_sum(const uint8_t *ip, uint32_t bytes)
{
	return xd_sum(ip + IP6, bytes,
		(uint64_t)xd_sum(ip + 8, 32, 0) + htons((uint16_t)bytes) + htons(IPPROTO_ICMPV6));
}

/* ---- Who ---- */

/* An address of the same kind, link's own or not, if there is one. */
static const struct in6_addr *
choose_v6(const struct xd_respond_host *host, const uint8_t *to)
{
	bool local = to[0] == 0xfe && (to[1] & 0xc0) == 0x80;
	unsigned i = 0;

	while (i < host->nb_v6 && !!IN6_IS_ADDR_LINKLOCAL(&host->v6[i]) != local)
		i++;
	return &host->v6[i < host->nb_v6 ? i : 0];
}

int
xd_ping_path_init(struct xd_ping_path *path, const struct xd_respond_host *host, const char *to,
	struct xd_error *err)
{
	int rc;

	memset(path, 0, sizeof(*path));
	memcpy(path->from_mac, host->mac, 6);
	rc = xd_respond_target_parse(to, &path->to, err);
	if (rc)
		return rc;
	if (path->to.v6) {
		memcpy(path->from, choose_v6(host, path->to.address), 16);
		return 0;
	}
	if (!host->nb_v4)
		return xd_fail(err, -EINVAL,
			"there is no IPv4 address to ping %s from: give one of its network, such "
			"as "
			"--address 10.0.0.1",
			to);
	memcpy(path->from, &host->v4[0], 4);
	return 0;
}

/* ---- What is sent ---- */

static void
write_ip6(const struct xd_ping_path *path, uint8_t *ip, uint32_t bytes)
{
	memset(ip, 0, IP6);
	ip[0] = 0x60;
	xd_put16(ip + 4, bytes);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = TTL;
	memcpy(ip + 8, path->from, 16);
	memcpy(ip + 24, path->to.address, 16);
}

static void
write_ip4(const struct xd_ping_path *path, uint8_t *ip, uint32_t bytes, uint16_t seq)
{
	memset(ip, 0, IP4);
	ip[0] = 0x45;
	xd_put16(ip + 2, IP4 + bytes);
	xd_put16(ip + 4, seq);
	xd_put16(ip + 6, IP_DF);
	ip[8] = TTL;
	ip[9] = IPPROTO_ICMP;
	memcpy(ip + 12, path->from, 4);
	memcpy(ip + 16, path->to.address, 4);
	put_sum(ip + 10, xd_sum(ip, IP4, 0));
}

/* The i-th byte of the data, which no other request's next to it has. */
static uint8_t
data_at(uint32_t i, uint16_t seq)
{
	return (uint8_t)(i + seq);
}

uint32_t
xd_ping_request(const struct xd_ping_path *path, uint16_t seq, uint32_t size, uint8_t *frame)
{
	const uint32_t header = path->to.v6 ? IP6 : IP4, bytes = size - ETH - header;
	uint8_t *ip = frame + ETH, *icmp = ip + header;

	memcpy(frame, path->to_mac, 6);
	memcpy(frame + 6, path->from_mac, 6);
	xd_put16(frame + 12, path->to.v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	if (path->to.v6)
		write_ip6(path, ip, bytes);
	else
		write_ip4(path, ip, bytes, seq);
	memset(icmp, 0, ICMP);
	icmp[0] = path->to.v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	xd_put16(icmp + 4, path->id);
	xd_put16(icmp + 6, seq);
	for (uint32_t i = ICMP; i < bytes; i++)
		icmp[i] = data_at(i, seq);
	put_sum(icmp + 2, path->to.v6 ? icmp6_sum(ip, bytes) : xd_sum(icmp, bytes, 0));
	return size;
}

/* ---- What comes ---- */

/* `bytes` of an echo reply. */
static enum xd_ping_kind
recognise_reply(const struct xd_ping_path *path, const uint8_t *icmp, uint32_t bytes,
	uint32_t wanted, bool right, uint16_t *seq)
{
	if (xd_get16(icmp + 4) != path->id)
		return XD_PING_OTHER;
	*seq = xd_get16(icmp + 6);
	if (!right || bytes != wanted)
		return XD_PING_WRONG;
	for (uint32_t i = ICMP; i < bytes; i++)
		if (icmp[i] != data_at(i, *seq))
			return XD_PING_WRONG;
	return XD_PING_REPLY;
}

static enum xd_ping_kind
recognise_v4(const struct xd_ping_path *path, const uint8_t *ip, uint32_t there, uint32_t size,
	bool summed, uint16_t *seq)
{
	uint32_t header, total;

	if (path->to.v6 || there < IP4 + ICMP || ip[0] >> 4 != 4 || ip[9] != IPPROTO_ICMP ||
		xd_get16(ip + 6) & 0x3fff || memcmp(ip + 12, path->to.address, 4) ||
		memcmp(ip + 16, path->from, 4))
		return XD_PING_OTHER;
	header = (ip[0] & 0xfu) * 4;
	total = xd_get16(ip + 2);
	if (header < IP4 || total > there || total < header + ICMP || ip[header] != ICMP_ECHOREPLY)
		return XD_PING_OTHER;
	return recognise_reply(path, ip + header, total - header, size - ETH - IP4,
		xd_sum(ip, header, 0) == 0xffff &&
			(summed || xd_sum(ip + header, total - header, 0) == 0xffff),
		seq);
}

static enum xd_ping_kind
recognise_v6(const struct xd_ping_path *path, const uint8_t *ip, uint32_t there, uint32_t size,
	bool summed, uint16_t *seq)
{
	uint32_t bytes;
	bool right;

	if (!path->to.v6 || there < IP6 + ICMP || ip[0] >> 4 != 6 || ip[6] != IPPROTO_ICMPV6 ||
		memcmp(ip + 24, path->from, 16))
		return XD_PING_OTHER;
	bytes = xd_get16(ip + 4);
	if (bytes < ICMP || bytes > there - IP6)
		return XD_PING_OTHER;
	right = summed || icmp6_sum(ip, bytes) == 0xffff;
	if (ip[IP6] != ICMP6_ECHO_REPLY || memcmp(ip + 8, path->to.address, 16))
		return XD_PING_OTHER;
	return recognise_reply(path, ip + IP6, bytes, size - ETH - IP6, right, seq);
}

enum xd_ping_kind
xd_ping_recognise(const struct xd_ping_path *path, const uint8_t *frame, uint32_t len,
	uint32_t size, bool summed, uint16_t *seq)
{
	if (len < ETH || memcmp(frame, path->from_mac, 6))
		return XD_PING_OTHER;
	switch (xd_get16(frame + 12)) {
	case ETHERTYPE_IP:
		return recognise_v4(path, frame + ETH, len - ETH, size, summed, seq);
	case ETHERTYPE_IPV6:
		return recognise_v6(path, frame + ETH, len - ETH, size, summed, seq);
	}
	return XD_PING_OTHER;
}
