/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From frames to a guest's receive queue: the one copy.
 *
 * Like the dequeue, in passes over as many available buffers as there are frames: read entries and
 * descriptors, ask for the lines that will be written, write. Nearly always one frame fills one
 * buffer; a frame that needs several (VIRTIO_NET_F_MRG_RXBUF) or one that is a chain goes the
 * general way.
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
#define NO_BUFFER  0
#define FAULT      (-1)
#define DOES_NOT_FIT (-2) /* a frame that this guest's buffers cannot hold */

/* Buffers that were read ahead of the frames. */
struct ahead {
	uint8_t *data[XD_BATCH]; /* NULL: not a simple buffer */
	uint32_t room[XD_BATCH];
	uint16_t id[XD_BATCH];
	uint16_t n;
};

/* A buffer being written, piece after piece, and the next buffer when it is full. */
struct writer {
	struct xd_vq_walk walk;
	struct xd_seg room;  /* what is left of the piece at hand */
	uint32_t written;    /* bytes in this buffer */
	uint16_t id;         /* of this buffer */
	uint16_t nb_buffers; /* begun for this frame */
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
	return 1;
}

/* Reads an available buffer ahead for each of n frames, as far as there are, and asks for the lines
 * that will be written. */
static inline void
look_ahead(struct xd_vq *vq, struct ahead *a, struct xd_frame *const *frames, uint16_t n)
{
	uint16_t avail = vq->avail_seen - vq->last_avail;

	a->n = 0;
	if (avail < n) {
		vq->avail_seen = xd_vq_avail_idx(vq);
		avail = vq->avail_seen - vq->last_avail;
		if (unlikely(avail > vq->size)) {
			xd_vq_break(vq, XD_VQ_AVAIL_JUMP);
			return;
		}
		n = RTE_MIN(n, avail);
	}
	for (uint16_t i = 0; i < n; i++) {
		a->id[i] = xd_vq_avail_entry(vq, vq->last_avail + i);
		if (unlikely(a->id[i] >= vq->size)) {
			xd_vq_break(vq, XD_VQ_BAD_INDEX);
			n = i;
		}
	}
	for (uint16_t i = 0; i < n; i++) {
		struct xd_vring_desc d = xd_vq_read_desc(&vq->desc[a->id[i]]);

		a->data[i] = xd_vq_simple(vq, &d, XD_VRING_DESC_F_WRITE);
		a->room[i] = d.len;
		if (likely(a->data[i])) {
			rte_prefetch0(a->data[i]);
			rte_prefetch0_write(a->data[i] + HEADER_BYTES);
			if (frames[i]->len > 64)
				rte_prefetch0_write(a->data[i] + HEADER_BYTES + 64);
		}
	}
	a->n = n;
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

uint16_t
xd_vq_enqueue(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n, uint32_t max_frame,
	struct xd_counters *counters)
{
	struct ahead a;
	uint64_t frames_put = 0, bytes_put = 0;
	uint16_t done, at = 0;
	int result;

	rte_spinlock_lock(&vq->lock);
	look_ahead(vq, &a, frames, n);
	for (done = 0; done < n; done++) {
		struct xd_frame *f = frames[done];

		if (unlikely(f->len > max_frame)) {
			counters->drops[XD_DROP_MTU]++;
			continue;
		}
		if (likely(at < a.n && a.data[at] && a.room[at] >= f->len + HEADER_BYTES)) {
			enqueue_simple(a.data[at], f);
			xd_vq_put_used(vq, vq->used_idx, a.id[at], f->len + HEADER_BYTES);
			vq->used_idx++;
			vq->last_avail++;
			at++;
			frames_put++;
			bytes_put += f->len;
			continue;
		}
		result = enqueue_chain(vq, f);
		if (result == NO_BUFFER || result == FAULT)
			break;
		if (result == DOES_NOT_FIT) {
			counters->drops[XD_DROP_MTU]++;
		} else {
			frames_put++;
			bytes_put += f->len;
		}
		/* It took as many buffers as it needed: begin anew behind them. */
		look_ahead(vq, &a, frames + done + 1, n - done - 1);
		at = 0;
	}
	/* Also after a fault: what was written before it is the guest's. */
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
	rte_spinlock_unlock(&vq->lock);
	counters->tx_frames += frames_put;
	counters->tx_bytes += bytes_put;
	return done;
}
