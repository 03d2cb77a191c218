/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One frame into a guest's receive queue by the general way: over any number of buffers
 * (VIRTIO_NET_F_MRG_RXBUF), each of which may be a chain, with every page written logged during
 * migration. What enqueue.c does not do in its loop over simple buffers.
 */
#include "frame/copy.h"
#include "virtqueue/put.h"
#include "virtqueue/packed_ring.h"
#include "virtqueue/split_ring.h"

/* A buffer being written, piece after piece, and the next buffer when it is full. */
struct writer {
	struct xd_vq_walk walk;
	struct xd_seg room;      /* what is left of the piece at hand, */
	uint64_t room_addr;      /* and its guest address */
	uint32_t written;        /* bytes in this buffer */
	uint16_t pos;            /* of the next buffer */
	uint16_t nb_buffers;     /* begun for this frame */
	uint8_t *num_buffers[2]; /* where the two bytes of that field lie, */
	uint64_t num_buffers_addr[2];
};

/* Finds the available buffer at w->pos: 1, or a result of xd_vq_put_frame. */
static int
find_buffer(struct xd_vq *vq, struct writer *w, uint16_t *head, struct xd_vq_put *put)
{
	uint16_t flags;
	int descs = 1;

	if (!vq->packed) {
		int id;

		if (xd_split_pending(vq, w->pos, 1) == 0)
			return vq->fault ? XD_VQ_PUT_FAULT : XD_VQ_PUT_NO_BUFFER;
		id = xd_split_head(vq, w->pos);
		if (id < 0)
			return XD_VQ_PUT_FAULT;
		*head = put->id = (uint16_t)id;
		w->pos++;
		return 1;
	}
	*head = xd_packed_index(w->pos);
	put->id = xd_packed_read(&vq->ring[*head], &flags).next;
	if (!xd_packed_is_avail(flags, w->pos & XD_PACKED_WRAP))
		return XD_VQ_PUT_NO_BUFFER;
	if (flags & XD_VRING_DESC_F_NEXT)
		descs = xd_packed_chain(vq, w->pos, &put->id);
	if (descs < 0)
		return XD_VQ_PUT_FAULT;
	put->descs = (uint16_t)descs;
	w->pos = xd_packed_add(w->pos, put->descs, vq->size);
	return 1;
}

/* Begins the next available buffer: 1, or a result of xd_vq_put_frame. */
static int
next_buffer(struct xd_vq *vq, struct writer *w)
{
	struct xd_vq_put *put = &vq->puts[w->nb_buffers];
	uint16_t head = 0;
	int found;

	/* To find a packed ring's chain is to read all of it. */
	if (vq->walked >= XD_VQ_PUT_MAX)
		return XD_VQ_PUT_SCATTERED;
	found = find_buffer(vq, w, &head, put);
	if (found <= 0)
		return found;
	vq->walked += vq->packed ? put->descs : 1;
	xd_vq_walk_begin(vq, &w->walk, head, put->descs, true);
	w->room.len = 0;
	w->written = 0;
	w->nb_buffers++;
	return 1;
}

static int
next_piece(struct xd_vq *vq, struct writer *w)
{
	int more;

	if (vq->walked++ >= XD_VQ_PUT_MAX)
		return XD_VQ_PUT_SCATTERED;
	more = xd_vq_walk_next(vq, &w->walk, &w->room);
	w->room_addr = w->walk.addr - w->room.len;
	return more < 0 ? XD_VQ_PUT_FAULT : more;
}

/* Makes room in w->room: the next piece, or the next buffer. 1 or any of the results above. */
static int
more_room(struct xd_vq *vq, struct writer *w)
{
	int more = next_piece(vq, w);

	if (more != 0)
		return more;
	/* The header has to be in the first buffer whole. */
	if (w->nb_buffers == 1 && w->written < XD_VQ_HDR_BYTES) {
		xd_vq_break(vq, XD_VQ_SHORT_BUFFER);
		return XD_VQ_PUT_FAULT;
	}
	if (!vq->mergeable || w->nb_buffers == RTE_MIN(vq->size, XD_VQ_MERGE_MAX))
		return XD_VQ_PUT_TOO_LONG;
	vq->puts[w->nb_buffers - 1].len = w->written;
	more = next_buffer(vq, w);
	return more <= 0 ? more : next_piece(vq, w);
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
		xd_copy_body((uint8_t *)(uintptr_t)w->room.addr, src, n);
		xd_vq_log(vq, w->room_addr, n);
		w->room.addr += n;
		w->room.len -= n;
		w->room_addr += n;
		w->written += n;
		src += n;
		len -= n;
	}
	return 1;
}

/* The header byte by byte, because even it may lie in pieces; remembers where num_buffers is. */
static int
write_header(struct xd_vq *vq, struct writer *w, struct xd_net_header header)
{
	uint8_t bytes[XD_VQ_HDR_BYTES];

	memcpy(bytes, &header.first, sizeof(header.first));
	memcpy(bytes + 8, &header.second, sizeof(header.second));
	for (unsigned i = 0; i < XD_VQ_HDR_BYTES; i++) {
		int more = write_bytes(vq, w, &bytes[i], 1);

		if (more <= 0)
			return more;
		if (i >= XD_VQ_HDR_BYTES - 2) {
			unsigned k = i - (XD_VQ_HDR_BYTES - 2);

			w->num_buffers[k] = (uint8_t *)(uintptr_t)w->room.addr - 1;
			w->num_buffers_addr[k] = w->room_addr - 1;
		}
	}
	return 1;
}

static void
write_num_buffers(struct xd_vq *vq, const struct writer *w)
{
	for (unsigned k = 0; k < 2; k++) {
		*w->num_buffers[k] = (uint8_t)(w->nb_buffers >> 8 * k);
		/* Its page may have been sent on since it was noted. */
		xd_vq_log(vq, w->num_buffers_addr[k], 1);
	}
}

/* Gives the n buffers in vq->puts back to the guest, which sees all of them or none. */
static void
give(struct xd_vq *vq, uint16_t n)
{
	uint16_t pos[XD_VQ_MERGE_MAX], descs[XD_VQ_MERGE_MAX], at = vq->used_idx;

	if (!vq->packed) {
		for (uint16_t i = 0; i < n; i++)
			xd_split_put_used(vq, at++, vq->puts[i].id, vq->puts[i].len);
		vq->used_idx = at;
		return;
	}
	for (uint16_t i = 0; i < n; i++) {
		pos[i] = at;
		descs[i] = vq->puts[i].descs;
		at = xd_packed_add(at, descs[i], vq->size);
		vq->since_notified += descs[i];
	}
	xd_packed_record_intent(vq, descs, n);
	/* The first one last: the guest looks at the others once it has seen that. */
	for (uint16_t i = n; i-- > 0;)
		xd_packed_put_used(
			vq, pos[i], vq->puts[i].id, vq->puts[i].len, XD_VRING_DESC_F_WRITE);
	vq->used_idx = at;
	xd_packed_record_position(vq);
}

int
xd_vq_put_frame(struct xd_vq *vq, struct xd_frame *f, struct xd_net_header header)
{
	struct writer w = {.pos = vq->last_avail};
	int more;

	more = next_buffer(vq, &w);
	if (more > 0)
		more = write_header(vq, &w, header);
	if (more > 0)
		more = write_bytes(vq, &w, xd_frame_data(f), f->head_len);
	for (unsigned i = 0; more > 0 && i < f->nb_segs; i++)
		more = write_bytes(vq, &w, f->segs[i].addr, f->segs[i].len);
	if (more <= 0)
		return more;
	write_num_buffers(vq, &w);
	vq->puts[w.nb_buffers - 1].len = w.written;
	give(vq, w.nb_buffers);
	vq->last_avail = w.pos;
	/* The buffers behind it may have been read ahead. */
	vq->ahead.at = RTE_MIN(vq->ahead.at + w.nb_buffers, vq->ahead.n);
	return 1;
}

uint16_t
xd_vq_room_locked(struct xd_vq *vq, uint16_t wanted)
{
	uint16_t n, pos = vq->last_avail, flags;

	if (!vq->packed)
		return xd_split_pending(vq, pos, wanted);
	/* Descriptors, which are no fewer than buffers; chains are the exception. */
	for (n = 0; n < RTE_MIN(wanted, vq->size); n++) {
		xd_packed_read(&vq->ring[xd_packed_index(pos)], &flags);
		if (!xd_packed_is_avail(flags, pos & XD_PACKED_WRAP))
			break;
		pos = xd_packed_add(pos, 1, vq->size);
	}
	return n;
}
