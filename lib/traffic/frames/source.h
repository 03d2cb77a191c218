/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that an engine makes itself: a source is asked how many it has for now and writes each
 * where it is sent from; a sink (port/receive.h) is shown what comes where it lies. Neither costs
 * the synthetic stream or a list anything.
 *
 * What is left to be done to a frame (its checksum, cutting it into segments) is in its virtio-net
 * header (virtio 1.2, 5.1.6). A source may ask only for what its port's device does
 * (xd_gen_port.offload) and of ports that carry headers at all (xd_gen_port.headers).
 *
 * Called by the thread that drives the port.
 */
#ifndef XD_TRAFFIC_FRAMES_SOURCE_H
#define XD_TRAFFIC_FRAMES_SOURCE_H

#include <linux/virtio_net.h>
#include <stdint.h>

#define XD_SOURCE_HEADER ((uint32_t)sizeof(struct virtio_net_hdr_v1)) /* bytes */

struct xd_source {
	/* How many frames it has to send now; n are asked for at most. Not all need be taken. */
	uint16_t (*ready)(void *ctx, uint16_t n);
	/* Writes the next of them at data, which has room bytes, and its header, which is zero.
	 * Returns how many bytes, at least 14. */
	uint32_t (*write)(
		void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header);
	void *ctx;
};

#endif
