/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic/port/virtio_ring_burst.h"

/* The driver's and the device's wrap counter alike: 1 in the first lap, 0 in the second (section
 * 2.8.1). */
XD_VIRTIO_RING_INLINE bool
wrap_at(const struct xd_virtio_ring *r, uint16_t at)
{
	return !(at & r->size);
}

/* Offers what position `at` holds. */
XD_VIRTIO_RING_INLINE void
offer(struct xd_virtio_ring *r, uint16_t at, uint32_t bytes)
{
	uint16_t slot = at & r->mask, id = r->ids[slot];
	uint16_t flags =
		(uint16_t)((wrap_at(r, at) ? XD_PACKED_DESC_F_AVAIL : XD_PACKED_DESC_F_USED) |
			   (r->write ? XD_VRING_DESC_F_WRITE : 0));
	uint64_t *words = (uint64_t *)(void *)&r->ring[slot];

	/* The address too: a device may have written there. */
	words[0] = r->guest_addr + (uint64_t)id * r->stride;
	__atomic_store_n(
		&words[1], bytes | (uint64_t)id << 32 | (uint64_t)flags << 48, __ATOMIC_RELEASE);
}

void
xd_virtio_ring_packed_publish(struct xd_virtio_ring *r, uint16_t n)
{
	uint32_t bytes = r->write ? r->room + XD_VIRTIO_HEADER : r->send_bytes;

	if (__builtin_expect(r->listed, 0))
		for (uint16_t i = n; i-- > 0;) {
			uint16_t at = (uint16_t)(r->avail_idx + i);

			offer(r, at, r->lens[r->ids[at & r->mask]]);
		}
	else
		for (uint16_t i = n; i-- > 0;)
			offer(r, (uint16_t)(r->avail_idx + i), bytes);
	r->avail_idx += n;
}

/* The descriptor at `at`, read once; false when it is not used. */
XD_VIRTIO_RING_INLINE bool
read_used(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	const uint64_t *words = (const uint64_t *)(const void *)&r->ring[at & r->mask];
	uint64_t word = __atomic_load_n(&words[1], __ATOMIC_ACQUIRE);

	*len = (uint32_t)word;
	*id = (uint16_t)(word >> 32);
	if (!xd_packed_is_used((uint16_t)(word >> 48), wrap_at(r, at)))
		return false;
	if (__builtin_expect(*id >= r->size, 0))
		r->broken = true;
	return !r->broken;
}

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	if (!read_used(r, at, id, len))
		return false;
	r->ids[at & r->mask] = *id;
	return true;
}

/* In order, one descriptor may stand for several buffers: it lies where the first of them did, and
 * names the last (section 2.8.8). Those before the last were written full. */
XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	uint16_t ahead = (uint16_t)(at - r->used_idx), slot = at & r->mask, last;

	if (ahead >= r->known) {
		uint16_t batch;

		if (!read_used(r, at, &last, &r->known_len))
			return false;
		batch = (uint16_t)(((last - r->ids[slot]) & r->mask) + 1);
		if (batch > (uint16_t)(r->avail_idx - at)) {
			r->broken = true;
			return false;
		}
		r->known = (uint16_t)(ahead + batch);
	}
	*id = r->ids[slot];
	*len = ahead + 1 == r->known ? r->known_len : r->room + XD_VIRTIO_HEADER;
	return true;
}

static inline void
move_on(struct xd_virtio_ring *r, uint16_t n)
{
	r->used_idx += n;
	r->known = r->known > n ? (uint16_t)(r->known - n) : 0;
}

void
xd_virtio_ring_packed_reclaim(struct xd_virtio_ring *r, uint16_t n)
{
	uint16_t done = 0, id;
	uint32_t len;

	if (n > xd_virtio_ring_out(r))
		n = xd_virtio_ring_out(r);
	if (r->in_order)
		while (done < n && take_in_order(r, (uint16_t)(r->used_idx + done), &id, &len))
			done++;
	else
		while (done < n && take(r, (uint16_t)(r->used_idx + done), &id, &len))
			done++;
	move_on(r, done);
}

uint16_t
xd_virtio_ring_packed_send(
	struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	return xd_virtio_ring_send_burst(
		r, stream, touch, n, xd_virtio_ring_packed_reclaim, xd_virtio_ring_packed_publish);
}

uint16_t
xd_virtio_ring_packed_receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size,
	uint16_t n, struct xd_receive *counts)
{
	uint16_t out = xd_virtio_ring_out(r), id;
	uint32_t len;

	if (n > out)
		n = out;
	if (n == 0 || r->broken)
		return 0;
	/* Frames that are there, and no descriptor beyond them but one. Descriptors found used stay
	 * so: what is taken below is what was seen here, or the same again. */
	if (touch != XD_TOUCH_NONE && !r->in_order)
		for (uint16_t i = 0; i < n; i++) {
			if (!read_used(r, (uint16_t)(r->used_idx + i), &id, &len))
				break;
			__builtin_prefetch(xd_virtio_ring_frame(r, id));
		}
	if (r->broken)
		return 0;
	if (r->in_order)
		n = xd_virtio_ring_receive_burst(r, n, out, touch, size, counts, take_in_order);
	else
		n = xd_virtio_ring_receive_burst(r, n, out, touch, size, counts, take);
	move_on(r, n);
	xd_virtio_ring_packed_publish(r, n);
	return n;
}
