/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A UDP datagram (RFC 768) in one frame, over IPv4 or IPv6, or in fragments: written and read, with
 * checksums. Any thread.
 */
#ifndef XD_TRAFFIC_ENGINE_UDP_DATAGRAM_H
#define XD_TRAFFIC_ENGINE_UDP_DATAGRAM_H

#include <linux/virtio_net.h>

#include "traffic/engine/message/ip.h"

#define XD_UDP_HEADER   8      /* bytes */
#define XD_UDP_MAX_V4   65507u /* of payload */
#define XD_UDP_MAX_V6   65527u
#define XD_UDP_HEAD_MAX 32

/* One that came, whole. Others may change its payload meanwhile. */
struct xd_udp_datagram {
	struct xd_ip_route route;
	uint16_t from_port, to_port;
	const uint8_t *payload;
	uint32_t len;
	uint64_t now; /* time stamp counter, before the burst that it came with */
};

/* One that is to be sent: its payload is head_len bytes of its own and then those at rest. */
struct xd_udp_sending {
	struct xd_ip_route route;
	uint16_t from_port, to_port;
	uint32_t len;      /* of both; at most xd_udp_max */
	uint32_t head_len; /* at most len */
	uint8_t head[XD_UDP_HEAD_MAX];
	const uint8_t *rest; /* stay as they are until it has left */
};

/* What goes into one frame of it. */
struct xd_udp_piece {
	struct xd_udp_sending datagram;
	bool is_fragment;
	uint16_t sum;   /* of a fragment's datagram: its checksum */
	uint32_t bytes; /* of the UDP header and payload, from fragment.offset on */
	struct xd_ip_fragment fragment;
};

static inline uint32_t
xd_udp_max(bool v6)
{
	return v6 ? XD_UDP_MAX_V6 : XD_UDP_MAX_V4;
}

/* Reads a UDP header and what follows it, `bytes` at data, of which head is a copy of the first
 * XD_UDP_HEADER: d->route is set. False: a length or the checksum is wrong, unless summed says that
 * the latter was checked, or is still to be made, by a device. */
bool xd_udp_read(struct xd_udp_datagram *d, const uint8_t *head, const uint8_t *data,
	uint32_t bytes, bool summed);

/* The checksum of a datagram, as it lies in memory. */
uint16_t xd_udp_sum(const struct xd_udp_sending *s);

/* Writes a frame; returns its length. header: of zeroes, when the device makes checksums; NULL:
 * it does not. */
uint32_t xd_udp_write(
	const struct xd_udp_piece *piece, uint8_t *frame, struct virtio_net_hdr_v1 *header);

#endif
