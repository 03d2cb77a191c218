/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames leave with their MAC addresses exchanged. */
#include "traffic/engine/session/stream.h"

extern const struct xd_forward_mode xd_forward_macswap;

static inline void
swap(uint8_t *frame)
{
	uint8_t to[6];

	memcpy(to, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, to, 6);
}

static uint32_t
write_frame(void *stream, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	uint32_t len = xd_stream_copy(stream, data, header);

	(void)room; /* what is longer is left out before */
	swap(data);
	return xd_stream_wrote(stream, data, len);
}

static void
edit(struct xd_forward_stream *s, struct rte_mbuf **mbufs, uint16_t n)
{
	(void)s;
	for (uint16_t i = 0; i < n; i++)
		swap(rte_pktmbuf_mtod(mbufs[i], uint8_t *));
}

const struct xd_forward_mode xd_forward_macswap = {
	.name = "macswap",
	.help = "MAC addresses exchanged",
	.run = xd_stream_pass,
	.write = write_frame,
	.edit = edit,
};
