/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ports of one name in this process, with nothing in between: what the generator can do at
 * most.
 *
 * Each port has a ring of buffers that it sends into. A frame is written into the ring's next
 * buffer and read there by the peer, which then gives the buffer back: it is not copied. Before the
 * frame lies its virtio-net header, which only sources and sinks look at. The
 * lengths are kept apart from the frames and written only when they change, so that with frames of
 * one size nothing travels between two cores but the frames and two indices a burst.
 *
 * One thread drives each port, or one both: a ring has one producer, which publishes `written`, and
 * one consumer, which publishes `taken`. Control opens, loads and closes while neither runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/port/port_kinds.h"
#include "traffic/port/port_loop_args.h"
#include "traffic/port/port_memory.h"

#define ROOM_DEFAULT 2048  /* bytes of frame in a buffer */
#define ROOM_MAX     67584 /* the longest frame of a list, and a bit */

#define LOOP_INLINE static inline __attribute__((always_inline))

/* What one port sends. Indices run freely. */
struct way {
	uint8_t *frames; /* of size buffers */
	uint32_t *lens;  /* bytes of the frame in each; the producer writes */
	uint32_t stride; /* bytes from buffer to buffer: an odd number of lines */
	uint32_t size, mask;
	/* The producer's. */
	uint32_t at __attribute__((aligned(XD_LINE))); /* as `written` */
	uint32_t taken_seen;
	/* The consumer's. */
	uint32_t next __attribute__((aligned(XD_LINE))); /* as `taken` */
	uint32_t written_seen;
	/* Shared. */
	uint32_t written __attribute__((aligned(XD_LINE))); /* the producer writes */
	uint32_t taken __attribute__((aligned(XD_LINE)));   /* the consumer writes */
};

struct loop_port {
	struct xd_gen_port port;
	char name[64];          /* what the peer has, too */
	struct loop_port *peer; /* NULL: it is not there yet, or no more */
	struct xd_port_memory memory;
	struct way out;
};

static struct loop_port *
loop_port(struct xd_gen_port *port)
{
	return (struct loop_port *)port;
}

static int
check(const char *text, struct xd_error *err)
{
	struct xd_loop_args a;

	return xd_loop_args_parse(&a, text, err);
}

LOOP_INLINE uint8_t *
frame_at(const struct way *w, uint32_t at)
{
	return w->frames + (size_t)(at & w->mask) * w->stride;
}

/* ---- Sending ---- */

/* Every buffer is written whole, so that touch=stamp and none have something to send. */
static int
load(struct xd_gen_port *port, struct xd_error *err)
{
	struct loop_port *l = loop_port(port);
	struct way *w = &l->out;

	if (!l->peer)
		return xd_fail(err, -ENOTCONN,
			"%s: its peer is not there; give --port loop:%s a second time", port->name,
			l->name);
	if (w->at != __atomic_load_n(&w->taken, __ATOMIC_ACQUIRE))
		return xd_fail(
			err, -EBUSY, "%s: its peer has not received all that was sent", port->name);
	for (uint32_t i = 0; i < w->size; i++)
		memset(frame_at(w, i) - XD_SOURCE_HEADER, 0, XD_SOURCE_HEADER);
	for (uint32_t i = 0; i < w->size && !port->stream.list; i++) {
		w->lens[(w->at + i) & w->mask] = port->stream.size;
		xd_stream_write_any(&port->stream, frame_at(w, w->at + i), XD_TOUCH_FULL);
	}
	port->stream.next = 0;
	return 0;
}

LOOP_INLINE void
write_as(struct way *w, struct xd_stream *stream, enum xd_touch touch, enum xd_stream_vary vary,
	uint16_t n)
{
	/* Copies, which the frames' stores cannot alias: they stay in registers. */
	struct xd_stream s = xd_stream_working_copy(stream);
	const struct way fixed = {.frames = w->frames, .stride = w->stride, .mask = w->mask};
	uint32_t at = w->at;

	for (uint16_t i = 0; i < n; i++)
		xd_stream_write(&s, frame_at(&fixed, at + i), touch, vary);
	stream->next = s.next;
}

/* Frames of a list, whose lengths differ. */
LOOP_INLINE void
write_list(struct way *w, struct xd_stream *stream, bool whole, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint32_t at = w->at + i;
		uint32_t len = xd_list_stream_write(
			stream->list, &stream->schedule, frame_at(w, at), whole);

		if (w->lens[at & w->mask] != len)
			w->lens[at & w->mask] = len;
	}
}

/* The commonest streams get loops of their own. */
LOOP_INLINE void
write_frames(struct way *w, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	if (__builtin_expect(stream->list != NULL, 0))
		write_list(w, stream, touch == XD_TOUCH_FULL, n);
	else if (touch == XD_TOUCH_NONE)
		return;
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_NOTHING)
		write_as(w, stream, XD_TOUCH_FULL, XD_VARY_NOTHING, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_MACS)
		write_as(w, stream, XD_TOUCH_FULL, XD_VARY_MACS, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_L4)
		write_as(w, stream, XD_TOUCH_FULL, XD_VARY_L4, n);
	else if (touch == XD_TOUCH_FULL)
		write_as(w, stream, XD_TOUCH_FULL, stream->vary, n);
	else if (stream->vary == XD_VARY_NOTHING)
		write_as(w, stream, XD_TOUCH_STAMP, XD_VARY_NOTHING, n);
	else if (stream->vary == XD_VARY_MACS)
		write_as(w, stream, XD_TOUCH_STAMP, XD_VARY_MACS, n);
	else
		write_as(w, stream, XD_TOUCH_STAMP, stream->vary, n);
}

/* Buffers free, of as many as are wanted; looks at the consumer's index only when it must. */
LOOP_INLINE uint32_t
room_for(struct way *w, uint32_t want)
{
	uint32_t free = w->size - (w->at - w->taken_seen);

	if (free < want) {
		w->taken_seen = __atomic_load_n(&w->taken, __ATOMIC_ACQUIRE);
		free = w->size - (w->at - w->taken_seen);
	}
	return free;
}

static uint16_t
port_send(struct xd_gen_port *port, uint16_t n)
{
	struct loop_port *l = loop_port(port);
	struct way *w = &l->out;
	uint32_t free = room_for(w, 2u * n); /* the second half is asked for below */

	if (__builtin_expect(!l->peer, 0))
		return 0;
	if (free < n)
		n = (uint16_t)free;
	write_frames(w, &port->stream, port->touch, n);
	w->at += n;
	__atomic_store_n(&w->written, w->at, __ATOMIC_RELEASE);
	free -= n;
	if (port->touch != XD_TOUCH_NONE)
		for (uint32_t i = 0; i < n && i < free; i++)
			__builtin_prefetch(frame_at(w, w->at + i), 1);
	return n;
}

/* ---- Receiving ---- */

LOOP_INLINE void
read_as(const struct way *w, struct xd_gen_port *port, enum xd_touch touch, uint16_t n)
{
	struct xd_receive *r = &port->received;
	uint32_t expect = port->expect, frames = 0;
	xd_line sum = r->sum;

	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *frame = frame_at(w, w->next + i);
		uint32_t len = w->lens[(w->next + i) & w->mask];

		if (touch != XD_TOUCH_NONE)
			sum ^= xd_lines_read(frame, touch == XD_TOUCH_FULL ? xd_lines(len) : 1);
		frames += len == expect && (touch == XD_TOUCH_NONE || xd_stream_is_ours(frame));
	}
	r->sum = sum;
	r->frames += frames;
	r->bytes += (uint64_t)frames * expect;
	r->foreign += n - frames;
}

/* Frames that are looked at closer. */
LOOP_INLINE void
read_closer(const struct way *w, struct xd_gen_port *port, uint16_t n)
{
	xd_receive_begin(&port->received);
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *frame = frame_at(w, w->next + i);
		uint32_t len = w->lens[(w->next + i) & w->mask];

		if (port->touch == XD_TOUCH_FULL)
			port->received.sum ^= xd_lines_read(frame, xd_lines(len));
		xd_receive_frame(&port->received, frame, len);
	}
	xd_receive_end(&port->received);
}

LOOP_INLINE void
read_frames(const struct way *w, struct xd_gen_port *port, uint16_t n)
{
	if (__builtin_expect(port->received.kind != XD_RECEIVE_OURS, 0))
		read_closer(w, port, n);
	else if (port->touch == XD_TOUCH_FULL)
		read_as(w, port, XD_TOUCH_FULL, n);
	else if (port->touch == XD_TOUCH_STAMP)
		read_as(w, port, XD_TOUCH_STAMP, n);
	else
		read_as(w, port, XD_TOUCH_NONE, n);
}

static uint16_t
port_receive(struct xd_gen_port *port, uint16_t n)
{
	struct loop_port *l = loop_port(port);
	struct way *w;
	uint32_t there;

	if (__builtin_expect(!l->peer, 0))
		return 0;
	w = &l->peer->out;
	there = w->written_seen - w->next;
	if (there < 2u * n) {
		w->written_seen = __atomic_load_n(&w->written, __ATOMIC_ACQUIRE);
		there = w->written_seen - w->next;
	}
	if (there == 0)
		return 0;
	if (there < n)
		n = (uint16_t)there;
	there -= n;
	if (port->touch != XD_TOUCH_NONE)
		for (uint32_t i = 0; i < n && i < there; i++)
			__builtin_prefetch(frame_at(w, w->next + n + i), 0);
	read_frames(w, port, n);
	w->next += n;
	__atomic_store_n(&w->taken, w->next, __ATOMIC_RELEASE);
	return n;
}

/* ---- The rest ---- */

static void
notify(struct xd_gen_port *port, enum xd_gen_way way, bool fenced)
{
	(void)port; /* the peer is polled */
	(void)way;
	(void)fenced;
}

static unsigned
outstanding(struct xd_gen_port *port)
{
	struct way *w = &loop_port(port)->out;

	w->taken_seen = __atomic_load_n(&w->taken, __ATOMIC_ACQUIRE);
	return w->at - w->taken_seen;
}

static bool
alive(struct xd_gen_port *port)
{
	struct loop_port *l = loop_port(port);

	if (l->peer)
		return true;
	snprintf(port->fault, sizeof(port->fault), "its peer, the other loop:%s, is not there",
		l->name);
	return false;
}

static void
port_close(struct xd_gen_port *port)
{
	struct loop_port *l = loop_port(port);

	if (l->peer)
		l->peer->peer = NULL;
	xd_port_memory_unmap(&l->memory);
	free(l);
}

static const struct xd_gen_port_ops ops = {
	.load = load,
	.send = port_send,
	.receive = port_receive,
	.notify = notify,
	.outstanding = outstanding,
	.alive = alive,
	.close = port_close,
};

/* Among the ports that were opened before; -EEXIST: there are two already. */
static int
find_peer(struct loop_port *l, const struct xd_gen_port_opts *opts, struct xd_error *err)
{
	for (unsigned i = 0; i < opts->nb_others; i++) {
		struct loop_port *other = loop_port(opts->others[i]);

		if (other->port.ops != &ops || strcmp(other->name, l->name))
			continue;
		if (other->peer)
			return xd_fail(err, -EEXIST,
				"loop:%s: there are two ports of that name; give another name",
				l->name);
		l->peer = other;
	}
	if (l->peer)
		l->peer->peer = l;
	return 0;
}

static int
make_ring(struct loop_port *l, uint32_t size, uint32_t frame_bytes, int node, struct xd_error *err)
{
	struct way *w = &l->out;
	uint32_t room = frame_bytes > ROOM_DEFAULT ? frame_bytes : ROOM_DEFAULT;
	int rc;

	if (room > ROOM_MAX)
		return xd_fail(
			err, -EINVAL, "loop:%s: frames of at most %d bytes", l->name, ROOM_MAX);
	/* A line more holds the header of the next; an odd number of them spreads buffers over all
	 * sets of a cache. */
	w->stride = ((xd_lines(room) + 1) | 1) * XD_LINE;
	rc = xd_port_memory_map(&l->memory, XD_LINE + (size_t)size * (w->stride + sizeof(*w->lens)),
		node, false, err);
	if (rc)
		return rc;
	w->size = size;
	w->mask = size - 1;
	w->frames = l->memory.at + XD_LINE;
	w->lens = (uint32_t *)(void *)(w->frames + (size_t)size * w->stride);
	l->port.max_frame = room;
	l->port.headers = true;
	l->port.ring_size = size;
	snprintf(l->port.memory, sizeof(l->port.memory), "%s", l->memory.text);
	l->port.memory_node = l->port.guest_node = l->memory.node;
	return 0;
}

static struct xd_gen_port *
port_open(const char *text, const struct xd_gen_port_opts *opts, struct xd_error *err)
{
	struct loop_port *l;
	struct xd_loop_args a;

	if (xd_loop_args_parse(&a, text, err))
		return NULL;
	l = aligned_alloc(XD_LINE, sizeof(*l));
	if (!l) {
		xd_fail(err, -ENOMEM, "loop port: no memory");
		return NULL;
	}
	memset(l, 0, sizeof(*l));
	l->port.ops = &ops;
	memcpy(l->name, a.name, sizeof(l->name));
	if (make_ring(l, (uint32_t)a.size, opts->frame_bytes, opts->node, err) ||
		find_peer(l, opts, err)) {
		port_close(&l->port);
		return NULL;
	}
	return &l->port;
}

const struct xd_gen_kind xd_gen_kind_loop = {
	.name = "loop",
	.check = check,
	.open = port_open,
};
