/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts with many connections that begin, send and end at once, over a wire that loses what it has
 * no room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/tcp/bench.h"
#include "traffic/engine/tcp/stream.h"
#include "traffic/host/tsc.h"

#define STREAMS 2000u
#define ROOM    256u /* frames that the wire has room for in one direction */
#define PORT    5001
#define FRAME   65550u
#define MESSAGE 65536u
#define TURNS   1000u /* of both hosts; it takes them about a hundred */
#define HZ      1e9

struct wire {
	struct xd_tcp_endpoint ends[2];
	struct xd_tcp_streams streams[2];
	struct xd_timers timers;
	unsigned lost;
	uint64_t most_bytes; /* that a host has sent before it has looked at what came */
	uint8_t frame[FRAME];
};

static void
init_end(struct wire *w, unsigned i, unsigned streams)
{
	const struct xd_tcp_endpoint_opts opts = {
		.addresses = i ? "10.0.0.2" : "10.0.0.1",
		.number = i,
		.max_frame = FRAME,
		.segment = 1514,
		.csum = true,
		.tso = true,
		.sessions = streams,
		.time_waits = 4096,
		.window = 1 << 20,
		.app = &w->streams[i].app,
		.first_port = PORT,
		.nb_ports = i,
		.tsc_hz = HZ,
		.timers = &w->timers,
		.tick_shift = 10,
	};

	xd_tcp_streams_init(&w->streams[i], MESSAGE, i == 0, false);
	assert_int_equal(xd_tcp_endpoint_init(&w->ends[i], &opts, NULL), 0);
}

static struct wire *
create(unsigned streams)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct xd_ip_route route;
	int r;

	assert_non_null(w);
	xd_timers_init(&w->timers, 0, NULL);
	init_end(w, 0, streams);
	init_end(w, 1, streams);
	assert_int_equal(
		xd_message_route(&w->ends[0].station, &w->ends[1].station, &route, NULL), 0);
	r = xd_tcp_endpoint_route(&w->ends[0], &route);
	for (unsigned i = 0; i < streams; i++)
		assert_int_equal(
			xd_tcp_endpoint_open(&w->ends[0], (unsigned)r, (uint16_t)(1024 + i), PORT),
			0);
	return w;
}

static void
destroy(struct wire *w)
{
	xd_tcp_endpoint_fini(&w->ends[0]);
	xd_tcp_endpoint_fini(&w->ends[1]);
	free(w);
}

/* Carries what one host has to send, as much as there is room for; what more it sends at once is
 * lost. Returns how much it sent. */
static unsigned
carry(struct wire *w, unsigned from)
{
	struct xd_tcp_endpoint *e = &w->ends[from];
	uint64_t before = e->counts.data_bytes;
	struct xd_arrival arrival = {.data = w->frame};
	unsigned n = 0;
	uint16_t ready;

	while ((ready = e->source.ready(e->source.ctx, 64)) != 0 && n < 2 * ROOM) {
		if (e->counts.data_bytes - before > w->most_bytes)
			w->most_bytes = e->counts.data_bytes - before;
		for (; ready; ready--) {
			struct virtio_net_hdr_v1 header = {0};

			arrival.len = e->source.write(e->source.ctx, w->frame, FRAME, &header);
			arrival.header = header;
			arrival.now = xd_tsc();
			if (++n <= ROOM)
				w->ends[!from].sink.take(w->ends[!from].sink.ctx, &arrival);
			else
				w->lost++;
		}
		before = e->counts.data_bytes;
	}
	return n;
}

/* Until neither has anything more to send. What is held writes nothing meanwhile. */
static void
settle(struct wire *w)
{
	for (unsigned n = 0; carry(w, 0) + carry(w, 1); n++) {
		assert_true(n < TURNS);
		if (w->ends[0].held)
			assert_int_equal(w->ends[0].counts.data_bytes, 0);
	}
}

/* All shake hands at once over a wire that has no room for all: none of it is lost, and nobody
 * writes before the last has. */
static void
test_handshakes(void **state)
{
	struct wire *w = create(STREAMS);

	(void)state;
	xd_tcp_endpoint_hold(&w->ends[0], true);
	settle(w);
	assert_int_equal(w->lost, 0);
	assert_int_equal(w->ends[0].opened, STREAMS);
	assert_int_equal(w->ends[1].opened, STREAMS);
	assert_int_equal(w->ends[0].handshakes.now, 0);
	assert_int_equal(w->ends[0].counts.data_bytes, 0);
	xd_tcp_endpoint_hold(&w->ends[0], false);
	carry(w, 0);
	assert_true(w->ends[0].counts.data_bytes > 0);
	destroy(w);
}

/* With megabytes to send, a host looks at what has come every few frames; and closes without them.
 */
static void
test_bytes_in_turn(void **state)
{
	struct wire *w = create(STREAMS);
	uint64_t sent;

	(void)state;
	xd_tcp_endpoint_hold(&w->ends[0], true);
	settle(w);
	xd_tcp_endpoint_hold(&w->ends[0], false);
	for (unsigned i = 0; i < 50; i++)
		carry(w, i & 1);
	assert_true(w->most_bytes > 65536);
	assert_true(w->most_bytes < 200000);
	xd_tcp_endpoint_stop(&w->ends[0], MESSAGE);
	sent = w->ends[0].counts.data_bytes;
	xd_tcp_endpoint_close(&w->ends[0]);
	settle(w);
	assert_true(w->ends[0].counts.data_bytes - sent < STREAMS * 3ull * MESSAGE);
	destroy(w);
}

/* Those that wait are closed, or reset, without a word. */
static void
test_end_before_begin(void **state)
{
	(void)state;
	for (unsigned abort = 0; abort < 2; abort++) {
		struct wire *w = create(STREAMS);

		assert_int_equal(carry(w, 0), XD_TCP_HANDSHAKES_FIRST);
		if (abort)
			xd_tcp_endpoint_abort(&w->ends[0]);
		else
			xd_tcp_endpoint_close(&w->ends[0]);
		carry(w, 0);
		assert_int_equal(w->ends[0].sessions.used, 0);
		assert_int_equal(w->ends[0].handshakes.now, 0);
		destroy(w);
	}
}

/* Time goes on for a host. */
static void
pass_us(struct wire *w, unsigned i, double us)
{
	w->ends[i].tsc_begin -= (uint64_t)(us * HZ / 1e6);
	xd_timers_advance(&w->timers, xd_tsc());
}

/* One connection, 5000 bytes of which are on their way: the host waits for their tail. */
static struct wire *
create_with_tail(struct xd_tcp_conn **c)
{
	struct wire *w = create(1);

	*c = &w->ends[0].sessions.all[0].conn;
	xd_tcp_endpoint_hold(&w->ends[0], true);
	settle(w);
	xd_tcp_write(*c, 5000, w->ends[0].now_us);
	xd_tcp_endpoint_wake(&w->ends[0], &w->ends[0].sessions.all[0]);
	assert_int_equal(carry(w, 0), 1);
	assert_int_equal((*c)->timer, XD_TCP_TIMER_TAIL);
	return w;
}

/* A host that had no core when it should have asked for the tail looks at what has come first: the
 * acknowledgement was there. */
static void
test_late_timer(void **state)
{
	struct xd_tcp_conn *c;
	struct wire *w = create_with_tail(&c);

	(void)state;
	pass_us(w, 0, 50000);
	assert_int_equal(carry(w, 0), 0);
	assert_true(carry(w, 1) > 0);
	carry(w, 0);
	assert_true(c->una == c->max && !c->retransmitted);
	destroy(w);
}

/* When nothing has come by then, the tail is asked for, however late the host always is. */
static void
test_late_timer_in_vain(void **state)
{
	struct xd_tcp_conn *c;
	struct wire *w = create_with_tail(&c);

	(void)state;
	pass_us(w, 0, 50000);
	for (unsigned i = 0; i < 1000 && !c->retransmitted; i++) {
		assert_true(c->timeouts == 0);
		pass_us(w, 0, 101);
		carry(w, 0);
	}
	assert_int_equal(c->retransmitted, 1);
	destroy(w);
}

static void
test_bound(void **state)
{
	struct xd_tcp_handshakes h;

	(void)state;
	xd_tcp_handshakes_init(&h);
	for (unsigned i = 0; i < 10; i++)
		assert_true(xd_tcp_handshakes_begin(&h));
	assert_false(xd_tcp_handshakes_begin(&h));
	xd_tcp_handshakes_gone(&h); /* makes room for one, not for two */
	assert_true(xd_tcp_handshakes_begin(&h));
	assert_false(xd_tcp_handshakes_begin(&h));
	xd_tcp_handshakes_complete(&h);
	assert_true(xd_tcp_handshakes_begin(&h) && xd_tcp_handshakes_begin(&h));
	assert_false(xd_tcp_handshakes_begin(&h));
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(h.most, i < 89 ? 11 + i : XD_TCP_HANDSHAKES_MOST);
		xd_tcp_handshakes_complete(&h);
		assert_true(xd_tcp_handshakes_begin(&h));
	}
	for (unsigned i = 0; i < 100; i++) /* that were sent together */
		xd_tcp_handshakes_lost(&h, 5000000 + i);
	assert_int_equal(h.most, 50);
	for (unsigned i = 1; i < 10; i++)
		xd_tcp_handshakes_lost(&h, 5000000 + i * 1000000);
	assert_int_equal(h.most, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_bytes_in_turn),
		cmocka_unit_test(test_end_before_begin),
		cmocka_unit_test(test_late_timer),
		cmocka_unit_test(test_late_timer_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
