/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP segment in an Ethernet frame, over IPv4 or IPv6: written and read, with checksums. No tags,
 * no fragments, no IPv6 extension headers: what has them is not ours. Any thread.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_PACKET_H
#define XD_TRAFFIC_ENGINE_TCP_PACKET_H

#include <linux/virtio_net.h>

#include "traffic/engine/message/ip.h"
#include "traffic/engine/tcp/segment.h"

/* Longest that are written. */
#define XD_TCP_HEADERS (XD_IP_ETH + XD_IP_V6 + XD_TCP_HEADER_MAX)

struct xd_tcp_packet {
	struct xd_ip_route route;
	uint16_t from_port, to_port;
	struct xd_tcp_segment segment;
	const uint8_t *payload; /* where it lies */
};

/* A segment that is about to be sent, of a connection that may be gone by then. */
struct xd_tcp_sending {
	struct xd_ip_route route;
	uint16_t from_port, to_port;
	struct xd_tcp_segment segment;
};

enum xd_tcp_packet_kind {
	XD_TCP_PACKET_OTHER, /* something else than TCP */
	XD_TCP_PACKET_WRONG, /* a checksum, or lengths that contradict each other */
	XD_TCP_PACKET_GOOD,
};

/* Reads a frame that others may change meanwhile: what is decided on is what was read once. summed:
 * its TCP checksum was checked, or is still to be made, by a device. */
enum xd_tcp_packet_kind xd_tcp_packet_read(
	struct xd_tcp_packet *p, const uint8_t *frame, uint32_t len, bool summed);

/* Writes the headers of a segment, up to its payload: returns where that is. The TCP checksum is
 * the pseudo header's, as virtio 1.2, 5.1.6.2 has it, until xd_tcp_packet_sum. */
uint32_t xd_tcp_packet_write(const struct xd_ip_route *route, uint16_t from_port, uint16_t to_port,
	const struct xd_tcp_segment *s, uint8_t *frame);
/* Finishes the TCP checksum of a frame of len bytes. */
void xd_tcp_packet_sum(const struct xd_ip_route *route, uint8_t *frame, uint32_t len);
/* Leaves it to the device, and the cutting of a segment that is too long. header is zero. payload:
 * where it is. */
void xd_tcp_packet_offload(const struct xd_ip_route *route, const struct xd_tcp_segment *s,
	uint32_t payload, struct virtio_net_hdr_v1 *header);

#endif
