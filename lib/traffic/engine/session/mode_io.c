/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames go on as they are. */
#include "traffic/engine/session/stream.h"

extern const struct xd_forward_mode xd_forward_io;

static uint32_t
write_frame(void *stream, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	(void)room; /* what is longer is left out before */
	return xd_stream_wrote(stream, data, xd_stream_copy(stream, data, header));
}

static void
edit(struct xd_forward_stream *s, struct rte_mbuf **mbufs, uint16_t n)
{
	(void)s;
	(void)mbufs;
	(void)n;
}

const struct xd_forward_mode xd_forward_io = {
	.name = "io",
	.help = "frames go on as they are",
	.run = xd_stream_pass,
	.write = write_frame,
	.edit = edit,
};
