/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes behind a frame's snapshot that a verdict rests on: copied into the worker's memory, from
 * where the frame goes on. */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"
#include "frame/edit.h"

/* The pieces of the frame that follow its first len bytes behind the snapshot. False: there are
 * more of them than can be told. */
static bool
rest_of(struct xd_taken *taken, const struct xd_frame *f, uint32_t len, struct xd_seg *segs,
	uint16_t *nb_segs)
{
	for (uint8_t i = 0; i < f->nb_segs; i++) {
		const struct xd_seg *seg = &f->segs[i];

		if (len >= seg->len) {
			len -= seg->len;
			continue;
		}
		if (&segs[*nb_segs] == taken->segs + RTE_DIM(taken->segs) || *nb_segs == UINT8_MAX)
			return false;
		segs[(*nb_segs)++] = (struct xd_seg){seg->addr + len, seg->len - len};
		len = 0;
	}
	return true;
}

/* len bytes behind the snapshot come to lie at body, and are what is sent. */
static bool
take_body(struct xd_taken *taken, struct xd_frame *f, uint8_t *body, uint32_t len)
{
	const bool mine = f->nb_segs && f->segs[0].addr == body;
	const uint32_t have = mine ? f->segs[0].len : 0;
	struct xd_seg *segs = &taken->segs[taken->nb_segs];
	uint16_t nb_segs = 1;

	if (have >= len)
		return true;
	/* Nobody but us can write to an mbuf: that is sent as it is, and may be whole. */
	if (f->mbuf)
		return xd_frame_peek(f, f->head_len, body, len) == 0;
	if (taken->nb_segs == RTE_DIM(taken->segs) || !rest_of(taken, f, len, segs, &nb_segs) ||
		xd_frame_peek(f, f->head_len + have, body + have, len - have) < 0)
		return false;
	segs[0] = (struct xd_seg){body, len};
	taken->nb_segs += nb_segs;
	f->segs = segs;
	f->nb_segs = (uint8_t)nb_segs;
	return true;
}

const uint8_t *
xd_frame_take(struct xd_burst *b, uint16_t i, uint32_t upto)
{
	struct xd_taken *taken = &b->turn->taken;
	struct xd_frame *f;
	uint8_t *body;

	if (i >= b->n || upto > XD_TAKE_MAX || upto > b->frames[i]->len)
		return NULL;
	f = b->frames[i];
	body = taken->bytes[xd_turn_number(b->turn, f)] + XD_TAKE_BODY;
	if (upto > f->head_len && !take_body(taken, f, body, upto - f->head_len))
		return NULL;
	memcpy(body - f->head_len, xd_frame_data(f), f->head_len);
	return body - f->head_len;
}
