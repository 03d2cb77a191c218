/* SPDX-License-Identifier: BSD-3-Clause */
/* The period of the bytes of messages, and what differs from it. */
#include <stdlib.h>

#include "traffic/engine/message/pattern.h"

struct xd_message_pattern *
xd_message_pattern_create(void)
{
	struct xd_message_pattern *p = malloc(sizeof(*p));

	for (uint32_t i = 0; p && i < sizeof(p->bytes); i++) {
		const uint32_t x = i % XD_MESSAGE_PERIOD * 2654435761u;

		p->bytes[i] = (uint8_t)((x ^ x << 13) >> 24);
	}
	return p;
}

uint32_t
xd_message_pattern_differ(const struct xd_message_pattern *p, uint32_t seed, uint64_t offset,
	const uint8_t *data, uint32_t len)
{
	uint32_t wrong = 0;

	for (uint32_t done = 0; done < len;) {
		const uint32_t n = len - done < XD_MESSAGE_PIECE ? len - done : XD_MESSAGE_PIECE;
		const uint8_t *right = xd_message_pattern_at(p, seed, offset + done);

		if (memcmp(data + done, right, n))
			for (uint32_t i = 0; i < n; i++)
				wrong += data[done + i] != right[i];
		done += n;
	}
	return wrong;
}
