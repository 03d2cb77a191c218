/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP, neighbour and echo requests are answered, whatever address they are to, from the port that
 * they came to. */
#include "traffic/engine/respond/answer.h"
#include "traffic/engine/session/stream.h"

extern const struct xd_forward_mode xd_forward_icmpecho;

#define ETH      14
#define TAGS_MAX 2

/* Where layer 3 begins, behind tags; at most len. */
static uint32_t
find_l3(const uint8_t *frame, uint32_t len)
{
	uint32_t at = ETH;

	for (unsigned i = 0; i < TAGS_MAX && at + 4 <= len; i++, at += 4)
		if ((frame[at - 2] != 0x81 || frame[at - 1] != 0) &&
			(frame[at - 2] != 0x88 || frame[at - 1] != 0xa8))
			break;
	return at;
}

/* A host that has the address which the frame asks for. Of a shorter frame it has none. */
static struct xd_respond_host
host_of(const struct xd_forward_stream *s, const uint8_t *frame, uint32_t len)
{
	struct xd_respond_host host = {.nb_v4 = 0};
	uint32_t l3 = find_l3(frame, len);
	bool is_v6 = frame[l3 - 2] == 0x86 && frame[l3 - 1] == 0xdd;
	bool is_arp = frame[l3 - 2] == 0x08 && frame[l3 - 1] == 0x06;
	/* A solicitation goes to a group, and names the address in it. */
	uint32_t v6_at = l3 + 24, v4_at = l3 + (is_arp ? 24 : 16);

	memcpy(host.mac, frame[0] & 1 ? s->mac : frame, 6);
	if (is_v6 && l3 + 64 <= len && frame[v6_at] == 0xff)
		v6_at = l3 + 48;
	if (is_v6 && v6_at + 16 <= len) {
		memcpy(&host.v6[0], frame + v6_at, 16);
		host.nb_v6 = 1;
	} else if (!is_v6 && v4_at + 4 <= len) {
		memcpy(&host.v4[0], frame + v4_at, 4);
		host.nb_v4 = 1;
	}
	return host;
}

static bool
answer(struct xd_forward_stream *s, uint8_t *frame, uint32_t *len, bool summed)
{
	struct xd_respond_host host = host_of(s, frame, *len);
	enum xd_respond_kind kind = xd_respond_answer(&host, frame, len, summed);

	return kind != XD_RESPOND_NOT_OURS && kind != XD_RESPOND_WRONG;
}

static uint32_t
write_frame(void *stream, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	(void)room; /* what is longer is left out before */
	return xd_stream_wrote(stream, data, xd_stream_copy(stream, data, header));
}

const struct xd_forward_mode xd_forward_icmpecho = {
	.name = "icmpecho",
	.help = "ARP and echo requests are answered, to whatever address, by the port they came to",
	.run = xd_stream_pass,
	.write = write_frame,
	.answer = answer,
	.returns = true,
};
