/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From frames to a guest's receive queue: the one copy.
 *
 * Nearly always one frame fills one buffer. A turn's buffers are read first, and the lines that
 * will be written asked for; not a turn earlier, as the dequeue does, because a receiver that walks
 * its buffers has its own prefetcher fetch them back before they are written. A frame that needs
 * several buffers (VIRTIO_NET_F_MRG_RXBUF) or one that is a chain goes the general way.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "frame/copy.h"
#include "virtqueue/split_device.h"

/* The virtio-net header (virtio 1.2, 5.1.6) of a frame that owes no offload: zeroes, and the
 * number of buffers. */
#define HEADER_BYTES       12
#define HEADER_NUM_BUFFERS 10

/* Results of writing a frame into buffers, beside 1 for done. */
#define NO_BUFFER    0
#define FAULT        (-1)
#define DOES_NOT_FIT (-2) /* a frame that this guest's buffers cannot hold */

/* A buffer being written, piece after piece, and the next buffer when it is full. */
struct writer {
	struct xd_vq_walk walk;
	struct xd_seg room;      /* what is left of the piece at hand */
	uint32_t written;        /* bytes in this buffer */
	uint16_t id;             /* of this buffer */
	uint16_t nb_buffers;     /* begun for this frame */
	uint8_t *num_buffers[2]; /* where the two bytes of that field lie */
};

/* Begins the next available buffer: 1, NO_BUFFER or FAULT. */
static int
next_buffer(struct xd_vq *vq, struct writer *w)
{
	uint16_t idx = vq->last_avail + w->nb_buffers;

	if (idx == vq->avail_seen) {
		vq->avail_seen = xd_vq_avail_idx(vq);
		if ((uint16_t)(vq->avail_seen - vq->last_avail) > vq->size)
			return xd_vq_break(vq, XD_VQ_AVAIL_JUMP);
		if (idx == vq->avail_seen)
			return 0;
	}
	w->id = xd_vq_avail_entry(vq, idx);
	if (w->id >= vq->size)
		return xd_vq_break(vq, XD_VQ_BAD_INDEX);
	xd_vq_walk_begin(vq, &w->walk, w->id, true);
	w->room.len = 0;
	w->written = 0;
	w->nb_buffers++;
	return 1;
}

/* Makes room in w->room: the next piece, or the next buffer. 1 or any of the results above. */
static int
more_room(struct xd_vq *vq, struct writer *w)
{
	int more = xd_vq_walk_next(vq, &w->walk, &w->room);

	if (more != 0)
		return more;
	/* The header has to be in the first buffer whole. */
	if (w->nb_buffers == 1 && w->written < HEADER_BYTES)
		return xd_vq_break(vq, XD_VQ_SHORT_BUFFER);
	if (!vq->mergeable || w->nb_buffers == vq->size)
		return DOES_NOT_FIT;
	xd_vq_put_used(vq, vq->used_idx + w->nb_buffers - 1, w->id, w->written);
	more = next_buffer(vq, w);
	return more <= 0 ? more : xd_vq_walk_next(vq, &w->walk, &w->room);
}

static int
write_bytes(struct xd_vq *vq, struct writer *w, const uint8_t *src, uint32_t len)
{
	while (len) {
		uint32_t n;

		if (w->room.len == 0) {
			int more = more_room(vq, w);

			if (more <= 0)
				return more;
		}
		n = RTE_MIN(len, w->room.len);
		rte_memcpy((uint8_t *)(uintptr_t)w->room.addr, src, n);
		w->room.addr += n;
		w->room.len -= n;
		w->written += n;
		src += n;
		len -= n;
	}
	return 1;
}

/* The header byte by byte, because even it may lie in pieces; remembers where num_buffers is. */
static int
write_header(struct xd_vq *vq, struct writer *w)
{
	static const uint8_t zero;

	for (unsigned i = 0; i < HEADER_BYTES; i++) {
		int more = write_bytes(vq, w, &zero, 1);

		if (more <= 0)
			return more;
		if (i >= HEADER_NUM_BUFFERS)
			w->num_buffers[i - HEADER_NUM_BUFFERS] =
				(uint8_t *)(uintptr_t)w->room.addr - 1;
	}
	return 1;
}

/* One frame into one or more buffers of any shape. Unless it returns 1, the guest keeps all of
 * them. */
static int
enqueue_chain(struct xd_vq *vq, struct xd_frame *f)
{
	struct writer w = {0};
	int more;

	more = next_buffer(vq, &w);
	if (more > 0)
		more = write_header(vq, &w);
	if (more > 0)
		more = write_bytes(vq, &w, xd_frame_data(f), f->head_len);
	for (unsigned i = 0; more > 0 && i < f->nb_segs; i++)
		more = write_bytes(vq, &w, f->segs[i].addr, f->segs[i].len);
	if (more <= 0)
		return more;
	*w.num_buffers[0] = (uint8_t)w.nb_buffers;
	*w.num_buffers[1] = (uint8_t)(w.nb_buffers >> 8);
	xd_vq_put_used(vq, vq->used_idx + w.nb_buffers - 1, w.id, w.written);
	vq->last_avail += w.nb_buffers;
	vq->used_idx += w.nb_buffers;
	/* The buffers behind it may have been read ahead. */
	vq->ahead.at = RTE_MIN(vq->ahead.at + w.nb_buffers, vq->ahead.n);
	return 1;
}

/* Reads the next available buffers and asks for the lines that will be written first. A header in a
 * line of its own is usually not written, see enqueue_simple, and then it is near. */
static inline uint16_t
look_ahead(struct xd_vq *vq)
{
	const struct xd_vq_ahead *a = &vq->ahead;
	uint16_t n = xd_vq_look_ahead(vq, XD_VRING_DESC_F_WRITE);

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!a->data[i]))
			continue;
		rte_prefetch0_write(a->data[i] + HEADER_BYTES);
	}
	return n;
}

/* One frame into one simple buffer with room for it. */
static inline void
enqueue_simple(uint8_t *data, struct xd_frame *f)
{
	static const uint8_t header[HEADER_BYTES] = {[HEADER_NUM_BUFFERS] = 1};
	uint8_t *dst = data + HEADER_BYTES;

	/* Drivers that keep the header out of the frame's line leave it as it was written the last
	 * time: then that line need not travel. */
	if (memcmp(data, header, HEADER_BYTES))
		memcpy(data, header, HEADER_BYTES);
	if (likely(f->head_len <= 128))
		xd_copy_short(dst, xd_frame_data(f), f->head_len);
	else
		rte_memcpy(dst, xd_frame_data(f), f->head_len);
	dst += f->head_len;
	for (unsigned i = 0; i < f->nb_segs; i++) {
		rte_memcpy(dst, f->segs[i].addr, f->segs[i].len);
		dst += f->segs[i].len;
	}
}

/* What a burst has put so far. */
struct put {
	uint64_t frames;
	uint64_t bytes;
};

/* Frames that each fit one simple buffer, as far as such buffers were read ahead. Returns the first
 * that does not, or n. */
static inline uint16_t
enqueue_run(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n, uint32_t max_frame,
	struct put *put)
{
	struct xd_vq_ahead *a = &vq->ahead;
	const uint16_t begin = a->at, limit = RTE_MIN(a->n - begin, (int)n);
	const uint16_t used_idx = vq->used_idx;
	uint64_t bytes = 0;
	uint16_t i;

	/* What the loop advances is in registers: through memory it would wait for itself. */
	for (i = 0; i < limit; i++) {
		struct xd_frame *f = frames[i];
		uint32_t len = f->len;
		uint8_t *data = a->data[begin + i];

		if (unlikely(len > max_frame || !data || a->len[begin + i] < len + HEADER_BYTES))
			break;
		enqueue_simple(data, f);
		xd_vq_put_used(vq, used_idx + i, a->id[begin + i], len + HEADER_BYTES);
		bytes += len;
	}
	a->at = begin + i;
	vq->used_idx = used_idx + i;
	vq->last_avail += i;
	put->frames += i;
	put->bytes += bytes;
	return i;
}

uint16_t
xd_vq_enqueue(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n, uint32_t max_frame,
	struct xd_counters *counters)
{
	struct xd_vq_ahead *a = &vq->ahead;
	struct put put = {0};
	uint16_t done = 0;
	int result;

	rte_spinlock_lock(&vq->lock);
	while (done < n) {
		if (a->at == a->n && look_ahead(vq) == 0)
			break;
		done += enqueue_run(vq, frames + done, n - done, max_frame, &put);
		if (likely(done == n))
			break;
		if (a->at == a->n)
			continue;
		result = frames[done]->len > max_frame ? DOES_NOT_FIT
						       : enqueue_chain(vq, frames[done]);
		if (result == NO_BUFFER || result == FAULT)
			break;
		if (result == DOES_NOT_FIT) {
			counters->drops[XD_DROP_MTU]++;
		} else {
			put.frames++;
			put.bytes += frames[done]->len;
		}
		done++;
	}
	/* Also after a fault: what was written before it is the guest's. */
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
	rte_spinlock_unlock(&vq->lock);
	counters->tx_frames += put.frames;
	counters->tx_bytes += put.bytes;
	return done;
}
