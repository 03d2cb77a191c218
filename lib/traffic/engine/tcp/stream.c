/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages as fast as they go. */
#include "traffic/engine/tcp/stream.h"

#define SEND_BUFFER (1u << 22) /* bytes that are written ahead, as a socket's buffer is filled */
#define TOGETHER    (1u << 16) /* that are written at once */

static void
begun(void *ctx, struct xd_tcp_session *s)
{
	const struct xd_tcp_streams *t = ctx;

	s->next_done = t->message_bytes;
}

static void
received(void *ctx, struct xd_tcp_session *s)
{
	struct xd_tcp_streams *t = ctx;

	t->messages += xd_tcp_complete(s, t->message_bytes);
}

/* Nobody else counts: what the peer has acknowledged has arrived, too. s->sent_at: how many were
 * counted. */
static void
received_or_acknowledged(void *ctx, struct xd_tcp_session *s)
{
	struct xd_tcp_streams *t = ctx;
	const uint64_t n = xd_tcp_received(&s->conn) / t->message_bytes +
			   xd_tcp_delivered(&s->conn) / t->message_bytes;

	t->messages += n - s->sent_at;
	s->sent_at = n;
}

static bool
write_nothing(void *ctx, struct xd_tcp_session *s)
{
	(void)ctx;
	(void)s;
	return false;
}

static bool
write_messages(void *ctx, struct xd_tcp_session *s)
{
	const struct xd_tcp_streams *t = ctx;
	const struct xd_tcp_endpoint *e = s->conn.ctx;
	const uint64_t size = t->message_bytes;
	uint64_t n = 1;

	if (e->stopped || xd_tcp_peer_closed(&s->conn) || !xd_tcp_may_write(s, size) ||
		xd_tcp_pending(&s->conn) >= SEND_BUFFER)
		return false;
	if (size < TOGETHER && (e->opts.nagle || size >= s->conn.mss))
		n = TOGETHER / size;
	xd_tcp_write(&s->conn, n * size, e->now_us);
	return true;
}

void
xd_tcp_streams_init(struct xd_tcp_streams *t, uint64_t message_bytes, bool sends, bool alone)
{
	*t = (struct xd_tcp_streams){
		.app = {.begun = alone ? NULL : begun,
			.received = alone ? received_or_acknowledged : received,
			.write = sends ? write_messages : write_nothing,
			.ctx = t},
		.message_bytes = message_bytes,
	};
}
