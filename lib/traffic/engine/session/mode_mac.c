/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames leave addressed: from the sending port, to its peer. */
#include "traffic/engine/session/stream.h"

extern const struct xd_forward_mode xd_forward_mac;

static inline void
address(const struct xd_forward_stream *s, uint8_t *frame)
{
	memcpy(frame, s->peer, 6);
	memcpy(frame + 6, s->mac, 6);
}

static uint32_t
write_frame(void *stream, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	uint32_t len = xd_stream_copy(stream, data, header);

	(void)room; /* what is longer is left out before */
	address(stream, data);
	return xd_stream_wrote(stream, data, len);
}

static void
edit(struct xd_forward_stream *s, struct rte_mbuf **mbufs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		address(s, rte_pktmbuf_mtod(mbufs[i], uint8_t *));
}

const struct xd_forward_mode xd_forward_mac = {
	.name = "mac",
	.help = "to the sending port's peer (set eth-peer), from its own address",
	.run = xd_stream_pass,
	.write = write_frame,
	.edit = edit,
};
