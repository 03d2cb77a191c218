/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtio-net header in front of every frame: virtio 1.2, 5.1.6. Private to the device side, and
 * to tap ports, whose other side is the kernel.
 *
 * It is handled as two words: flags, gso_type, hdr_len, gso_size and csum_start in the first eight
 * bytes, csum_offset and num_buffers in the next four.
 */
#ifndef XD_VIRTQUEUE_NET_HEADER_H
#define XD_VIRTQUEUE_NET_HEADER_H

#include <linux/virtio_net.h>
#include <rte_branch_prediction.h>

#include "frame/offload.h"
#include "virtqueue/device.h"

struct xd_net_header {
	uint64_t first;
	uint32_t second;
};

/* Whether the sender asks for anything: flags or gso_type. */
static inline bool
xd_net_header_asks(struct xd_net_header h)
{
	return (uint16_t)h.first != 0;
}

/* One read of a header that lies in one piece. */
static inline struct xd_net_header
xd_net_header_read(const uint8_t *at)
{
	struct xd_net_header h;

	memcpy(&h.first, at, sizeof(h.first));
	memcpy(&h.second, at + 8, sizeof(h.second));
	/* What is decided on is what was read here, not what the compiler reads again. */
	__asm__ volatile("" : "+r"(h.first), "+r"(h.second));
	return h;
}

/* Takes over the offloads that a header asks for, of those that its sender may ask for
 * (XD_OFFLOAD_*): xd_offload_check. False: they do not fit the frame. */
bool xd_net_header_check(struct xd_frame *f, struct xd_net_header h, uint8_t may);

/* The same, of a checksum at once. */
static inline bool
xd_net_header_take(struct xd_frame *f, struct xd_net_header h, uint8_t may)
{
	if (likely((uint16_t)h.first == VIRTIO_NET_HDR_F_NEEDS_CSUM && /* and gso_type none */
		    xd_offload_take_checksum(
			    f, (uint16_t)(h.first >> 48), (uint16_t)h.second, may)))
		return true;
	return xd_net_header_check(f, h, may);
}

/* The header of a frame without offloads, in one buffer. */
static inline struct xd_net_header
xd_net_header_plain(void)
{
	return (struct xd_net_header){0, 1u << 16};
}

/* The header that tells a receiver which offloads the frame needs, all of which it negotiated. */
static inline struct xd_net_header
xd_net_header_of(const struct xd_frame *f)
{
	uint64_t first = f->offload.flags;

	if (!(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return (struct xd_net_header){first, 1u << 16};
	if (f->offload.gso_type)
		first |= (uint64_t)f->offload.gso_type << 8 |
			 (uint64_t)xd_offload_header_bytes(f) << 16 |
			 (uint64_t)f->offload.gso_size << 32;
	first |= (uint64_t)xd_offload_start(f) << 48;
	return (struct xd_net_header){first, f->offload.csum_offset | 1u << 16};
}

/* Writes the header unless it already says the same. Drivers that keep it apart from the frame
 * leave it as it was written the last time; then its cache line need not move between the cores. */
static inline void
xd_net_header_write(uint8_t *at, struct xd_net_header h)
{
	struct xd_net_header now;

	memcpy(&now.first, at, sizeof(now.first));
	memcpy(&now.second, at + 8, sizeof(now.second));
	if (now.first == h.first && now.second == h.second)
		return;
	memcpy(at, &h.first, sizeof(h.first));
	memcpy(at + 8, &h.second, sizeof(h.second));
}

#endif
