/* SPDX-License-Identifier: BSD-3-Clause */
/* The bound of handshakes that are on their way. */
#include "traffic/engine/tcp/handshakes.h"

#define AGAIN_US 1000000u /* SYNs that were sent together are lost together */

void
xd_tcp_handshakes_init(struct xd_tcp_handshakes *h)
{
	*h = (struct xd_tcp_handshakes){.most = XD_TCP_HANDSHAKES_FIRST};
}

bool
xd_tcp_handshakes_begin(struct xd_tcp_handshakes *h)
{
	if (h->now >= h->most)
		return false;
	h->now++;
	return true;
}

void
xd_tcp_handshakes_complete(struct xd_tcp_handshakes *h)
{
	h->now--;
	h->most += h->most < XD_TCP_HANDSHAKES_MOST;
}

void
xd_tcp_handshakes_gone(struct xd_tcp_handshakes *h)
{
	h->now--;
}

void
xd_tcp_handshakes_lost(struct xd_tcp_handshakes *h, uint64_t now_us)
{
	if (h->halved_us && now_us - h->halved_us < AGAIN_US)
		return;
	h->halved_us = now_us;
	h->most = h->most / 2 > XD_TCP_HANDSHAKES_FIRST ? h->most / 2 : XD_TCP_HANDSHAKES_FIRST;
}
