/* SPDX-License-Identifier: BSD-3-Clause */
/* What connections send, and what becomes of what they get. */
#include "traffic/engine/tcp/endpoint.h"
#include "traffic/host/tsc.h"

#define SEND_BUFFER (1u << 22) /* bytes that are written ahead, as a socket's buffer is filled */
#define TOGETHER    (1u << 16) /* that are written at once */

/* The request that this answers is done. */
static void
answered(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	const double ns = (double)(xd_tsc() - s->sent_at) * e->us_per_cycle * 1000;

	s->waits = false;
	xd_histogram_record(e->answers, (uint64_t)(ns + 0.5));
}

void
xd_tcp_talk_received(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	const uint64_t received = xd_tcp_received(&s->conn), size = e->opts.message_bytes;
	uint64_t n;

	if (received < s->next_done)
		return;
	n = 1 + (received - s->next_done) / size;
	s->next_done += n * size;
	e->counts.messages += n;
	if (e->opts.talk == XD_TCP_ASKS && s->waits)
		answered(e, s);
	else if (e->opts.talk == XD_TCP_ANSWERS)
		s->owed += (uint32_t)n;
}

/* Messages one after the other. Without Nagle's algorithm, one of less than a segment leaves in a
 * segment of its own: the next is written when it has left. Others are written ahead. */
static bool
write_stream(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	const uint64_t size = e->opts.message_bytes;
	uint64_t n = 1;

	if (!e->opts.nagle && size < s->conn.mss) {
		if (xd_tcp_unsent(&s->conn))
			return false;
	} else {
		if (xd_tcp_pending(&s->conn) >= SEND_BUFFER)
			return false;
		if (size < TOGETHER)
			n = TOGETHER / size;
	}
	xd_tcp_write(&s->conn, n * size, e->now_us);
	return true;
}

static bool
write_request(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	if (s->waits)
		return false;
	s->waits = true;
	s->sent_at = xd_tsc();
	xd_tcp_write(&s->conn, e->opts.message_bytes, e->now_us);
	return true;
}

static bool
write_answers(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	if (!s->owed)
		return false;
	xd_tcp_write(&s->conn, s->owed * e->opts.message_bytes, e->now_us);
	s->owed = 0;
	return true;
}

bool
xd_tcp_talk_write(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	if (!xd_tcp_is_open(&s->conn) || s->conn.fin_asked)
		return false;
	if (e->opts.talk == XD_TCP_ANSWERS && write_answers(e, s))
		return true;
	if (xd_tcp_peer_closed(&s->conn)) {
		xd_tcp_close(&s->conn);
		return true;
	}
	if (e->stopped)
		return false;
	if (e->opts.talk == XD_TCP_STREAMS)
		return write_stream(e, s);
	return e->opts.talk == XD_TCP_ASKS && write_request(e, s);
}
