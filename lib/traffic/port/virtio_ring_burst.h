/* SPDX-License-Identifier: BSD-3-Clause */
/* The frames of a burst, for virtio_ring_split.c and virtio_ring_packed.c: all inline, so that each
 * kind of ring, touch and stream gets a loop of its own. */
#ifndef XD_TRAFFIC_PORT_VIRTIO_RING_BURST_H
#define XD_TRAFFIC_PORT_VIRTIO_RING_BURST_H

#include "traffic/port/virtio_ring.h"

#define XD_VIRTIO_RING_GATHER 65562 /* bytes of the longest frame: virtio 1.2, 5.1.6.3.1 */
#define XD_VIRTIO_RING_INLINE static inline __attribute__((always_inline))

/* A buffer that the device has given back. */
struct xd_virtio_ring_buffer {
	uint8_t *frame; /* behind the virtio-net header */
	uint32_t len;   /* bytes that the device wrote, header included */
	uint32_t room;  /* bytes that it could have */
	bool exact;     /* other buffers' lines are next to it: no byte but its own is read */
};

/* Takes what position `at` of the ring was given back with, read once. False: nothing is there yet,
 * or it is nonsense and the ring is broken. */
typedef bool (*xd_virtio_ring_take_fn)(
	struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b);

extern const struct xd_virtio_ring_ops xd_virtio_ring_split_ops, xd_virtio_ring_packed_ops;

XD_VIRTIO_RING_INLINE uint8_t *
xd_virtio_ring_frame(const struct xd_virtio_ring *r, uint16_t id)
{
	return r->frames + (size_t)id * r->stride;
}

/* What buffer `id` of a static ring was given back with. */
XD_VIRTIO_RING_INLINE struct xd_virtio_ring_buffer
xd_virtio_ring_buffer(const struct xd_virtio_ring *r, uint16_t id, uint32_t len)
{
	return (struct xd_virtio_ring_buffer){
		.frame = xd_virtio_ring_frame(r, id),
		.len = len,
		.room = r->room + XD_VIRTIO_HEADER,
	};
}

/* Buffers that the device has, as far as was looked. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_out(const struct xd_virtio_ring *r)
{
	return (uint16_t)(r->avail_idx - r->used_idx);
}

XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_free(const struct xd_virtio_ring *r)
{
	return (uint16_t)(r->size - xd_virtio_ring_out(r));
}

/* Past n positions that were taken. */
XD_VIRTIO_RING_INLINE void
xd_virtio_ring_move_on(struct xd_virtio_ring *r, uint16_t n)
{
	r->used_idx += n;
	r->known = r->known > n ? (uint16_t)(r->known - n) : 0;
}

/* Asks for the first line of the frames that n positions from `at` on hold, if the device gives
 * buffers back in order. */
XD_VIRTIO_RING_INLINE void
xd_virtio_ring_prefetch(const struct xd_virtio_ring *r, uint16_t at, uint16_t n, int write)
{
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *frame =
			xd_virtio_ring_frame(r, r->ids[(uint16_t)(at + i) & r->mask]);

		if (write)
			__builtin_prefetch(frame, 1);
		else
			__builtin_prefetch(frame, 0);
	}
}

XD_VIRTIO_RING_INLINE void
xd_virtio_ring_write_as(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch,
	enum xd_stream_vary vary, uint16_t n)
{
	uint16_t at = r->avail_idx;

	for (uint16_t i = 0; i < n; i++, at++)
		xd_stream_write(stream, xd_virtio_ring_frame(r, r->ids[at & r->mask]), touch, vary);
}

/* Frames of a list, whose lengths differ. */
XD_VIRTIO_RING_INLINE void
xd_virtio_ring_write_list(
	struct xd_virtio_ring *r, struct xd_stream *stream, bool whole, uint16_t n)
{
	uint16_t at = r->avail_idx;

	for (uint16_t i = 0; i < n; i++, at++) {
		uint16_t id = r->ids[at & r->mask];
		uint32_t bytes =
			XD_VIRTIO_HEADER + xd_list_stream_write(stream->list, &stream->schedule,
						   xd_virtio_ring_frame(r, id), whole);

		if (r->lens[id] == bytes)
			continue;
		r->lens[id] = bytes;
		if (!r->packed)
			r->desc[id].len = bytes;
	}
}

/* Writes the stream's next n frames into the buffers that are offered next. */
XD_VIRTIO_RING_INLINE void
xd_virtio_ring_write(
	struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	if (__builtin_expect(r->listed, 0))
		xd_virtio_ring_write_list(r, stream, touch == XD_TOUCH_FULL, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_NOTHING)
		xd_virtio_ring_write_as(r, stream, XD_TOUCH_FULL, XD_VARY_NOTHING, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_MACS)
		xd_virtio_ring_write_as(r, stream, XD_TOUCH_FULL, XD_VARY_MACS, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_L4)
		xd_virtio_ring_write_as(r, stream, XD_TOUCH_FULL, XD_VARY_L4, n);
	else if (touch != XD_TOUCH_NONE)
		xd_virtio_ring_write_as(r, stream, touch, stream->vary, n);
}

/* Buffers of the frame whose first is `frame`: more than one only with mergeable buffers. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_buffers(const uint8_t *frame, bool mergeable)
{
	uint16_t n;

	if (!mergeable)
		return 1;
	memcpy(&n, frame - 2, sizeof(n)); /* num_buffers is the header's last field */
	return n;
}

/* Reads `bytes` from `from` on: whole lines, unless these are others' too. */
XD_VIRTIO_RING_INLINE xd_line
xd_virtio_ring_read(const uint8_t *from, uint32_t bytes, bool exact)
{
	return exact ? xd_bytes_read(from, bytes) : xd_lines_read(from, xd_lines(bytes));
}

/* Reads a buffer that has no header: a frame's second or later. */
XD_VIRTIO_RING_INLINE xd_line
xd_virtio_ring_read_rest(const struct xd_virtio_ring_buffer *b)
{
	/* From the beginning of the line that the header would end in. */
	const uint32_t before = b->exact ? XD_VIRTIO_HEADER : XD_LINE;

	return xd_virtio_ring_read(b->frame - before, b->len + before - XD_VIRTIO_HEADER, b->exact);
}

/* Takes the buffers after the first of a frame that spans several; adds their bytes to *len. All of
 * them were given back before the first (section 2.8.9; of split rings, in one move of idx). With
 * `put`, which has the first one's, they are copied there. */
XD_VIRTIO_RING_INLINE bool
xd_virtio_ring_take_rest(struct xd_virtio_ring *r, uint16_t at, uint16_t n, enum xd_touch touch,
	uint32_t *len, struct xd_receive *counts, uint8_t *put, xd_virtio_ring_take_fn take)
{
	for (uint16_t i = 1; i < n; i++) {
		uint32_t room = XD_VIRTIO_RING_GATHER + XD_VIRTIO_HEADER - *len;
		struct xd_virtio_ring_buffer b;

		if (!take(r, (uint16_t)(at + i), &b) || b.len == 0 || b.len > b.room) {
			r->broken = true;
			return false;
		}
		/* Such a buffer has no header: its bytes begin where a header would. */
		if (put && b.len > room) {
			r->broken = true;
			return false;
		}
		if (put)
			memcpy(put + *len - XD_VIRTIO_HEADER, b.frame - XD_VIRTIO_HEADER, b.len);
		if (touch == XD_TOUCH_FULL)
			counts->sum ^= xd_virtio_ring_read_rest(&b);
		*len += b.len;
	}
	return true;
}

/* One frame at position `at`, of `there` buffers that may have been given back: returns the buffers
 * it takes, 0 when there is none or the ring is broken. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_receive_one(struct xd_virtio_ring *r, uint16_t at, uint16_t there,
	enum xd_touch touch, bool mergeable, uint32_t size, struct xd_receive *counts,
	xd_virtio_ring_take_fn take)
{
	struct xd_virtio_ring_buffer b;
	uint16_t buffers;
	uint32_t len;

	if (!take(r, at, &b))
		return 0;
	if (__builtin_expect(b.len < XD_VIRTIO_HEADER + 14 || b.len > b.room, 0)) {
		r->broken = true;
		return 0;
	}
	len = b.len;
	buffers = xd_virtio_ring_buffers(b.frame, mergeable);
	if (touch == XD_TOUCH_FULL)
		counts->sum ^= xd_virtio_ring_read(b.frame, len - XD_VIRTIO_HEADER, b.exact);
	else if (touch != XD_TOUCH_NONE)
		counts->sum ^= xd_lines_read(b.frame, 1);
	if (mergeable && __builtin_expect(buffers != 1, 0)) {
		if (buffers == 0 || buffers > there) {
			r->broken = true;
			return 0;
		}
		if (!xd_virtio_ring_take_rest(r, at, buffers, touch, &len, counts, NULL, take))
			return 0;
	}
	len -= XD_VIRTIO_HEADER;
	if (len == size && (touch == XD_TOUCH_NONE || xd_stream_is_ours(b.frame))) {
		counts->frames++;
		counts->bytes += len;
	} else {
		counts->foreign++;
	}
	return buffers;
}

/* The same for frames that are looked at closer: xd_receive_frame. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_receive_closer(struct xd_virtio_ring *r, uint16_t at, uint16_t there,
	enum xd_touch touch, struct xd_receive *counts, xd_virtio_ring_take_fn take)
{
	struct xd_virtio_ring_buffer b;
	const uint8_t *frame;
	uint16_t buffers;
	uint32_t len;

	if (!take(r, at, &b))
		return 0;
	if (r->packed) /* each is found by itself */
		xd_receive_begin(counts);
	frame = b.frame;
	len = b.len;
	buffers = xd_virtio_ring_buffers(frame, r->mergeable);
	if (len < XD_VIRTIO_HEADER + 14 || len > b.room || buffers == 0 || buffers > there) {
		r->broken = true;
		return 0;
	}
	if (touch == XD_TOUCH_FULL)
		counts->sum ^= xd_virtio_ring_read(frame, len - XD_VIRTIO_HEADER, b.exact);
	if (buffers > 1) {
		memcpy(r->gather, frame, len - XD_VIRTIO_HEADER);
		if (!xd_virtio_ring_take_rest(r, at, buffers, touch, &len, counts, r->gather, take))
			return 0;
		counts->header = frame - XD_VIRTIO_HEADER;
		counts->gathered = true;
		xd_receive_frame(counts, r->gather, len - XD_VIRTIO_HEADER);
		counts->header = NULL;
		counts->gathered = false;
		return buffers;
	}
	xd_receive_frame(counts, frame, len - XD_VIRTIO_HEADER);
	return buffers;
}

/* Frames behind the `done` buffers from used_idx on that were taken, until n are (the last frame
 * may take more) or no more are there. Returns how many buffers are taken. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_receive_list(struct xd_virtio_ring *r, uint16_t done, uint16_t n, uint16_t there,
	enum xd_touch touch, struct xd_receive *counts, xd_virtio_ring_take_fn take)
{
	xd_receive_begin(counts);
	while (done < n) {
		uint16_t took = xd_virtio_ring_receive_closer(r, (uint16_t)(r->used_idx + done),
			(uint16_t)(there - done), touch, counts, take);

		if (took == 0)
			break;
		done += took;
	}
	xd_receive_end(counts);
	return done;
}

/* The same of the synthetic stream. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_receive_as(struct xd_virtio_ring *r, uint16_t done, uint16_t n, uint16_t there,
	enum xd_touch touch, bool mergeable, uint32_t size, struct xd_receive *counts,
	xd_virtio_ring_take_fn take)
{
	struct xd_receive c = {0};

	while (done < n) {
		uint16_t took = xd_virtio_ring_receive_one(r, (uint16_t)(r->used_idx + done),
			(uint16_t)(there - done), touch, mergeable, size, &c, take);

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

/* The commonest case gets a loop of its own. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_receive_burst(struct xd_virtio_ring *r, uint16_t done, uint16_t n, uint16_t there,
	enum xd_touch touch, uint32_t size, struct xd_receive *counts, xd_virtio_ring_take_fn take)
{
	if (__builtin_expect(counts->kind != XD_RECEIVE_OURS, 0))
		return xd_virtio_ring_receive_list(r, done, n, there, touch, counts, take);
	if (!r->mergeable && touch == XD_TOUCH_FULL)
		return xd_virtio_ring_receive_as(
			r, done, n, there, XD_TOUCH_FULL, false, size, counts, take);
	return xd_virtio_ring_receive_as(
		r, done, n, there, touch, r->mergeable, size, counts, take);
}

/* The stream's next frames, at most n, into buffers that are free or can be had back. */
XD_VIRTIO_RING_INLINE uint16_t
xd_virtio_ring_send_burst(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch,
	uint16_t n, void (*reclaim)(struct xd_virtio_ring *r, uint16_t n),
	void (*publish)(struct xd_virtio_ring *r, uint16_t n))
{
	uint16_t want = n;

	if (r->broken)
		return 0;
	if (xd_virtio_ring_free(r) < 2 * n) /* the second half is prefetched below */
		reclaim(r, (uint16_t)(2 * n));
	if (xd_virtio_ring_free(r) < n)
		n = xd_virtio_ring_free(r);
	if (n == 0 || r->broken)
		return 0;
	xd_virtio_ring_write(r, stream, touch, n);
	publish(r, n);
	if (touch != XD_TOUCH_NONE)
		xd_virtio_ring_prefetch(r, r->avail_idx,
			xd_virtio_ring_free(r) < want ? xd_virtio_ring_free(r) : want, 1);
	return n;
}

#endif
