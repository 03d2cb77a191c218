/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames are made and sent whose destination addresses go through the flows in turn; what comes is
 * received and counted. */
#include <arpa/inet.h>

#include "traffic/engine/session/stream.h"

#define IP_AT       14
#define FIRST_FLOW  0x0afd0000u /* 10.253.0.0 */
#define DESTINATION (IP_AT + 16)

extern const struct xd_forward_mode xd_forward_flowgen;

/* Word by word, as RFC 1624 has it: HC' = ~(~HC + ~m + m'). */
static uint16_t
adjust(uint16_t checksum, uint32_t before, uint32_t after)
{
	uint32_t sum = (uint16_t)~checksum + (uint16_t) ~(before >> 16) + (uint16_t)~before +
		       (after >> 16) + (after & 0xffff);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
address(uint8_t *frame, uint32_t to)
{
	uint16_t checksum;
	uint32_t before;

	memcpy(&before, frame + DESTINATION, sizeof(before));
	memcpy(&checksum, frame + IP_AT + 10, sizeof(checksum));
	checksum = htons(adjust(ntohs(checksum), ntohl(before), to));
	to = htonl(to);
	memcpy(frame + DESTINATION, &to, sizeof(to));
	memcpy(frame + IP_AT + 10, &checksum, sizeof(checksum));
}

static uint32_t
write_frame(void *stream, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct xd_forward_stream *s = stream;
	const struct xd_forward_made *made = &s->made[s->nb_made - 1];

	(void)room; /* that they fit is seen at the start */
	(void)header;
	memcpy(data, made->bytes, made->len);
	address(data, FIRST_FLOW + s->flow);
	s->flow = s->flow + 1 == s->flows ? 0 : s->flow + 1;
	return xd_stream_wrote(s, data, made->len);
}

/* What comes is of no use, but its buffers are. */
static unsigned
run(struct xd_forward_stream *s)
{
	unsigned n = xd_gen_port_receive(s->rx, s->burst);

	return n + xd_stream_make(s);
}

const struct xd_forward_mode xd_forward_flowgen = {
	.name = "flowgen",
	.help = "frames of many flows are made and sent (set flows), what comes is counted",
	.run = run,
	.write = write_frame,
	.makes = true,
};
