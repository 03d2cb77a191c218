/* SPDX-License-Identifier: BSD-3-Clause */
/* What each mode makes of frames between two ports, seen at the ports' other ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "traffic/engine/session/forward.h"
#include "traffic/frames/sum.h"
#include "traffic/host/tsc.h"

#define FRAMES_MAX 4096
#define ROOM       2048
#define PATIENCE_S 20

static const uint8_t mine[6] = {2, 0, 0, 0, 0, 0x0a}, theirs[6] = {2, 0, 0, 0, 0, 0x0b};

/* The far end of a port that forwards. */
struct far {
	struct xd_gen_port *port;
	struct xd_source source;
	struct xd_sink sink;
	unsigned to_send, sent;
	uint8_t (*out)[ROOM];
	uint32_t out_len;
	unsigned n;
	uint32_t lens[FRAMES_MAX];
	uint8_t (*in)[ROOM];
};

struct env {
	unsigned nb_ports;
	struct xd_gen_port *all[4];
	struct far far[2];
	struct xd_forward_port near[2];
	struct xd_forward_plan plan;
	struct xd_forward *forward;
	struct xd_error err;
};

static uint32_t
write_frame(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct far *f = ctx;

	(void)room;
	(void)header;
	memcpy(data, f->out[0], f->out_len);
	if (f->out_len >= 60) /* its number, in what would be payload */
		memcpy(data + 56, &f->sent, sizeof(f->sent));
	f->sent++;
	return f->out_len;
}

static void
take(void *ctx, const struct xd_arrival *frame)
{
	struct far *f = ctx;

	if (f->n == FRAMES_MAX || frame->len > ROOM)
		return;
	memcpy(f->in[f->n], frame->data, frame->len);
	f->lens[f->n++] = frame->len;
}

static struct xd_gen_port *
open_loop(struct env *e, const char *name)
{
	struct xd_gen_port_opts opts = {.frame_bytes = 1514, .node = -1, .others = e->all};

	opts.nb_others = e->nb_ports;
	e->all[e->nb_ports] = xd_gen_port_open(name, &opts, &e->err);
	assert_non_null(e->all[e->nb_ports]);
	return e->all[e->nb_ports++];
}

static void
begin(struct env *e, const char *mode)
{
	static double hz;

	*e = (struct env){.nb_ports = 0};
	hz = hz > 0 ? hz : xd_tsc_calibrate();
	e->plan = (struct xd_forward_plan){
		.mode = xd_forward_mode_named(mode),
		.nb_paths = 2,
		.nb_cores = 1,
		.cores = {-1, -1},
		.burst = 32,
		.nb_parts = 1,
		.parts = {64},
		.flows = 5,
		.tsc_hz = hz,
	};
	assert_non_null(e->plan.mode);
	for (unsigned i = 0; i < 2; i++) {
		struct far *f = &e->far[i];

		e->near[i].port = open_loop(e, i ? "loop:b" : "loop:a");
		f->port = open_loop(e, i ? "loop:b" : "loop:a");
		memcpy(e->near[i].mac, (uint8_t[]){2, 0x58, (uint8_t)i, 0, 0, 0}, 6);
		f->source = (struct xd_source){.write = write_frame, .ctx = f};
		f->sink = (struct xd_sink){.take = take, .ctx = f};
		f->out = calloc(1, ROOM);
		f->in = calloc(FRAMES_MAX, ROOM);
		e->plan.paths[i] = (struct xd_forward_path){.rx = &e->near[i],
			.tx = &e->near[!i],
			.rx_number = i,
			.tx_number = !i,
			.peer = {2, 0, 0, 0, 0x77, (uint8_t)!i}};
	}
	for (unsigned i = 0; i < 2; i++) {
		struct xd_list_stream_opts list = {.source = &e->far[i].source};
		struct xd_gen_load load = {.list = &list, .touch = XD_TOUCH_FULL};
		struct xd_gen_expect what = {.kind = XD_RECEIVE_SINK, .sink = &e->far[i].sink};

		assert_int_equal(xd_gen_port_load(e->far[i].port, &load, &e->err), 0);
		xd_gen_port_expect(e->far[i].port, &what);
	}
}

static void
go(struct env *e)
{
	e->forward = xd_forward_start(&e->plan, &e->err);
	if (!e->forward)
		fail_msg("%s", e->err.text);
}

static void
finish(struct env *e)
{
	xd_forward_destroy(e->forward);
	for (unsigned i = 0; i < e->nb_ports; i++)
		xd_gen_port_close(e->all[i]);
	for (unsigned i = 0; i < 2; i++) {
		free(e->far[i].out);
		free(e->far[i].in);
	}
}

/* Sends all that is to be sent, and receives until as many frames have come. */
static void
exchange(struct env *e, unsigned want0, unsigned want1)
{
	uint64_t end = xd_clock_ns() + PATIENCE_S * XD_NS_PER_S;

	while (e->far[0].n < want0 || e->far[1].n < want1) {
		for (unsigned i = 0; i < 2; i++) {
			struct far *f = &e->far[i];
			unsigned left = f->to_send - f->sent;

			if (left && f->sent < e->far[!i].n + 128 + (want1 == 0) * FRAMES_MAX)
				xd_gen_port_send(f->port, (uint16_t)(left < 32 ? left : 32));
			xd_gen_port_receive(f->port, 64);
		}
		assert_true(xd_clock_ns() < end);
		sched_yield();
	}
}

/* Counts that threads publish once a burst: until they are there. */
static struct xd_forward_counts
counts_of(struct env *e, unsigned path, uint64_t rx, uint64_t tx)
{
	uint64_t end = xd_clock_ns() + PATIENCE_S * XD_NS_PER_S;
	struct xd_forward_counts c;

	do {
		xd_forward_counts(e->forward, path, &c);
		assert_true(xd_clock_ns() < end);
		sched_yield();
	} while (c.rx_frames < rx || c.tx_frames < tx);
	return c;
}

/* Frames are counted as received before it is known that they are not to be forwarded. */
static void
expect_left_out(struct env *e, uint64_t n)
{
	uint64_t end = xd_clock_ns() + PATIENCE_S * XD_NS_PER_S, is;

	do
		is = counts_of(e, 0, n, 0).left_out;
	while (is < n && xd_clock_ns() < end);
	assert_int_equal(is, n);
}

static void
make_out(struct far *f, uint32_t len, unsigned n)
{
	for (uint32_t i = 0; i < len; i++)
		f->out[0][i] = (uint8_t)(i * 7);
	memcpy(f->out[0], theirs, 6);
	memcpy(f->out[0] + 6, mine, 6);
	memcpy(f->out[0] + 12, "\x88\xb5", 2);
	f->out_len = len;
	f->to_send += n;
}

/* io, mac and macswap, each way, on one thread and on two. */
static void
test_passing(void **state)
{
	static const char *const modes[] = {"io", "mac", "macswap"};
	struct env e;

	(void)state;
	for (unsigned m = 0; m < 6; m++) {
		begin(&e, modes[m % 3]);
		e.plan.nb_cores = 1 + m / 3;
		go(&e);
		make_out(&e.far[0], 777, 1000);
		make_out(&e.far[1], 60, 500);
		exchange(&e, 500, 1000);
		for (unsigned i = 0; i < 1000; i++) {
			const uint8_t *in = e.far[1].in[i];
			unsigned number;

			memcpy(&number, in + 56, sizeof(number));
			assert_int_equal(number, i);
			assert_int_equal(e.far[1].lens[i], 777);
			assert_memory_equal(in + 12, e.far[0].out[0] + 12, 44);
			assert_memory_equal(in + 60, e.far[0].out[0] + 60, 717);
			if (m % 3 == 0)
				assert_memory_equal(in, e.far[0].out[0], 12);
			if (m % 3 == 1)
				assert_memory_equal(in, e.plan.paths[0].peer, 6);
			if (m % 3 == 1)
				assert_memory_equal(in + 6, e.near[1].mac, 6);
			if (m % 3 == 2)
				assert_memory_equal(in, mine, 6);
			if (m % 3 == 2)
				assert_memory_equal(in + 6, theirs, 6);
		}
		assert_int_equal(counts_of(&e, 0, 1000, 1000).tx_bytes, 777000);
		assert_int_equal(counts_of(&e, 1, 500, 500).rx_bytes, 30000);
		assert_int_equal(counts_of(&e, 0, 0, 0).tx_dropped, 0);
		xd_forward_stop(e.forward);
		assert_int_equal(counts_of(&e, 0, 0, 0).rx_frames, 1000);
		finish(&e);
	}
}

static void
test_rxonly(void **state)
{
	struct env e;

	(void)state;
	begin(&e, "rxonly");
	go(&e);
	make_out(&e.far[0], 100, 300);
	for (unsigned i = 0; i < 300; i += 30)
		while (e.far[0].sent < i + 30)
			xd_gen_port_send(e.far[0].port, 30);
	assert_int_equal(counts_of(&e, 0, 300, 0).rx_bytes, 30000);
	assert_int_equal(counts_of(&e, 0, 300, 0).tx_frames, 0);
	assert_int_equal(xd_gen_port_receive(e.far[1].port, 64), 0);
	finish(&e);
}

static void
assert_made(const uint8_t *frame, uint32_t len, unsigned port)
{
	const uint8_t peer[6] = {2, 0, 0, 0, 0x77, (uint8_t)port};

	assert_memory_equal(frame, peer, 6);
	assert_memory_equal(frame + 6, ((uint8_t[]){2, 0x58, (uint8_t)port, 0, 0, 0}), 6);
	assert_memory_equal(frame + 12, "\x08\x00\x45", 3);
	assert_int_equal(frame[16] << 8 | frame[17], len - 14);
	assert_int_equal(frame[38] << 8 | frame[39], len - 34);
	assert_int_equal(xd_sum(frame + 14, 20, 0), 0xffff);
}

/* Lengths by parts: their sum, or so many of them at random; none is too short for Ethernet. */
static void
test_txonly(void **state)
{
	unsigned of_length[ROOM] = {0};
	struct env e;

	(void)state;
	begin(&e, "txonly");
	e.plan.nb_parts = 3;
	memcpy(e.plan.parts, (uint32_t[]){20, 100, 300}, 12);
	go(&e);
	exchange(&e, 200, 200);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(e.far[1].lens[i], 420);
		assert_made(e.far[1].in[i], 420, 1);
		assert_made(e.far[0].in[i], 420, 0);
	}
	finish(&e);
	begin(&e, "txonly");
	e.plan.nb_parts = 3;
	e.plan.some_parts = true;
	memcpy(e.plan.parts, (uint32_t[]){20, 100, 300}, 12);
	go(&e);
	exchange(&e, 1000, 1000);
	for (unsigned i = 0; i < 1000; i++)
		of_length[e.far[1].lens[i]]++;
	assert_in_range(of_length[60], 200, 500);
	assert_in_range(of_length[120], 200, 500);
	assert_in_range(of_length[420], 200, 500);
	finish(&e);
}

static void
test_flowgen(void **state)
{
	struct env e;

	(void)state;
	begin(&e, "flowgen");
	go(&e);
	make_out(&e.far[0], 60, 40); /* is received, and goes nowhere */
	exchange(&e, 500, 500);
	for (unsigned i = 0; i < 500; i++) {
		const uint8_t *in = e.far[1].in[i];

		assert_made(in, 64, 1);
		assert_memory_equal(in + 30, ((uint8_t[]){10, 253, 0, (uint8_t)(i % 5)}), 4);
	}
	assert_int_equal(counts_of(&e, 0, 40, 0).rx_frames, 40);
	finish(&e);
}

/* A request to an address that nobody was told of, tagged or not. */
static void
make_echo(struct far *f, bool tagged)
{
	uint8_t *frame = f->out[0], *ip = frame + (tagged ? 18 : 14);
	uint16_t sum;

	memset(frame, 0, ROOM);
	memcpy(frame, theirs, 6);
	memcpy(frame + 6, mine, 6);
	memcpy(frame + 12, tagged ? "\x81\x00\x00\x05\x08\x00" : "\x08\x00", tagged ? 6 : 2);
	memcpy(ip, "\x45\x00\x00\x1c\x00\x01\x00\x00\x40\x01", 10);
	memcpy(ip + 12, (uint8_t[]){192, 0, 2, 1, 203, 0, 113, 77}, 8);
	sum = (uint16_t)~xd_sum(ip, 20, 0);
	memcpy(ip + 10, &sum, 2);
	memcpy(ip + 20, "\x08\x00\x00\x00\x12\x34\x00\x01", 8);
	sum = (uint16_t)~xd_sum(ip + 20, 8, 0);
	memcpy(ip + 22, &sum, 2);
	f->out_len = 59; /* no number is put in */
	f->to_send++;
}

static void
test_icmpecho(void **state)
{
	struct env e;

	(void)state;
	for (unsigned tagged = 0; tagged < 2; tagged++) {
		const uint8_t *in, *ip;

		begin(&e, "icmpecho");
		go(&e);
		make_echo(&e.far[0], tagged);
		exchange(&e, 1, 0); /* by the port that it came to */
		in = e.far[0].in[0];
		ip = in + (tagged ? 18 : 14);
		assert_memory_equal(in, mine, 6);
		assert_memory_equal(in + 6, theirs, 6);
		assert_memory_equal(ip + 12, ((uint8_t[]){203, 0, 113, 77, 192, 0, 2, 1}), 8);
		assert_int_equal(ip[20], 0);
		assert_int_equal(xd_sum(ip, 20, 0), 0xffff);
		assert_int_equal(xd_sum(ip + 20, 8, 0), 0xffff);
		make_out(&e.far[0], 60, 3);
		exchange(&e, 1, 0);
		while (e.far[0].sent < 4)
			xd_gen_port_send(e.far[0].port, 1);
		expect_left_out(&e, 3);
		finish(&e);
	}
}

static void
test_arp(void **state)
{
	struct env e;
	uint8_t *out;

	(void)state;
	begin(&e, "icmpecho");
	go(&e);
	out = e.far[1].out[0];
	memset(out, 0xff, 6);
	memcpy(out + 6, mine, 6);
	memcpy(out + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
	memcpy(out + 22, mine, 6);
	memcpy(out + 28, (uint8_t[]){192, 0, 2, 1}, 4);
	memcpy(out + 38, (uint8_t[]){203, 0, 113, 5}, 4);
	e.far[1].out_len = 42;
	e.far[1].to_send = 1;
	while (e.far[1].sent < 1)
		xd_gen_port_send(e.far[1].port, 1);
	counts_of(&e, 1, 1, 1);
	assert_int_equal(xd_gen_port_receive(e.far[1].port, 64), 1);
	assert_memory_equal(e.far[1].in[0], mine, 6);
	assert_memory_equal(e.far[1].in[0] + 20, "\x00\x02", 2);
	assert_memory_equal(e.far[1].in[0] + 22, e.near[1].mac, 6);
	assert_memory_equal(e.far[1].in[0] + 28, ((uint8_t[]){203, 0, 113, 5}), 4);
	finish(&e);
}

/* The bursts of the beginning, and that they are forwarded round and round. */
static void
test_tx_first(void **state)
{
	struct env e;

	(void)state;
	begin(&e, "macswap");
	e.plan.first_bursts = 2;
	go(&e);
	exchange(&e, 64, 64);
	for (unsigned i = 0; i < 64; i++)
		assert_made(e.far[1].in[i], 64, 1);
	assert_int_equal(counts_of(&e, 0, 0, 64).tx_frames, 64);
	finish(&e);
}

/* A port that is full: frames are dropped and counted. */
static void
test_full(void **state)
{
	struct xd_forward_counts c;
	struct env e;

	(void)state;
	for (unsigned retry = 0; retry < 2; retry++) {
		begin(&e, "io");
		e.plan.retries = retry * 3;
		e.plan.delay_us = 1;
		go(&e);
		make_out(&e.far[0], 60, 3000);
		while (e.far[0].sent < 3000)
			xd_gen_port_send(e.far[0].port,
				(uint16_t)(e.far[0].sent % 32 + 1 > 3000 - e.far[0].sent
						   ? 1
						   : e.far[0].sent % 32 + 1));
		c = counts_of(&e, 0, 3000, 0);
		xd_forward_stop(e.forward);
		c = counts_of(&e, 0, 3000, 0);
		assert_int_equal(c.tx_frames, 1024); /* loop ports' rings */
		assert_int_equal(c.tx_dropped, 1976);
		finish(&e);
	}
}

/* A frame that the other port does not carry is left out. */
static void
test_too_long(void **state)
{
	struct xd_forward_counts c;
	struct env e;

	(void)state;
	begin(&e, "io");
	e.near[1].port->max_frame = 1000;
	go(&e);
	make_out(&e.far[0], 1001, 5);
	while (e.far[0].sent < 5)
		xd_gen_port_send(e.far[0].port, 1);
	expect_left_out(&e, 5);
	c = counts_of(&e, 0, 5, 0);
	assert_int_equal(c.tx_frames + c.tx_dropped, 0);
	finish(&e);
	begin(&e, "txonly");
	e.plan.parts[0] = 2049;
	assert_null(xd_forward_start(&e.plan, &e.err));
	assert_non_null(strstr(e.err.text, "too long for port 1"));
	e.plan.parts[0] = 64;
	e.plan.mode = xd_forward_mode_named("io");
	e.near[0].port->offload.csum = true;
	assert_null(xd_forward_start(&e.plan, &e.err));
	assert_non_null(strstr(e.err.text, "csum=on"));
	finish(&e);
}

/* Frames that are shown: what they begin with, and how many were missed. */
static void
test_seen(void **state)
{
	struct xd_forward_seen seen;
	uint64_t missed, n = 0, of[2] = {0};
	struct env e;

	(void)state;
	begin(&e, "macswap");
	e.plan.show_received = e.plan.show_sent = true;
	go(&e);
	make_out(&e.far[0], 60, 600);
	exchange(&e, 0, 600);
	xd_forward_stop(e.forward);
	while (xd_forward_seen(e.forward, &seen, &missed)) {
		assert_int_equal(seen.len, 60);
		assert_memory_equal(seen.head, seen.sent ? mine : theirs, 6);
		assert_int_equal(seen.port, seen.sent ? 1 : 0);
		of[seen.sent]++;
		n++;
	}
	assert_int_equal(n + missed, 1200);
	assert_int_equal(of[0], 256);
	assert_int_equal(of[1], 256);
	finish(&e);
}

/* A peer that goes ends it, with its name. */
static void
test_gone(void **state)
{
	uint64_t end = xd_clock_ns() + PATIENCE_S * XD_NS_PER_S;
	struct env e;

	(void)state;
	begin(&e, "io");
	go(&e);
	assert_true(xd_forward_running(e.forward, &e.err));
	xd_forward_stop(e.forward);
	xd_forward_destroy(e.forward);
	xd_gen_port_close(e.all[3]);
	e.nb_ports = 3;
	e.far[1].port = NULL;
	go(&e);
	while (xd_forward_running(e.forward, &e.err)) {
		assert_true(xd_clock_ns() < end);
		sched_yield();
	}
	assert_non_null(strstr(e.err.text, "port 1: its peer"));
	finish(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passing),
		cmocka_unit_test(test_rxonly),
		cmocka_unit_test(test_txonly),
		cmocka_unit_test(test_flowgen),
		cmocka_unit_test(test_icmpecho),
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_tx_first),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
