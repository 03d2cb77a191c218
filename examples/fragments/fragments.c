/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments that wait for the first of their datagram. */
#include "fragments.h"

#include <errno.h>

#define DATAGRAMS 4096 /* in fragments, at a time */

/* Of what waited in vain. When the switch has gone, so have its buffers. */
static void
release(void *ctx, void *kept)
{
	if (!((struct fragments *)ctx)->stopped)
		xd_kept_free((struct xd_kept *)kept);
}

int
fragments_start(struct fragments *fr, struct xd_error *err)
{
	struct xd_ct_fragments_opts opts = {.size = sizeof(opts),
		.max_datagrams = DATAGRAMS,
		.max_kept = FRAGMENTS_KEPT,
		.node = -1,
		.release = release,
		.ctx = fr};

	fr->table = xd_ct_fragments_create(fr->ct, &opts, err);
	return fr->table ? 0 : err->code;
}

void
fragments_stop(struct fragments *fr)
{
	fr->stopped = true;
	xd_ct_fragments_destroy(fr->table);
}

void
fragments_look(struct fragments *fr, struct xd_burst *b, uint16_t i, struct xd_ct_packet *p,
	const struct xd_headers *h, uint64_t now)
{
	if (xd_ct_fragment(fr->table, p, b->frames[i], h, now) == XD_CT_PART_EARLY)
		xd_burst_keep(b, i);
}

/* true: it waits on. */
static bool
waits(struct fragments *fr, struct xd_kept *kept, struct xd_ct_packet *p,
	const struct xd_headers *h, uint64_t now)
{
	struct xd_frame *f = xd_kept_frame(kept);
	int rc;

	/* Its first may come meanwhile, by another worker. */
	do {
		xd_ct_packet_init(p, f, h, 0);
		if (xd_ct_fragment(fr->table, p, f, h, now) != XD_CT_PART_EARLY)
			return false;
		rc = xd_ct_fragment_keep(fr->table, p, kept, now);
	} while (rc == -EAGAIN);
	return rc == 0;
}

/* Waits until the first has come, and then shares its fate. */
static void
judge(struct fragments *fr, const struct xd_burst *b, struct xd_kept *kept, uint64_t now)
{
	struct xd_ct_packet p;
	struct xd_headers h;

	xd_headers_parse(xd_kept_frame(kept), &h);
	if (waits(fr, kept, &p, &h, now))
		return;
	xd_ct_track(fr->ct, b->worker, &p, 1, now);
	if (p.known && p.state != XD_CT_INVALID)
		fr->pass(fr->ctx, b, kept, &p, &h);
	else
		xd_kept_free(kept);
}

void
fragments_rest(struct fragments *fr, const struct xd_burst *b, uint16_t i,
	const struct xd_headers *h, uint64_t now)
{
	void *kept[XD_CT_KEPT];
	const unsigned n = xd_ct_fragment_take(fr->table, b->frames[i], h, 0, kept, now);
	for (unsigned k = 0; k < n; k++)
		judge(fr, b, (struct xd_kept *)kept[k], now);
}

void
fragments_done(struct fragments *fr, const struct xd_burst *b, uint32_t went, uint64_t now)
{
	for (uint16_t i = 0; i < b->n; i++) {
		if ((b->keep & went & 1u << i) && b->kept[i])
			judge(fr, b, b->kept[i], now);
	}
}

void
fragments_expire(struct fragments *fr, uint64_t now)
{
	xd_ct_fragments_expire(fr->table, now);
}
