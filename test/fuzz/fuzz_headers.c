/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot of any bytes: the parser of headers reads none that is not in it, and what it finds
 * lies in it.
 *
 *     byte 0     times 4, modulo 3 tags: bytes that the switch pushed (1) or popped (2)
 *     the rest   the snapshot
 */
#include <sanitizer/asan_interface.h>

#include "frame/headers.h"
#include "fuzz.h"

static void
check(const struct xd_frame *f, const struct xd_headers *h)
{
	const uint32_t len = f->head_len;

	MUST(h->end <= XD_HEADERS_BAD && h->nb_tags <= XD_HEADERS_TAGS);
	MUST(h->l3 >= XD_FRAME_MIN && h->l3 <= len);
	MUST(h->l4_kind == XD_L4_NONE || h->l3_kind == XD_L3_IPV4 || h->l3_kind == XD_L3_IPV6);
	MUST(h->l4_kind == XD_L4_NONE || (h->fragment_offset == 0 && h->end == XD_HEADERS_WHOLE));
	if (h->l3_kind == XD_L3_ARP)
		MUST(h->l3 + 28u <= len);
	if (h->l4)
		MUST(h->l4 >= h->l3 + (h->l3_kind == XD_L3_IPV6 ? 40 : 20) && h->l4 <= len);
	if (h->l4_kind != XD_L4_NONE)
		MUST(h->payload > h->l4 && h->payload <= len);
	MUST(!h->fragment_offset || h->fragment);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int8_t moves[3] = {0, -4, 4};
	struct input in = {data, size};
	int move = moves[take_u8(&in) % 3];
	struct xd_frame *f;
	struct xd_headers h;
	uint8_t *begin;

	if (in.left < XD_FRAME_MIN || in.left > (size_t)(XD_HEAD - move))
		return 0;
	f = aligned_alloc(64, sizeof(*f));
	MUST(f != NULL);
	xd_frame_init(f, (uint32_t)in.left, (uint8_t)in.left, 0);
	f->start = (uint8_t)(XD_HEADROOM + move);
	begin = xd_frame_data(f);
	take(&in, begin, in.left);
	ASAN_POISON_MEMORY_REGION(begin + f->head_len, sizeof(f->buf) - f->start - f->head_len);
	xd_headers_parse(f, &h);
	ASAN_UNPOISON_MEMORY_REGION(f->buf, sizeof(f->buf));
	check(f, &h);
	free(f);
	return 0;
}
