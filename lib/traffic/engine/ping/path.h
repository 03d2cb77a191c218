/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames between a host and one that it pings: echo requests and replies (RFC 792, RFC 4443).
 * It knows no ports and no clock.
 *
 * The target is on the same link: there are no routers. Replies in fragments and behind extension
 * headers are not recognised.
 */
#ifndef XD_TRAFFIC_ENGINE_PING_PATH_H
#define XD_TRAFFIC_ENGINE_PING_PATH_H

#include "traffic/engine/respond/ask.h"

#define XD_PING_SIZE_MIN  60 /* bytes of a frame without FCS; of IPv6, 62 */
#define XD_PING_SIZE_MIN6 62

struct xd_ping_path {
	struct xd_respond_target to;
	uint8_t from[16];               /* of IPv4, 4 bytes */
	uint8_t from_mac[6], to_mac[6]; /* to_mac: filled in by whoever has asked */
	uint16_t id;                    /* of our requests */
};

enum xd_ping_kind {
	XD_PING_OTHER, /* not for us */
	XD_PING_REPLY, /* to a request of ours */
	XD_PING_WRONG, /* the same, but checksum, length or data are not right */
};

/* From a host's address that goes with `to`. -EINVAL: that is none, or the host has none. */
int xd_ping_path_init(struct xd_ping_path *path, const struct xd_respond_host *host, const char *to,
	struct xd_error *err);

/* Echo request `seq` in a frame of `size` bytes, which is XD_PING_SIZE_MIN or more. Returns size.
 */
uint32_t xd_ping_request(
	const struct xd_ping_path *path, uint16_t seq, uint32_t size, uint8_t *frame);

/* What a frame of `len` bytes that came is. size: of our requests. summed: its checksum was checked
 * by a device, or is still to be made. *seq: of a reply, right or wrong. */
enum xd_ping_kind xd_ping_recognise(const struct xd_ping_path *path, const uint8_t *frame,
	uint32_t len, uint32_t size, bool summed, uint16_t *seq);

#endif
