/* SPDX-License-Identifier: BSD-3-Clause */
/* Tail loss probes (RFC 8985, section 7): what nobody acknowledges, as nothing follows it, is asked
 * for by one more segment, long before the retransmission timeout. */
#include "traffic/engine/tcp/conn_private.h"

#define DELAYED_MAX_US 200000u /* for an acknowledgement, by whoever delays them: section 7.2 */
#define SLACK_US       1000u   /* of clocks and of whoever has the core */

uint64_t
xd_tcp_tail_us(const struct xd_tcp_conn *c)
{
	/* What is there to be sent goes out by then. */
	const bool alone = xd_tcp_send_end(c) - c->una <= c->mss;

	return 2ull * c->srtt_us + (alone ? DELAYED_MAX_US : SLACK_US);
}

bool
xd_tcp_probes_tail(const struct xd_tcp_conn *c)
{
	if (!c->opts->tail_probes || !c->sack_on || !c->srtt_us || c->una < 1)
		return false;
	/* While something is known to be late, that is dealt with. */
	return !(c->tail_out | c->recovering | c->sacked.n | c->backoff) && c->una >= c->recover &&
	       c->nxt >= c->max;
}

uint32_t
xd_tcp_probe_tail(struct xd_tcp_conn *c, uint32_t piece, xd_tcp_place *at)
{
	const xd_tcp_place window = c->una + (xd_tcp_place)c->wnd - c->nxt;
	const xd_tcp_place more = xd_tcp_send_end(c) - c->nxt;
	xd_tcp_place span = more < window ? more : window;

	c->tail_now = false;
	if (c->recovering || c->sacked.n || c->nxt < c->max || c->una == c->max)
		return 0;
	c->tail_again = span <= 0;
	if (c->tail_again)
		span = c->max - c->una;
	span = span < (xd_tcp_place)piece ? span : (xd_tcp_place)piece;
	*at = c->tail_again ? c->max - span : c->nxt;
	if (!c->tail_again)
		c->nxt += span;
	c->tail_out = true;
	c->tail_end = xd_tcp_seq(c, *at + span);
	return (uint32_t)span;
}

/* Section 7.4.2: when the probe has filled a hole, what was there before it was lost, and that is
 * a sign of congestion as any loss is. */
void
xd_tcp_tail_acked(struct xd_tcp_conn *c)
{
	const uint32_t una = xd_tcp_seq(c, c->una);

	/* Of a copy that was not needed, the peer still has to tell: xd_tcp_note_twice. */
	if (xd_tcp_before(una, c->tail_end) || (c->tail_again && una == c->tail_end))
		return;
	if (c->tail_again && !c->recovering)
		xd_tcp_slow_down(c);
	c->tail_out = false;
}
