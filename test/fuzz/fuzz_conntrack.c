/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of any bytes through the tracker, with commits, translation, time and flushes: nothing is
 * read or written that is not in the snapshot, what the table holds is bounded, and all of it can
 * be ended.
 *
 *     a record  action, length, bytes of a frame; of what the last lacks it has what it had before
 */
#include <sanitizer/asan_interface.h>

#include "conntrack/fragments.h"
#include "fuzz.h"

#define MOST 8

enum { COMMIT = 1, SOURCE = 2, DESTINATION = 4, LATER = 8, FLUSH = 16, TURN = 32 };

static const struct xd_ct_range outside = {
	.min = {203, 0, 113, 1}, .max = {203, 0, 113, 3}, .min_port = 1024, .max_port = 1030};

/* The other direction of the same frame, so that answers are found without being guessed. */
static void
turn(struct xd_frame *f, const struct xd_headers *h)
{
	const unsigned len = h->l3_kind == XD_L3_IPV6 ? 16 : 4;
	uint8_t *src = xd_frame_data(f) + h->l3 + (len == 16 ? 8 : 12), copy[16];

	if (h->l3_kind != XD_L3_IPV4 && h->l3_kind != XD_L3_IPV6)
		return;
	memcpy(copy, src, len);
	memcpy(src, src + len, len);
	memcpy(src + len, copy, len);
	if (h->l4_kind == XD_L4_TCP || h->l4_kind == XD_L4_UDP) {
		src = xd_frame_data(f) + h->l4;
		memcpy(copy, src, 2);
		memcpy(src, src + 2, 2);
		memcpy(src + 2, copy, 2);
	}
}

static void
release(void *ctx, void *kept)
{
	(void)ctx;
	free(kept);
}

/* What waits is memory of its own, so that what is lost or given back twice is found. */
static void
look_at_part(struct xd_ct_fragments *fr, struct xd_ct_packet *p, const struct xd_frame *f,
	const struct xd_headers *h, uint64_t now_ms)
{
	const enum xd_ct_part what = xd_ct_fragment(fr, p, f, h, now_ms);
	void *kept[XD_CT_KEPT];
	unsigned n = 0;

	MUST(what <= XD_CT_PART_REFUSED && (what != XD_CT_PART_NONE) == h->fragment);
	if (what == XD_CT_PART_EARLY) {
		kept[0] = malloc(1);
		n = xd_ct_fragment_keep(fr, p, kept[0], now_ms) != 0;
	} else if (what == XD_CT_PART_FIRST) {
		n = xd_ct_fragment_take(fr, f, h, p->zone, kept, now_ms);
		MUST(n <= XD_CT_KEPT);
	}
	while (n > 0)
		free(kept[--n]);
}

static void
judge(struct xd_ct *ct, struct xd_ct_fragments *fr, struct xd_frame *f, uint8_t action,
	uint64_t now_ms)
{
	struct xd_ct_commit c = {.src = action & SOURCE ? &outside : NULL,
		.dst = action & DESTINATION ? &outside : NULL};
	struct xd_ct_packet p;
	struct xd_headers h;

	xd_headers_parse(f, &h);
	if (action & TURN)
		turn(f, &h);
	xd_ct_packet_init(&p, f, &h, action >> 7);
	look_at_part(fr, &p, f, &h, now_ms);
	xd_ct_track(ct, 0, &p, 1, now_ms);
	MUST(p.state <= XD_CT_FRAGMENT);
	MUST(p.known || !p.translate);
	if ((action & COMMIT) && xd_ct_commit(ct, 0, &p, &c, now_ms) == 0 &&
		p.state != XD_CT_INVALID)
		MUST(p.known);
	if (p.translate)
		xd_ct_translate(&p, f, &h);
}

static bool
count(void *ctx, const struct xd_ct_record *record)
{
	MUST(record->original.zone <= 1);
	++*(uint32_t *)ctx;
	return true;
}

static void
check(struct xd_ct *ct, uint64_t now_ms)
{
	struct xd_ct_stats stats;
	uint32_t n = 0;

	xd_ct_stats(ct, &stats);
	MUST(stats.connections <= MOST);
	MUST(xd_ct_snapshot(ct, NULL, now_ms, count, &n) <= MOST && n <= MOST);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xd_ct_opts opts = {.size = sizeof(opts), .max_connections = MOST, .node = -1};
	struct input in = {data, size};
	struct xd_frame *f = aligned_alloc(64, sizeof(*f));
	struct xd_ct *ct = xd_ct_create(&opts, NULL);
	struct xd_ct_fragments_opts parts = {.size = sizeof(parts),
		.max_datagrams = MOST,
		.max_kept = MOST,
		.node = -1,
		.release = release};
	struct xd_ct_fragments *fr = xd_ct_fragments_create(ct, &parts, NULL);
	struct xd_ct_stats stats;
	uint64_t now_ms = 12345;

	MUST(f && ct && fr);
	memset(f, 0, sizeof(*f));
	while (in.left) {
		const uint8_t action = take_u8(&in), len = take_u8(&in) % (XD_HEAD + 1);
		const uint8_t frame = len < XD_FRAME_MIN ? XD_FRAME_MIN : len;

		xd_frame_init(f, frame, frame, 0);
		take(&in, xd_frame_data(f), in.left < len ? in.left : len);
		ASAN_POISON_MEMORY_REGION(
			f->buf + XD_HEADROOM + frame, sizeof(f->buf) - XD_HEADROOM - frame);
		judge(ct, fr, f, action, now_ms);
		ASAN_UNPOISON_MEMORY_REGION(f->buf, sizeof(f->buf));
		now_ms += action & LATER ? 70000 : 1;
		if (action & FLUSH)
			xd_ct_flush(ct, NULL);
		else
			xd_ct_expire(ct, 0, 4, now_ms);
		if (action & LATER)
			xd_ct_fragments_expire(fr, now_ms);
		check(ct, now_ms);
	}
	xd_ct_flush(ct, NULL);
	xd_ct_stats(ct, &stats);
	MUST(stats.connections == 0 && xd_ct_zone_count(ct, 0) == 0 &&
		xd_ct_zone_count(ct, 1) == 0);
	xd_ct_fragments_destroy(fr);
	xd_ct_destroy(ct);
	free(f);
	return 0;
}
