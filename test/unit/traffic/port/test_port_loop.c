/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are each other's peer: how they find each other, that every frame comes, once, in
 * order and unchanged, with one thread and with two, and what they say when something is wrong. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/frames/template.h"
#include "traffic/host/tsc.h"
#include "traffic/port/port.h"
#include "traffic/port/port_memory.h"

#define TSC_HZ 2e9
#define PORTS  4

struct env {
	struct xd_gen_port *ports[PORTS];
	unsigned n;
};

static struct xd_gen_port *
try_open(struct env *e, const char *spec, uint32_t frame_bytes, struct xd_error *err)
{
	struct xd_gen_port_opts opts = {
		.frame_bytes = frame_bytes,
		.node = -1,
		.others = e->ports,
		.nb_others = e->n,
	};

	memset(err, 0, sizeof(*err));
	return xd_gen_port_open(spec, &opts, err);
}

static struct xd_gen_port *
add(struct env *e, const char *spec)
{
	struct xd_error err;
	struct xd_gen_port *port = try_open(e, spec, 1514, &err);

	if (!port)
		fail_msg("%s", err.text);
	e->ports[e->n++] = port;
	return port;
}

static void
env_fini(struct env *e)
{
	while (e->n)
		xd_gen_port_close(e->ports[--e->n]);
}

static void
load_stream(struct xd_gen_port *port, const struct xd_stream_opts *stream, enum xd_touch touch)
{
	struct xd_gen_load load = {.stream = stream, .touch = touch};
	struct xd_error err;

	if (xd_gen_port_load(port, &load, &err))
		fail_msg("%s", err.text);
}

static void
expect(struct xd_gen_port *port, enum xd_receive_kind kind, uint32_t size, struct xd_track *track,
	enum xd_touch touch)
{
	struct xd_gen_load nothing = {.touch = touch};
	struct xd_gen_expect what = {.kind = kind, .size = size, .track = track};

	assert_int_equal(xd_gen_port_load(port, &nothing, NULL), 0);
	xd_gen_port_expect(port, &what);
}

/* ---- Finding each other ---- */

static void
test_words(void **state)
{
	static const struct {
		const char *spec, *says;
	} bad[] = {
		{"loop:", "loop:a"},
		{"loop:,size=64", "loop:a"},
		{"loop:a,siez=64", "did you mean size?"},
		{"loop:a,size", "size=1024"},
		{"loop:a,size=", "power of two"},
		{"loop:a,size=100", "power of two"},
		{"loop:a,size=16", "32"},
		{"loop:a,size=65536", "32768"},
		{"loop:a,size=64,size=64", "power of two"},
		{"loop:a,", "unknown option"},
		{"loop:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "63"},
		{"lop:a", "did you mean loop?"},
	};
	bool needs_eal = true;
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(xd_gen_port_check(bad[i].spec, NULL, &err), -EINVAL);
		if (!strstr(err.text, bad[i].says))
			fail_msg("%s: %s", bad[i].spec, err.text);
	}
	assert_int_equal(xd_gen_port_check("loop:a,size=32", &needs_eal, &err), 0);
	assert_false(needs_eal);
}

static void
test_pairing(void **state)
{
	struct env e = {.n = 0};
	struct xd_stream_opts stream = {.size = 60, .flows = 1, .to = 1};
	struct xd_gen_port *a, *b, *a2, *b2;
	struct xd_error err;

	(void)state;
	a = add(&e, "loop:a");
	b = add(&e, "loop:b");
	a2 = add(&e, "loop:a");
	b2 = add(&e, "loop:b,size=64");
	assert_null(try_open(&e, "loop:a", 1514, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_non_null(strstr(err.text, "another name"));
	load_stream(a, &stream, XD_TOUCH_FULL);
	load_stream(b2, &stream, XD_TOUCH_FULL);
	expect(a2, XD_RECEIVE_OURS, 60, NULL, XD_TOUCH_FULL);
	expect(b, XD_RECEIVE_OURS, 60, NULL, XD_TOUCH_FULL);
	assert_int_equal(xd_gen_port_send(a, 5), 5);
	assert_int_equal(xd_gen_port_send(b2, 7), 7);
	for (unsigned i = 0; i < 4; i++)
		assert_true(xd_gen_port_alive(e.ports[i]));
	assert_int_equal(xd_gen_port_receive(b, 64), 7);
	assert_int_equal(xd_gen_port_receive(a2, 64), 5);
	assert_int_equal(xd_gen_port_receive(a, 64), 0);
	assert_int_equal(a2->received.frames, 5);
	assert_int_equal(b->received.frames, 7);
	assert_int_equal(a->sent, 5);
	env_fini(&e);
}

/* One alone has nobody to send to, before its peer comes and after it has gone. */
static void
test_alone(void **state)
{
	struct env e = {.n = 0};
	struct xd_stream_opts stream = {.size = 60, .flows = 1, .to = 1};
	struct xd_gen_load load = {.stream = &stream};
	struct xd_gen_port *a = add(&e, "loop:a");
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(xd_gen_port_load(a, &load, &err), -ENOTCONN);
		assert_non_null(strstr(err.text, "--port loop:a"));
		assert_int_equal(xd_gen_port_send(a, 5), 0);
		assert_int_equal(xd_gen_port_receive(a, 5), 0);
		assert_false(xd_gen_port_alive(a));
		assert_non_null(strstr(a->fault, "loop:a"));
		add(&e, "loop:a");
		assert_true(xd_gen_port_alive(a));
		load_stream(a, &stream, XD_TOUCH_FULL);
		expect(e.ports[1], XD_RECEIVE_OURS, 60, NULL, XD_TOUCH_FULL);
		assert_int_equal(xd_gen_port_send(a, 5), 5);
		assert_int_equal(xd_gen_port_receive(e.ports[1], 64), 5);
		assert_int_equal(e.ports[1]->received.frames, 5);
		xd_gen_port_close(e.ports[--e.n]);
	}
	env_fini(&e);
}

static void
test_long_frames(void **state)
{
	struct xd_stream_opts stream = {.size = 2049, .flows = 1, .to = 1};
	struct xd_gen_load load = {.stream = &stream};
	struct env e = {.n = 0};
	struct xd_error err;

	(void)state;
	add(&e, "loop:a");
	add(&e, "loop:a");
	assert_int_equal(e.ports[0]->max_frame, 2048);
	assert_int_equal(xd_gen_port_load(e.ports[0], &load, &err), -EINVAL);
	assert_non_null(strstr(err.text, "MTU"));
	env_fini(&e);
	for (unsigned i = 0; i < 2; i++) {
		e.ports[i] = try_open(&e, "loop:big,size=32", XD_STREAM_MAX, &err);
		assert_non_null(e.ports[i]);
		e.n++;
	}
	stream.size = XD_STREAM_MAX;
	load_stream(e.ports[0], &stream, XD_TOUCH_FULL);
	expect(e.ports[1], XD_RECEIVE_OURS, XD_STREAM_MAX, NULL, XD_TOUCH_FULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(xd_gen_port_send(e.ports[0], 20), 20);
		assert_int_equal(xd_gen_port_receive(e.ports[1], 64), 20);
	}
	assert_int_equal(e.ports[1]->received.bytes, 60ull * XD_STREAM_MAX);
	env_fini(&e);
}

/* ---- The ring ---- */

static void
test_full(void **state)
{
	struct xd_stream_opts stream = {.size = 60, .flows = 1, .to = 1};
	struct xd_gen_load load = {.stream = &stream};
	struct env e = {.n = 0};
	struct xd_gen_port *a = add(&e, "loop:a,size=64"), *b = add(&e, "loop:a");
	struct xd_error err;
	uint64_t got = 0;

	(void)state;
	assert_int_equal(a->ring_size, 64);
	assert_int_equal(b->ring_size, 1024);
	load_stream(a, &stream, XD_TOUCH_FULL);
	expect(b, XD_RECEIVE_OURS, 60, NULL, XD_TOUCH_FULL);
	for (unsigned round = 0; round < 100; round++) {
		assert_int_equal(xd_gen_port_send(a, 50), 50);
		assert_int_equal(xd_gen_port_send(a, 50), 14);
		assert_int_equal(xd_gen_port_send(a, 50), 0);
		assert_int_equal(xd_gen_port_outstanding(a), 64);
		assert_int_equal(xd_gen_port_load(a, &load, &err), -EBUSY);
		got += xd_gen_port_receive(b, 13);
		assert_int_equal(xd_gen_port_outstanding(a), 51);
		assert_int_equal(xd_gen_port_send(a, 50), 13);
		got += xd_gen_port_receive(b, 64);
		assert_int_equal(xd_gen_port_receive(b, 64), 0);
		assert_int_equal(got, 77 * (round + 1));
		load_stream(a, &stream, XD_TOUCH_FULL);
	}
	assert_int_equal(b->received.frames, got);
	assert_int_equal(b->received.foreign, 0);
	env_fini(&e);
}

/* What is received is byte by byte what the stream is, whatever differs from flow to flow. */
static void
assert_stream_comes(struct env *e, const struct xd_stream_opts *opts, enum xd_touch touch)
{
	struct xd_stream model;
	uint8_t frame[2048] __attribute__((aligned(64)));
	xd_line want = {0}, none = {0};
	uint64_t sent = 0, got = 0;

	load_stream(e->ports[0], opts, touch);
	expect(e->ports[1], XD_RECEIVE_OURS, opts->size, NULL, XD_TOUCH_FULL);
	assert_int_equal(xd_stream_init(&model, opts, NULL), 0);
	for (unsigned i = 0; i < 3000; i++) {
		uint16_t n = xd_gen_port_send(e->ports[0], (uint16_t)(1 + i % 64));

		sent += n;
		got += xd_gen_port_receive(e->ports[1], (uint16_t)(1 + i * 7 % 64));
		for (; n; n--) {
			xd_stream_write_any(&model, frame, XD_TOUCH_FULL);
			want ^= xd_lines_read(frame, xd_lines(opts->size));
		}
	}
	while (got < sent)
		got += xd_gen_port_receive(e->ports[1], 64);
	assert_int_equal(e->ports[1]->received.frames, sent);
	assert_int_equal(e->ports[1]->received.bytes, sent * opts->size);
	assert_int_equal(e->ports[1]->received.foreign, 0);
	assert_memory_equal(&e->ports[1]->received.sum, &want, sizeof(want));
	assert_memory_not_equal(&want, &none, sizeof(want));
	xd_stream_fini(&model);
}

static void
test_streams(void **state)
{
	static const uint32_t sizes[] = {60, 64, 65, 1514};
	struct env e = {.n = 0};

	(void)state;
	add(&e, "loop:a,size=128");
	add(&e, "loop:a");
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned k = 0; k < 8; k++) {
			struct xd_stream_opts opts = {
				.size = sizes[i],
				.flows = k % 2 ? 5000 : 1,
				.flow_kind = k & 2 ? XD_FLOW_L4 : XD_FLOW_MAC,
				.broadcast = k & 4,
				.to = 1,
			};

			assert_stream_comes(&e, &opts, XD_TOUCH_FULL);
			/* What load has written is there still. */
			assert_stream_comes(&e, &opts, XD_TOUCH_STAMP);
			opts.flows = k % 2 ? 128 : 1; /* as many as there are buffers */
			assert_stream_comes(&e, &opts, XD_TOUCH_NONE);
		}
	env_fini(&e);
}

/* ---- Lists ---- */

struct list {
	struct xd_frame_list list;
	uint16_t payload_at[16];
};

static void
make_list(struct list *l, uint32_t flows)
{
	static const struct xd_size_mix mix = {
		.n = 3, .bytes = {60, 590, 1514}, .weight = {7, 4, 1}};
	static const uint8_t to[] = {1};
	struct xd_template_build build = {.mix = &mix, .flows = flows, .nb_to = 1, .to = to};

	xd_frame_list_init(&l->list, true);
	assert_int_equal(xd_template_build(NULL, &build, &l->list, NULL), 0);
	for (unsigned i = 0; i < 16; i++)
		l->payload_at[i] = 42;
}

static struct xd_track *
make_track(const struct list *l)
{
	struct xd_track_opts opts = {.nb_flows = l->list.nb_flows,
		.verify = true,
		.tsc_hz = TSC_HZ,
		.payload_at = l->payload_at};
	struct xd_track *track = xd_track_create(&opts, NULL);

	assert_non_null(track);
	return track;
}

static void
load_list(struct xd_gen_port *port, const struct list *l)
{
	struct xd_list_stream_opts list = {.list = &l->list};
	struct xd_gen_load load = {.list = &list, .touch = XD_TOUCH_FULL};
	struct xd_error err;

	if (xd_gen_port_load(port, &load, &err))
		fail_msg("%s", err.text);
}

/* All of `sent` frames came, in order and unchanged. */
static void
assert_all_came(const struct xd_gen_port *from, const struct xd_gen_port *to)
{
	const struct xd_track *track = to->received.track;
	const struct xd_list_stream *list = from->stream.list;
	struct xd_track_sums sums = {0};

	xd_track_sum(track, list->flow_made, &sums);
	assert_int_equal(sums.received, from->sent);
	assert_int_equal(to->received.frames, from->sent);
	assert_int_equal(sums.lost, 0);
	assert_int_equal(sums.reordered, 0);
	assert_int_equal(sums.duplicated, 0);
	assert_int_equal(track->wrong, 0);
	assert_int_equal(to->received.foreign, 0);
}

static void
test_lists(void **state)
{
	struct env e = {.n = 0};
	struct list l;
	struct xd_track *track;
	uint64_t bytes = 0, at = 0;

	(void)state;
	make_list(&l, 10);
	track = make_track(&l);
	add(&e, "loop:a,size=64");
	add(&e, "loop:a");
	load_list(e.ports[0], &l);
	expect(e.ports[1], XD_RECEIVE_TAGGED, 0, track, XD_TOUCH_FULL);
	for (unsigned i = 0; i < 20000; i++) {
		uint16_t n = xd_gen_port_send(e.ports[0], (uint16_t)(1 + i % 40));

		for (; n; n--)
			bytes += l.list.frames[at++ % l.list.n].len;
		xd_gen_port_receive(e.ports[1], (uint16_t)(1 + i * 3 % 50));
	}
	while (xd_gen_port_receive(e.ports[1], 64))
		;
	assert_true(e.ports[0]->sent > 100000);
	assert_all_came(e.ports[0], e.ports[1]);
	assert_int_equal(e.ports[1]->received.bytes, bytes);
	env_fini(&e);
	xd_track_destroy(track);
	xd_frame_list_fini(&l.list);
}

/* Frames that are not what was expected are counted apart. */
static void
test_foreign(void **state)
{
	struct xd_stream_opts stream = {.size = 100, .flows = 1, .to = 1};
	struct env e = {.n = 0};
	struct list l;

	(void)state;
	make_list(&l, 10);
	add(&e, "loop:a");
	add(&e, "loop:a");
	/* Of another size. */
	load_stream(e.ports[0], &stream, XD_TOUCH_FULL);
	for (enum xd_touch touch = XD_TOUCH_FULL; touch <= XD_TOUCH_NONE; touch++) {
		expect(e.ports[1], XD_RECEIVE_OURS, 60, NULL, touch);
		xd_gen_port_send(e.ports[0], 10);
		assert_int_equal(xd_gen_port_receive(e.ports[1], 64), 10);
		assert_int_equal(e.ports[1]->received.frames, 0);
		assert_int_equal(e.ports[1]->received.bytes, 0);
		assert_int_equal(e.ports[1]->received.foreign, 10);
	}
	/* With a mark, where a tag is wanted. */
	expect(e.ports[1], XD_RECEIVE_TAGGED, 0, NULL, XD_TOUCH_FULL);
	xd_gen_port_send(e.ports[0], 10);
	assert_int_equal(xd_gen_port_receive(e.ports[1], 64), 10);
	assert_int_equal(e.ports[1]->received.foreign, 10);
	expect(e.ports[1], XD_RECEIVE_ANY, 0, NULL, XD_TOUCH_FULL);
	xd_gen_port_send(e.ports[0], 10);
	assert_int_equal(xd_gen_port_receive(e.ports[1], 64), 10);
	assert_int_equal(e.ports[1]->received.frames, 10);
	assert_int_equal(e.ports[1]->received.bytes, 1000);
	/* With a tag, where the mark is wanted, of the right length. */
	load_list(e.ports[0], &l);
	expect(e.ports[1], XD_RECEIVE_OURS, 590, NULL, XD_TOUCH_STAMP);
	xd_gen_port_send(e.ports[0], 64);
	assert_int_equal(xd_gen_port_receive(e.ports[1], 64), 64);
	assert_int_equal(e.ports[1]->received.foreign, 64);
	env_fini(&e);
	xd_frame_list_fini(&l.list);
}

/* ---- Two threads ---- */

#define THREAD_FRAMES 200000

struct end {
	struct xd_gen_port *port;
	uint64_t to_receive;
};

/* Sends its frames and receives the peer's until it has all. */
static void *
drive(void *arg)
{
	struct end *end = arg;
	uint64_t got = 0, idle = 0;

	while (idle < 200000000 && (got < end->to_receive || end->port->sent < THREAD_FRAMES)) {
		uint64_t left = THREAD_FRAMES - end->port->sent;
		uint16_t n = left < 48 ? (uint16_t)left : 48, moved = 0;

		if (n)
			moved = xd_gen_port_send(end->port, n);
		n = xd_gen_port_receive(end->port, 64);
		got += n;
		idle = n || moved ? 0 : idle + 1;
		if (idle)
			__builtin_ia32_pause();
	}
	return NULL;
}

static void
test_two_threads(void **state)
{
	struct env e = {.n = 0};
	struct xd_track *tracks[2];
	struct end ends[2];
	pthread_t thread;
	struct list l;

	(void)state;
	make_list(&l, 10);
	for (unsigned i = 0; i < 2; i++)
		add(&e, "loop:a,size=128");
	for (unsigned i = 0; i < 2; i++) {
		struct xd_gen_expect what = {.kind = XD_RECEIVE_TAGGED};

		what.track = tracks[i] = make_track(&l);
		load_list(e.ports[i], &l);
		xd_gen_port_expect(e.ports[i], &what);
		ends[i] = (struct end){.port = e.ports[i], .to_receive = THREAD_FRAMES};
	}
	assert_int_equal(pthread_create(&thread, NULL, drive, &ends[1]), 0);
	drive(&ends[0]);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(e.ports[i]->sent, THREAD_FRAMES);
		assert_all_came(e.ports[i], e.ports[i ^ 1]);
		assert_int_equal(xd_gen_port_outstanding(e.ports[i]), 0);
	}
	env_fini(&e);
	for (unsigned i = 0; i < 2; i++)
		xd_track_destroy(tracks[i]);
	xd_frame_list_fini(&l.list);
}

/* ---- Memory ---- */

static void
test_memory(void **state)
{
	struct xd_port_memory m;
	int fd;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool shared = i & 1;
		int node = i & 2 ? 0 : -1;
		size_t bytes = (3u << 20) + 5;

		assert_int_equal(xd_port_memory_map(&m, bytes, node, shared, NULL), 0);
		assert_int_equal(m.bytes, 4u << 20);
		assert_int_equal(m.fd >= 0, shared);
		for (size_t at = 0; at < m.bytes; at++)
			if (m.at[at])
				fail_msg("byte %zu", at);
		memset(m.at, 1, m.bytes);
		assert_non_null(strstr(m.text, m.huge ? "2 MiB pages" : "(no free hugepages)"));
		assert_non_null(strstr(m.text, node < 0 ? ", any node" : "node 0"));
		fd = m.fd;
		xd_port_memory_unmap(&m);
		assert_null(m.at);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		xd_port_memory_unmap(&m);
	}
	m = (struct xd_port_memory){0};
	xd_port_memory_unmap(&m); /* leaves descriptor 0 alone */
	for (unsigned i = 0; i < 2; i++) {
		struct xd_error err;

		assert_int_equal(xd_port_memory_map(&m, 1ull << 60, -1, i, &err), -ENOMEM);
		assert_null(m.at);
		assert_non_null(strstr(err.text, "MiB"));
		assert_int_equal(xd_port_memory_map(&m, SIZE_MAX, -1, i, &err), -ENOMEM);
	}
}

/* ---- Sources and sinks ---- */

#define PARCELS 256 /* under way, at most */

struct parcel {
	uint32_t made, seen;
	uint32_t ended;            /* seen when a burst ended */
	uint64_t made_at[PARCELS]; /* time stamp counter */
};

static uint16_t
parcel_ready(void *ctx, uint16_t n)
{
	(void)ctx;
	return n < 9 ? n : 9;
}

static uint32_t
parcel_len(uint32_t k, uint32_t room)
{
	return k % 5 == 0 ? room : 60 + k % 1000;
}

static uint32_t
parcel_write(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct parcel *p = ctx;
	uint32_t k = p->made++, len = parcel_len(k, room);

	p->made_at[k % PARCELS] = xd_tsc();
	memset(data, (int)k, len);
	if (k % 3)
		*header = (struct virtio_net_hdr_v1){.flags = 1, .csum_start = (uint16_t)k};
	return len;
}

static void
parcel_take(void *ctx, const struct xd_arrival *frame)
{
	struct parcel *p = ctx;
	uint32_t k = p->seen++;

	assert_int_equal(frame->len, parcel_len(k, 65600));
	assert_true(frame->now >= p->made_at[k % PARCELS]);
	for (uint32_t i = 0; i < frame->len; i += i + 1 < frame->len && i % 64 < 63 ? 63 : 1)
		assert_int_equal(frame->data[i], (uint8_t)k);
	assert_int_equal(frame->data[frame->len - 1], (uint8_t)k);
	assert_int_equal(frame->header.csum_start, k % 3 ? (uint16_t)k : 0);
}

static void
parcel_end(void *ctx)
{
	struct parcel *p = ctx;

	assert_true(p->seen > p->ended);
	p->ended = p->seen;
}

/* What a source makes is what a sink sees, up to the longest frame and with its header; and a
 * stream that is loaded afterwards has none. */
static void
test_source_and_sink(void **state)
{
	struct env e = {.n = 0};
	struct parcel p = {.made = 0};
	struct xd_source source = {parcel_ready, parcel_write, &p};
	struct xd_sink sink = {.take = parcel_take, .ctx = &p, .end = parcel_end};
	struct xd_list_stream_opts list = {.source = &source};
	struct xd_gen_load load = {.list = &list, .touch = XD_TOUCH_FULL};
	struct xd_gen_expect what = {.kind = XD_RECEIVE_SINK, .sink = &sink};
	struct xd_gen_port *from, *to;
	struct xd_error err;

	(void)state;
	e.ports[e.n++] = from = try_open(&e, "loop:a,size=32", 65600, &err);
	e.ports[e.n++] = to = try_open(&e, "loop:a,size=32", 65600, &err);
	assert_non_null(from);
	assert_non_null(to);
	assert_true(from->headers);
	assert_int_equal(xd_gen_port_load(from, &load, &err), 0);
	xd_gen_port_expect(to, &what);
	while (p.seen < 2000) {
		xd_gen_port_send(from, xd_list_stream_ready(from->stream.list, XD_GEN_BURST));
		if (p.made % 4 == 0 || p.made - p.seen >= 32)
			xd_gen_port_receive(to, XD_GEN_BURST);
	}
	while (xd_gen_port_receive(to, XD_GEN_BURST))
		;
	assert_int_equal(p.seen, p.made);
	assert_int_equal(p.ended, p.made);
	assert_int_equal(from->sent, p.made);
	assert_int_equal(to->received.frames, p.made);
	env_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_pairing),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_long_frames),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_source_and_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
