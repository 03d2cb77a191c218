/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of the lengths that "set txpkts" says are made and sent. */
#include "traffic/engine/session/stream.h"

extern const struct xd_forward_mode xd_forward_txonly;

/* One of several lengths at random: xorshift32. */
static unsigned
choose(struct xd_forward_stream *s)
{
	if (s->nb_made == 1)
		return 0;
	s->random ^= s->random << 13;
	s->random ^= s->random >> 17;
	s->random ^= s->random << 5;
	return s->random % s->nb_made;
}

static uint32_t
write_frame(void *stream, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct xd_forward_stream *s = stream;
	const struct xd_forward_made *made = &s->made[choose(s)];

	(void)room; /* that they fit is seen at the start */
	(void)header;
	memcpy(data, made->bytes, made->len);
	return xd_stream_wrote(s, data, made->len);
}

const struct xd_forward_mode xd_forward_txonly = {
	.name = "txonly",
	.help = "frames are made and sent (set txpkts), nothing is received",
	.run = xd_stream_make,
	.write = write_frame,
	.makes = true,
};
