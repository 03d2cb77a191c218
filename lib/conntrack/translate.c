/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame gets the addresses and ports that its connection says. */
#include <errno.h>

#include "conntrack/table.h"
#include "frame/rewrite.h"

static uint32_t
differs(uint32_t what, const void *a, const void *b, size_t len)
{
	return memcmp(a, b, len) ? what : 0;
}

/* What to write so that one tuple becomes the other. */
static void
rewrite_of(
	const struct xd_ct_tuple *is, const struct xd_ct_tuple *to, bool icmp, struct xd_rewrite *r)
{
	*r = (struct xd_rewrite){.src_port = to->src_port, .dst_port = to->dst_port};
	memcpy(r->src, to->src, sizeof(r->src));
	memcpy(r->dst, to->dst, sizeof(r->dst));
	r->what = differs(XD_REWRITE_SRC, is->src, to->src, sizeof(is->src)) |
		  differs(XD_REWRITE_DST, is->dst, to->dst, sizeof(is->dst));
	if (icmp)
		r->what |= differs(XD_REWRITE_ICMP_ID, &is->src_port, &to->src_port, 2);
	else
		r->what |= differs(XD_REWRITE_SRC_PORT, &is->src_port, &to->src_port, 2) |
			   differs(XD_REWRITE_DST_PORT, &is->dst_port, &to->dst_port, 2);
}

/* Likewise of IPv4 with ports, from its key: each word has an endpoint's address and port. */
static void
rewrite_by_key(const struct xd_ct_packet *p, struct xd_frame *f, const struct xd_headers *h)
{
	const uint64_t src = p->to[p->to_swapped], dst = p->to[!p->to_swapped];

	xd_frame_rewrite_ipv4(f, h, (uint32_t)src | dst << 32,
		(uint16_t)(src >> 32) | (uint32_t)(uint16_t)(dst >> 32) << 16);
}

static void
turn_round(const struct xd_ct_tuple *t, struct xd_ct_tuple *round)
{
	*round = *t;
	memcpy(round->src, t->dst, sizeof(t->dst));
	memcpy(round->dst, t->src, sizeof(t->src));
	round->src_port = t->dst_port;
	round->dst_port = t->src_port;
}

/* The packet inside went the other way. The error comes from its destination, which has another
 * address for whom it goes to, or from a router on the way, which has not. */
static int
translate_error(const struct xd_ct_tuple *is, const struct xd_ct_tuple *to, bool icmp,
	struct xd_frame *f, const struct xd_headers *h)
{
	const bool ipv6 = xd_headers_is_ipv6(h);
	const uint8_t *src = f->buf + f->start + h->l3 + (ipv6 ? 8 : 12);
	struct xd_ct_tuple inner_is, inner_to;
	struct xd_rewrite inner, outer;
	int rc;

	turn_round(is, &inner_is);
	turn_round(to, &inner_to);
	rewrite_of(&inner_is, &inner_to, icmp, &inner);
	rewrite_of(is, to, icmp, &outer);
	outer.what &= XD_REWRITE_SRC | XD_REWRITE_DST;
	if (memcmp(src, is->src, ipv6 ? 16 : 4) != 0)
		outer.what &= ~(uint32_t)XD_REWRITE_SRC;
	rc = xd_frame_rewrite_inner(f, h, &inner);
	return rc ? rc : xd_frame_rewrite(f, h, &outer);
}

int
xd_ct_translate(const struct xd_ct_packet *p, struct xd_frame *f, const struct xd_headers *h)
{
	struct xd_ct_tuple is, to;
	struct xd_rewrite r;
	bool icmp;

	if (!p->translate)
		return 0;
	if ((p->kind == CT_KIND_UDP || p->kind == CT_KIND_TCP) && !ct_key_is_ipv6(p->key)) {
		rewrite_by_key(p, f, h);
		return 0;
	}
	xd_ct_tuple_of(p->key, p->addr, p->swapped, &is);
	xd_ct_tuple_of(p->to, p->to_addr, p->to_swapped, &to);
	icmp = is.proto == (is.ipv6 ? 58 : 1);
	if (p->kind == CT_KIND_ERROR)
		return translate_error(&is, &to, icmp, f, h);
	rewrite_of(&is, &to, icmp, &r);
	if (p->kind == CT_KIND_PART)
		r.what &= XD_REWRITE_SRC | XD_REWRITE_DST;
	return xd_frame_rewrite(f, h, &r);
}
