/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "traffic/offer_ring.h"

#define PAGE 4096

/* How far used_idx may run before used_event is moved: the event stays ahead of it always. */
#define EVENT_STEP 16384

struct layout {
	size_t desc, avail, used, buffers, bytes;
	uint32_t room, stride;
};

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* The entries of both rings begin on a cache line and their idx lies at the end of the line before:
 * a burst of 32 then takes four lines of the used ring, none of them shared with idx. */
static struct layout
lay_out(const struct xd_offer_opts *opts)
{
	struct layout l;

	l.room = (uint32_t)round_up(opts->room, XD_LINE);
	l.stride = l.room + XD_LINE;
	if (l.stride / XD_LINE % 2 == 0)
		l.stride += XD_LINE;
	l.desc = 0;
	l.avail = round_up(xd_vring_desc_bytes(opts->size), PAGE) + XD_LINE -
		  sizeof(struct xd_vring_avail);
	l.used = round_up(l.avail + xd_vring_avail_bytes(opts->size), PAGE) + XD_LINE -
		 sizeof(struct xd_vring_used);
	l.buffers = round_up(l.used + xd_vring_used_bytes(opts->size), PAGE) + XD_LINE;
	l.bytes = round_up(l.buffers + (size_t)l.stride * opts->size, PAGE);
	return l;
}

size_t
xd_offer_ring_bytes(const struct xd_offer_opts *opts)
{
	return lay_out(opts).bytes;
}

static void
publish(struct xd_offer_ring *r, uint16_t n)
{
	r->avail_idx += n;
	__atomic_store_n(&r->avail->idx, r->avail_idx, __ATOMIC_RELEASE);
}

int
xd_offer_ring_init(struct xd_offer_ring *r, const struct xd_offer_opts *opts, void *memory,
	uint64_t guest_addr)
{
	struct layout l = lay_out(opts);
	uint8_t *base = memory;

	*r = (struct xd_offer_ring){
		.desc = (struct xd_vring_desc *)(base + l.desc),
		.avail = (struct xd_vring_avail *)(base + l.avail),
		.used = (struct xd_vring_used *)(base + l.used),
		.frames = base + l.buffers,
		.stride = l.stride,
		.room = l.room,
		.size = opts->size,
		.mask = (uint16_t)(opts->size - 1),
		.write = opts->write,
		.event_idx = opts->event_idx,
		.mergeable = opts->mergeable,
		.kick_fd = opts->kick_fd,
	};
	r->ids = calloc(opts->size, sizeof(*r->ids));
	if (!r->ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < opts->size; i++) {
		r->desc[i] = (struct xd_vring_desc){
			.addr = guest_addr + l.buffers + (uint64_t)i * l.stride - XD_OFFER_HEADER,
			.len = XD_OFFER_HEADER + l.room,
			.flags = opts->write ? XD_VRING_DESC_F_WRITE : 0,
		};
		r->ids[i] = (uint16_t)i;
		r->avail->ring[i] = (uint16_t)i;
	}
	if (r->event_idx)
		*xd_vring_used_event(r->avail, r->size) = UINT16_MAX;
	else
		r->avail->flags = XD_VRING_AVAIL_F_NO_INTERRUPT;
	if (opts->write)
		publish(r, opts->size);
	return 0;
}

void
xd_offer_ring_fini(struct xd_offer_ring *r)
{
	free(r->ids);
	r->ids = NULL;
}

/* Polling needs no interrupt: keeps used_event behind us, where used idx does not come by. */
static inline void
move_event(struct xd_offer_ring *r)
{
	if (!r->event_idx || (uint16_t)(r->used_idx - r->event_set) < EVENT_STEP)
		return;
	r->event_set = r->used_idx;
	__atomic_store_n(xd_vring_used_event(r->avail, r->size), (uint16_t)(r->used_idx - 1),
		__ATOMIC_RELAXED);
}

/* Entries that the device has given back and that were not looked at. More than were offered
 * breaks the ring. */
static inline uint16_t
given_back(struct xd_offer_ring *r)
{
	uint16_t n = (uint16_t)(__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) - r->used_idx);

	if (__builtin_expect(n > (uint16_t)(r->avail_idx - r->used_idx), 0))
		r->broken = true;
	return r->broken ? 0 : n;
}

/* One used element, read once: its bytes in *len. False for an id that is none. */
static inline __attribute__((always_inline)) bool
take(struct xd_offer_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	uint16_t slot = at & r->mask;
	struct xd_vring_used_elem elem;

	memcpy(&elem, &r->used->ring[slot], sizeof(elem));
	*len = elem.len;
	*id = (uint16_t)elem.id;
	if (__builtin_expect(elem.id == r->ids[slot], 1))
		return true;
	if (elem.id >= r->size) {
		r->broken = true;
		return false;
	}
	r->ids[slot] = *id;
	__atomic_store_n(&r->avail->ring[slot], *id, __ATOMIC_RELAXED);
	return true;
}

static inline __attribute__((always_inline)) uint8_t *
frame_at(const struct xd_offer_ring *r, uint16_t id)
{
	return r->frames + (size_t)id * r->stride;
}

/* Asks for the used elements of the n positions from `at` on. */
static inline __attribute__((always_inline)) void
prefetch_used(const struct xd_offer_ring *r, uint16_t at, uint16_t n)
{
	for (uint16_t i = 0; i < n; i += XD_LINE / sizeof(struct xd_vring_used_elem))
		__builtin_prefetch(&r->used->ring[(uint16_t)(at + i) & r->mask]);
}

/* Asks for the first line of the frames that n positions from `at` on hold, if the device gives
 * buffers back in order. */
static inline __attribute__((always_inline)) void
prefetch_frames(const struct xd_offer_ring *r, uint16_t at, uint16_t n, int write)
{
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *frame = frame_at(r, r->ids[(uint16_t)(at + i) & r->mask]);

		if (write)
			__builtin_prefetch(frame, 1);
		else
			__builtin_prefetch(frame, 0);
	}
}

/* Takes back at most n buffers that the device has sent. */
static inline void
reclaim(struct xd_offer_ring *r, uint16_t n)
{
	uint16_t there = given_back(r);
	uint32_t len;
	uint16_t id;

	if (n > there)
		n = there;
	for (uint16_t i = 0; i < n; i++)
		if (!take(r, (uint16_t)(r->used_idx + i), &id, &len))
			return;
	r->used_idx += n;
	prefetch_used(r, r->used_idx, (uint16_t)(there - n) < n ? (uint16_t)(there - n) : n);
	move_event(r);
}

static inline uint16_t
free_entries(const struct xd_offer_ring *r)
{
	return (uint16_t)(r->size - (uint16_t)(r->avail_idx - r->used_idx));
}

int
xd_offer_ring_load(struct xd_offer_ring *r, struct xd_stream *stream)
{
	if (xd_offer_ring_outstanding(r))
		return -EBUSY;
	for (uint32_t i = 0; i < r->size; i++) {
		uint16_t id = r->ids[(r->avail_idx + i) & r->mask];

		r->desc[id].len = XD_OFFER_HEADER + stream->size;
		xd_stream_write_any(stream, frame_at(r, id), XD_TOUCH_FULL);
	}
	stream->next = 0;
	return 0;
}

static inline __attribute__((always_inline)) void
write_burst(struct xd_offer_ring *r, struct xd_stream *stream, enum xd_touch touch,
	enum xd_stream_vary vary, uint16_t n)
{
	uint16_t at = r->avail_idx;

	for (uint16_t i = 0; i < n; i++, at++)
		xd_stream_write(stream, frame_at(r, r->ids[at & r->mask]), touch, vary);
}

uint16_t
xd_offer_ring_send(
	struct xd_offer_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	uint16_t want = n;

	if (free_entries(r) < 2 * n) /* the second half is prefetched below */
		reclaim(r, (uint16_t)(2 * n));
	if (free_entries(r) < n)
		n = free_entries(r);
	if (n == 0 || r->broken)
		return 0;
	if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_NOTHING)
		write_burst(r, stream, XD_TOUCH_FULL, XD_VARY_NOTHING, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_MACS)
		write_burst(r, stream, XD_TOUCH_FULL, XD_VARY_MACS, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_L4)
		write_burst(r, stream, XD_TOUCH_FULL, XD_VARY_L4, n);
	else if (touch != XD_TOUCH_NONE)
		write_burst(r, stream, touch, stream->vary, n);
	publish(r, n);
	if (touch != XD_TOUCH_NONE)
		prefetch_frames(
			r, r->avail_idx, free_entries(r) < want ? free_entries(r) : want, 1);
	return n;
}

/* Buffers of the frame whose first is `frame`: more than one only with mergeable buffers. */
static inline __attribute__((always_inline)) uint16_t
buffers_of(const uint8_t *frame, bool mergeable)
{
	uint16_t n;

	if (!mergeable)
		return 1;
	memcpy(&n, frame - 2, sizeof(n)); /* num_buffers is the header's last field */
	return n;
}

/* Takes the buffers after the first of a frame that spans several; adds their bytes to *len. */
static bool
take_rest(struct xd_offer_ring *r, uint16_t at, uint16_t n, enum xd_touch touch, uint32_t *len,
	struct xd_receive_counts *counts)
{
	for (uint16_t i = 1; i < n; i++) {
		uint32_t bytes;
		uint16_t id;

		if (!take(r, (uint16_t)(at + i), &id, &bytes))
			return false;
		if (bytes == 0 || bytes > r->room + XD_OFFER_HEADER) {
			r->broken = true;
			return false;
		}
		/* Such a buffer has no header: its bytes begin where a header would. */
		if (touch == XD_TOUCH_FULL) {
			const uint8_t *from = frame_at(r, id) - XD_LINE;

			counts->sum ^=
				xd_lines_read(from, xd_lines(bytes + XD_LINE - XD_OFFER_HEADER));
		}
		*len += bytes;
	}
	return true;
}

/* One frame at position `at`: returns the buffers it takes, 0 when it is not all there or the ring
 * is broken. */
static inline __attribute__((always_inline)) uint16_t
receive_one(struct xd_offer_ring *r, uint16_t at, uint16_t n, enum xd_touch touch, bool mergeable,
	uint32_t size, struct xd_receive_counts *counts)
{
	uint16_t id, buffers;
	uint32_t len;
	uint8_t *frame;

	if (!take(r, at, &id, &len))
		return 0;
	if (__builtin_expect(len < XD_OFFER_HEADER + 14 || len > r->room + XD_OFFER_HEADER, 0)) {
		r->broken = true;
		return 0;
	}
	frame = frame_at(r, id);
	buffers = buffers_of(frame, mergeable);
	if (touch != XD_TOUCH_NONE)
		counts->sum ^= xd_lines_read(
			frame, touch == XD_TOUCH_FULL ? xd_lines(len - XD_OFFER_HEADER) : 1);
	if (mergeable && __builtin_expect(buffers != 1, 0)) {
		if (buffers == 0 || buffers > n) {
			r->broken = true;
			return 0;
		}
		if (!take_rest(r, at, buffers, touch, &len, counts))
			return 0;
	}
	len -= XD_OFFER_HEADER;
	if (len == size && (touch == XD_TOUCH_NONE || xd_stream_is_ours(frame))) {
		counts->frames++;
		counts->bytes += len;
	} else {
		counts->foreign++;
	}
	return buffers;
}

static inline __attribute__((always_inline)) uint16_t
receive_burst(struct xd_offer_ring *r, uint16_t n, uint16_t there, enum xd_touch touch,
	bool mergeable, uint32_t size, struct xd_receive_counts *counts)
{
	struct xd_receive_counts c = {0};
	uint16_t done = 0;

	while (done < n) {
		uint16_t took = receive_one(r, (uint16_t)(r->used_idx + done),
			(uint16_t)(there - done), touch, mergeable, size, &c);

		if (took == 0)
			break;
		done += took;
	}
	counts->frames += c.frames;
	counts->bytes += c.bytes;
	counts->foreign += c.foreign;
	counts->sum ^= c.sum;
	return done;
}

uint16_t
xd_offer_ring_receive(struct xd_offer_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive_counts *counts)
{
	uint16_t there = given_back(r);
	uint16_t next;

	if (there == 0)
		return 0;
	if (n > there)
		n = there;
	next = (uint16_t)(there - n) < n ? (uint16_t)(there - n) : n;
	prefetch_used(r, (uint16_t)(r->used_idx + n), next);
	if (touch != XD_TOUCH_NONE)
		prefetch_frames(r, (uint16_t)(r->used_idx + n), next, 0);
	if (!r->mergeable && touch == XD_TOUCH_FULL)
		n = receive_burst(r, n, there, XD_TOUCH_FULL, false, size, counts);
	else
		n = receive_burst(r, n, there, touch, r->mergeable, size, counts);
	r->used_idx += n;
	publish(r, n);
	move_event(r);
	return n;
}

uint16_t
xd_offer_ring_outstanding(struct xd_offer_ring *r)
{
	if (!r->write)
		reclaim(r, r->size);
	return (uint16_t)(r->avail_idx - r->used_idx);
}

void
xd_offer_ring_kick(struct xd_offer_ring *r)
{
	uint64_t one = 1;
	ssize_t rc;

	do
		rc = write(r->kick_fd, &one, sizeof(one)); /* an eventfd that does not block */
	while (rc < 0 && errno == EINTR);
}
