/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring made: its memory laid out, for the kind asked for; and what is done between bursts, such
 * as moving the event index and waiting for interrupts. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "traffic/port/guest_ring.h"
#include "traffic/port/virtio_ring_burst.h"

#define PAGE 4096

/* How far used_idx may run before used_event is moved: the event stays ahead of it always. */
#define EVENT_STEP 16384

struct layout {
	size_t driver, device, buffers, bytes; /* the descriptors are at 0 */
	uint32_t room, stride;
};

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* The entries of both rings begin on a cache line and their idx lies at the end of the line before:
 * a burst of 32 then takes four lines of the used ring, none of them shared with idx. */
static void
lay_out_split(const struct xd_virtio_ring_opts *opts, struct layout *l)
{
	l->driver = round_up(xd_vring_desc_bytes(opts->size), PAGE) + XD_LINE -
		    sizeof(struct xd_vring_avail);
	l->device = round_up(l->driver + xd_vring_avail_bytes(opts->size), PAGE) + XD_LINE -
		    sizeof(struct xd_vring_used);
	l->buffers = l->device + xd_vring_used_bytes(opts->size);
}

/* As vring_init of Linux does: one area follows the other, the used ring on the next line. */
static void
lay_out_guest_split(const struct xd_virtio_ring_opts *opts, struct layout *l)
{
	l->driver = xd_vring_desc_bytes(opts->size);
	l->device = round_up(l->driver + xd_vring_avail_bytes(opts->size), XD_LINE);
	l->buffers = l->device + xd_vring_used_bytes(opts->size);
}

static struct layout
lay_out(const struct xd_virtio_ring_opts *opts)
{
	struct layout l;

	l.room = opts->guest ? opts->room : (uint32_t)round_up(opts->room, XD_LINE);
	l.stride = l.room + XD_LINE;
	if (l.stride / XD_LINE % 2 == 0)
		l.stride += XD_LINE;
	if (opts->packed) {
		l.driver = round_up(xd_packed_desc_bytes(opts->size), PAGE);
		l.device = l.driver + PAGE;
		l.buffers = l.device + PAGE;
	} else if (opts->guest) {
		lay_out_guest_split(opts, &l);
	} else {
		lay_out_split(opts, &l);
	}
	l.buffers = round_up(l.buffers, PAGE) + (opts->guest ? 0 : XD_LINE);
	l.bytes = opts->guest ? xd_guest_ring_bytes(opts) : (size_t)l.stride * opts->size;
	l.bytes = round_up(l.buffers + l.bytes, PAGE);
	return l;
}

size_t
xd_virtio_ring_bytes(const struct xd_virtio_ring_opts *opts)
{
	return lay_out(opts).bytes;
}

static void
set_driver_event(struct xd_virtio_ring *r, uint16_t at, uint16_t flags)
{
	__atomic_store_n((uint32_t *)(void *)r->driver_event,
		xd_virtio_ring_packed_pos(r, at) | (uint32_t)flags << 16, __ATOMIC_RELAXED);
}

/* Asks for an interrupt when the device has given back position `at`; without the event index, when
 * it has given back any. */
static void
interrupts_on(struct xd_virtio_ring *r, uint16_t at)
{
	if (r->packed)
		set_driver_event(
			r, at, r->event_idx ? XD_PACKED_EVENT_DESC : XD_PACKED_EVENT_ENABLE);
	else if (r->event_idx)
		__atomic_store_n(xd_vring_used_event(r->avail, r->size), at, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&r->avail->flags, 0, __ATOMIC_RELAXED);
}

/* Split rings with the event index cannot say "never": the event lies behind us, where used idx
 * does not come by for a while. */
static void
interrupts_off(struct xd_virtio_ring *r)
{
	r->event_set = r->used_idx;
	if (r->packed)
		set_driver_event(r, 0, XD_PACKED_EVENT_DISABLE);
	else if (r->event_idx)
		__atomic_store_n(xd_vring_used_event(r->avail, r->size),
			(uint16_t)(r->used_idx - 1), __ATOMIC_RELAXED);
	else
		__atomic_store_n(&r->avail->flags, XD_VRING_AVAIL_F_NO_INTERRUPT, __ATOMIC_RELAXED);
}

/* Keeps the event of a split ring that is polled behind us. */
static inline void
stay_off(struct xd_virtio_ring *r)
{
	if (!r->packed && r->event_idx && (uint16_t)(r->used_idx - r->event_set) >= EVENT_STEP)
		interrupts_off(r);
}

/* Every entry holds a buffer from the start. */
static int
init_static(struct xd_virtio_ring *r)
{
	r->ids = calloc(r->size, sizeof(*r->ids));
	r->lens = calloc(r->size, sizeof(*r->lens));
	if (!r->ids || !r->lens)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->size; i++) {
		r->ids[i] = (uint16_t)i;
		if (r->packed)
			continue;
		r->desc[i] = (struct xd_vring_desc){
			.addr = r->guest_addr + (uint64_t)i * r->stride,
			.len = XD_VIRTIO_HEADER + r->room,
			.flags = r->write ? XD_VRING_DESC_F_WRITE : 0,
		};
		r->avail->ring[i] = (uint16_t)i;
	}
	return 0;
}

static const struct xd_virtio_ring_ops *
find_ops(const struct xd_virtio_ring_opts *opts)
{
	if (opts->guest)
		return opts->packed ? &xd_guest_packed_ops : &xd_guest_split_ops;
	return opts->packed ? &xd_virtio_ring_packed_ops : &xd_virtio_ring_split_ops;
}

int
xd_virtio_ring_init(struct xd_virtio_ring *r, const struct xd_virtio_ring_opts *opts, void *memory,
	uint64_t guest_addr)
{
	struct layout l = lay_out(opts);
	uint8_t *base = memory;
	int rc = 0;

	*r = (struct xd_virtio_ring){
		.ops = find_ops(opts),
		.desc = (struct xd_vring_desc *)base,
		.avail = (struct xd_vring_avail *)(base + l.driver),
		.used = (struct xd_vring_used *)(base + l.device),
		.frames = base + l.buffers,
		.guest_addr = guest_addr + l.buffers - XD_VIRTIO_HEADER,
		.stride = l.stride,
		.room = l.room,
		.send_bytes = XD_VIRTIO_HEADER + l.room,
		.size = opts->size,
		.mask = (uint16_t)(opts->size - 1),
		.packed = opts->packed,
		.in_order = opts->in_order,
		.event_idx = opts->event_idx,
		.mergeable = opts->mergeable,
		.write = opts->write,
		.interrupts = opts->interrupts,
		.kick_fd = opts->kick_fd,
		.call_fd = opts->call_fd,
	};
	if (opts->mergeable && opts->write) {
		r->gather = calloc(1, XD_VIRTIO_RING_GATHER + XD_LINE);
		rc = r->gather ? 0 : -ENOMEM;
	}
	if (!rc && opts->guest)
		rc = xd_guest_ring_init(r, opts, base + l.buffers, guest_addr + l.buffers);
	else if (!rc)
		rc = init_static(r);
	if (rc) {
		xd_virtio_ring_fini(r);
		return rc;
	}
	interrupts_off(r);
	if (opts->write)
		r->ops->fill(r);
	return 0;
}

void
xd_virtio_ring_fini(struct xd_virtio_ring *r)
{
	xd_guest_ring_fini(r);
	free(r->ids);
	free(r->lens);
	free(r->gather);
	r->ids = NULL;
	r->lens = NULL;
	r->gather = NULL;
}

static void
load_static(struct xd_virtio_ring *r, struct xd_stream *stream)
{
	for (uint32_t i = 0; i < r->size; i++) {
		uint16_t id = r->ids[(r->avail_idx + i) & r->mask];
		uint8_t *frame = xd_virtio_ring_frame(r, id);

		r->lens[id] = r->send_bytes; /* a list's are set as they are written */
		if (!r->packed)
			r->desc[id].len = r->send_bytes;
		if (r->listed) {
			memset(frame - XD_VIRTIO_HEADER, 0, XD_VIRTIO_HEADER);
			continue;
		}
		memcpy(frame - XD_VIRTIO_HEADER, stream->header, XD_VIRTIO_HEADER);
		xd_stream_write_any(stream, frame, XD_TOUCH_FULL);
	}
}

int
xd_virtio_ring_load(struct xd_virtio_ring *r, struct xd_stream *stream)
{
	if (xd_virtio_ring_outstanding(r))
		return -EBUSY;
	r->listed = stream->list;
	r->send_bytes = XD_VIRTIO_HEADER + stream->size;
	if (r->guest)
		xd_guest_ring_load(r, stream);
	else
		load_static(r, stream);
	stream->next = 0;
	return 0;
}

/* As a guest's driver does: an interrupt is wanted when most of what is under way has been sent,
 * and without the event index only when there was no room. */
static void
want_interrupt_for_room(struct xd_virtio_ring *r, bool full)
{
	uint16_t out = xd_virtio_ring_out(r);

	if (r->event_idx)
		interrupts_on(r, (uint16_t)(r->used_idx + out * 3u / 4));
	else if (full)
		interrupts_on(r, r->used_idx);
	else
		interrupts_off(r);
}

uint16_t
xd_virtio_ring_send(
	struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	uint16_t sent = r->ops->send(r, stream, touch, n);

	if (__builtin_expect(r->interrupts, 0))
		want_interrupt_for_room(r, sent < n);
	else
		stay_off(r);
	return sent;
}

/* Like a guest's driver that sleeps until it is interrupted, then takes what comes without further
 * interrupts until nothing is left, asks for the next one and looks once more. */
static uint16_t
receive_interrupted(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts)
{
	uint64_t count;
	uint16_t got;

	if (r->waiting && read(r->call_fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return 0;
	if (r->waiting)
		interrupts_off(r);
	r->waiting = false;
	got = r->ops->receive(r, touch, size, n, counts);
	if (got)
		return got;
	interrupts_on(r, r->used_idx);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	got = r->ops->receive(r, touch, size, n, counts);
	if (got)
		interrupts_off(r);
	else
		r->waiting = true;
	return got;
}

uint16_t
xd_virtio_ring_receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts)
{
	if (__builtin_expect(r->interrupts, 0)) {
		n = receive_interrupted(r, touch, size, n, counts);
	} else {
		n = r->ops->receive(r, touch, size, n, counts);
	}
	if (n && !r->waiting)
		stay_off(r);
	return n;
}

uint16_t
xd_virtio_ring_outstanding(struct xd_virtio_ring *r)
{
	if (!r->write)
		r->ops->reclaim(r, r->size);
	return xd_virtio_ring_out(r);
}

void
xd_virtio_ring_kick(struct xd_virtio_ring *r)
{
	uint64_t one = 1;
	ssize_t rc;

	do
		rc = write(r->kick_fd, &one, sizeof(one)); /* an eventfd that does not block */
	while (rc < 0 && errno == EINTR);
}
