/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments: in order, before their first, overlapping, hiding headers, too many, too late; and
 * what is translated of them. */
#include "ct_frames.h"

#include <errno.h>

#include "conntrack/fragments.h"

struct bench {
	struct xd_ct *ct;
	struct xd_ct_fragments *fr;
	unsigned released;
};

static void
release(void *ctx, void *kept)
{
	struct bench *b = ctx;

	assert_non_null(kept);
	b->released++;
}

static void
open_bench(struct bench *b, uint32_t max_datagrams, uint32_t max_kept)
{
	struct xd_ct_fragments_opts opts = {.size = sizeof(opts),
		.max_datagrams = max_datagrams,
		.max_kept = max_kept,
		.timeout_ms = 5000,
		.node = -1,
		.release = release,
		.ctx = b};

	*b = (struct bench){.ct = make_table(100)};
	b->fr = xd_ct_fragments_create(b->ct, &opts, NULL);
	assert_non_null(b->fr);
}

static void
close_bench(struct bench *b)
{
	xd_ct_fragments_destroy(b->fr);
	xd_ct_destroy(b->ct);
}

/* A part of a UDP datagram; at 0 it has the header. */
static void
make_part(struct packet *k, bool ipv6, struct host from, struct host to, uint32_t id, uint16_t at,
	uint16_t len, bool last)
{
	uint8_t *d = k->f.buf + XD_HEADROOM, *ip = d + L3, *l4 = ip + (ipv6 ? 48 : 20);
	const uint32_t bytes = L3 + (ipv6 ? 48u : 20u) + len;
	const uint8_t head = bytes < XD_HEAD ? (uint8_t)bytes : XD_HEAD;

	memset(k, 0, sizeof(*k));
	if (at == 0)
		put_udp(l4, &from, &to, 2000);
	finish(k, ipv6, 253, &from, &to, 16);
	if (ipv6) {
		ip[6] = 44;
		xd_put16(ip + 4, 8u + len);
		ip[40] = P_UDP;
		xd_put16(ip + 42, at | !last);
		xd_put32(ip + 44, id);
	} else {
		ip[9] = P_UDP;
		xd_put16(ip + 2, 20u + len);
		xd_put16(ip + 4, id);
		xd_put16(ip + 6, (uint32_t)at / 8 | (last ? 0 : 0x2000));
		xd_put16(ip + 10, 0);
		xd_put16(ip + 10, ~fold(sum_of(ip, 20)) & 0xffff);
	}
	xd_frame_init(&k->f, bytes, head, 0);
	xd_headers_parse(&k->f, &k->h);
}

static enum xd_ct_part
look(struct bench *b, struct packet *k, uint64_t now_ms)
{
	xd_ct_packet_init(&k->p, &k->f, &k->h, 0);
	return xd_ct_fragment(b->fr, &k->p, &k->f, &k->h, now_ms);
}

static enum xd_ct_part
part(struct bench *b, bool ipv6, uint32_t id, uint16_t at, uint16_t len, bool last)
{
	const struct host from = ipv6 ? host6(9, 4000) : host4(9, 4000);
	const struct host to = ipv6 ? host6(5, 53) : host4(5, 53);
	struct packet k;

	make_part(&k, ipv6, from, to, id, at, len, last);
	return look(b, &k, T0);
}

static void
check_in_order(bool ipv6)
{
	const struct host from = ipv6 ? host6(9, 4000) : host4(9, 4000);
	const struct host to = ipv6 ? host6(5, 53) : host4(5, 53);
	struct bench b;
	struct packet k;

	open_bench(&b, 64, 64);
	make_udp(&k, ipv6, from, to);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_NONE);
	/* Later parts of what is not known are nothing. */
	make_part(&k, ipv6, from, to, 1, 0, 1000, false);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_FIRST);
	xd_ct_track(b.ct, 0, &k.p, 1, T0);
	assert_int_equal(k.p.state, XD_CT_NEW);
	make_part(&k, ipv6, from, to, 1, 1000, 500, true);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_LATER);
	xd_ct_track(b.ct, 0, &k.p, 1, T0);
	assert_int_equal(k.p.state, XD_CT_NEW);
	assert_int_equal(xd_ct_commit(b.ct, 0, &k.p, NULL, T0), -EINVAL);
	/* Of what is, they are of its state. */
	make_part(&k, ipv6, from, to, 1, 0, 1000, false);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_FIRST);
	xd_ct_track(b.ct, 0, &k.p, 1, T0);
	assert_int_equal(xd_ct_commit(b.ct, 0, &k.p, NULL, T0), 0);
	make_part(&k, ipv6, from, to, 1, 1000, 500, true);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_LATER);
	xd_ct_track(b.ct, 0, &k.p, 1, T0);
	assert_int_equal(k.p.state, XD_CT_NEW);
	assert_true(k.p.known && !k.p.reply);
	/* In the other direction it is another datagram. */
	make_part(&k, ipv6, to, from, 1, 1000, 500, true);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_EARLY);
	make_part(&k, ipv6, to, from, 1, 0, 1000, false);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_FIRST);
	xd_ct_track(b.ct, 0, &k.p, 1, T0);
	assert_int_equal(k.p.state, XD_CT_ESTABLISHED);
	close_bench(&b);
}

static void
test_in_order(void **state)
{
	(void)state;
	check_in_order(false);
	check_in_order(true);
}

/* All of a datagram in one burst: the later ones are tracked before the first is committed. */
static void
test_one_burst(void **state)
{
	const struct host from = host4(9, 4000), to = host4(5, 53);
	struct xd_ct_range range = {.min = {7, 7, 7, 7}, .max = {7, 7, 7, 7}};
	const struct xd_ct_commit c = {.src = &range};
	struct xd_ct_packet p[2];
	struct packet k[2];
	struct bench b;

	(void)state;
	open_bench(&b, 64, 64);
	make_part(&k[0], false, from, to, 1, 0, 1000, false);
	make_part(&k[1], false, from, to, 1, 1000, 500, true);
	assert_int_equal(look(&b, &k[0], T0), XD_CT_PART_FIRST);
	assert_int_equal(look(&b, &k[1], T0), XD_CT_PART_LATER);
	p[0] = k[0].p;
	p[1] = k[1].p;
	xd_ct_track(b.ct, 0, p, 2, T0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(p[i].state, XD_CT_NEW);
		assert_false(p[i].known);
		assert_int_equal(xd_ct_commit(b.ct, 0, &p[i], &c, T0), 0);
		assert_true(p[i].known && p[i].translate);
		assert_int_equal(xd_ct_translate(&p[i], &k[i].f, &k[i].h), 0);
		assert_memory_equal(k[i].f.buf + XD_HEADROOM + L3 + 12, range.min, 4);
	}
	close_bench(&b);
}

static void
check_early(bool ipv6)
{
	const struct host from = ipv6 ? host6(9, 4000) : host4(9, 4000);
	const struct host to = ipv6 ? host6(5, 53) : host4(5, 53);
	struct xd_ct_fragments_stats stats;
	void *kept[XD_CT_KEPT];
	struct packet k;
	struct bench b;
	int copies[2];

	open_bench(&b, 64, 64);
	for (uint16_t i = 0; i < 2; i++) {
		make_part(&k, ipv6, from, to, 1, (uint16_t)(1000 * (2 - i)), 1000, i == 0);
		assert_int_equal(look(&b, &k, T0), XD_CT_PART_EARLY);
		assert_int_equal(xd_ct_fragment_keep(b.fr, &k.p, &copies[i], T0), 0);
		/* It cannot be tracked by mistake. */
		xd_ct_track(b.ct, 0, &k.p, 1, T0);
		assert_int_equal(k.p.state, XD_CT_FRAGMENT);
	}
	assert_int_equal(xd_ct_fragment_take(b.fr, &k.f, &k.h, 0, kept, T0), 0);
	xd_ct_fragments_stats(b.fr, &stats);
	assert_int_equal(stats.kept, 2);
	make_part(&k, ipv6, from, to, 1, 0, 1000, false);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_FIRST);
	assert_int_equal(xd_ct_fragment_take(b.fr, &k.f, &k.h, 0, kept, T0), 2);
	assert_ptr_equal(kept[0], &copies[0]);
	assert_ptr_equal(kept[1], &copies[1]);
	assert_int_equal(xd_ct_fragment_take(b.fr, &k.f, &k.h, 0, kept, T0), 0);
	xd_ct_fragments_stats(b.fr, &stats);
	assert_int_equal(stats.kept, 0);
	assert_int_equal(part(&b, ipv6, 1, 1000, 1000, false), XD_CT_PART_LATER);
	close_bench(&b);
	assert_int_equal(b.released, 0);
}

static void
test_early(void **state)
{
	(void)state;
	check_early(false);
	check_early(true);
}

static void
check_refused(bool ipv6)
{
	struct bench b;

	open_bench(&b, 64, 64);
	/* Overlaps: from behind, from before, inside; and what repeats exactly is none. */
	assert_int_equal(part(&b, ipv6, 1, 0, 1000, false), XD_CT_PART_FIRST);
	assert_int_equal(part(&b, ipv6, 1, 1000, 1000, false), XD_CT_PART_LATER);
	assert_int_equal(part(&b, ipv6, 1, 1000, 1000, false), XD_CT_PART_LATER);
	assert_int_equal(part(&b, ipv6, 1, 0, 1000, false), XD_CT_PART_FIRST);
	assert_int_equal(part(&b, ipv6, 1, 1992, 1000, true), XD_CT_PART_REFUSED);
	assert_int_equal(part(&b, ipv6, 1, 2000, 1000, true), XD_CT_PART_REFUSED);
	assert_int_equal(part(&b, ipv6, 2, 1000, 1000, false), XD_CT_PART_EARLY);
	assert_int_equal(part(&b, ipv6, 2, 0, 1008, false), XD_CT_PART_REFUSED);
	assert_int_equal(part(&b, ipv6, 3, 0, 1000, false), XD_CT_PART_FIRST);
	assert_int_equal(part(&b, ipv6, 3, 8, 8, false), XD_CT_PART_REFUSED);
	/* Two ends, and something behind the end. */
	assert_int_equal(part(&b, ipv6, 4, 1000, 1000, true), XD_CT_PART_EARLY);
	assert_int_equal(part(&b, ipv6, 4, 3000, 1000, true), XD_CT_PART_REFUSED);
	assert_int_equal(part(&b, ipv6, 5, 1000, 1000, true), XD_CT_PART_EARLY);
	assert_int_equal(part(&b, ipv6, 5, 2000, 8, false), XD_CT_PART_REFUSED);
	assert_int_equal(part(&b, ipv6, 6, 2000, 8, false), XD_CT_PART_EARLY);
	assert_int_equal(part(&b, ipv6, 6, 1000, 1000, true), XD_CT_PART_REFUSED);
	assert_int_equal(part(&b, ipv6, 9, 1000, 1000, true), XD_CT_PART_EARLY);
	assert_int_equal(part(&b, ipv6, 9, 1000, 1000, false), XD_CT_PART_REFUSED);
	/* Beyond what a datagram can have, and parts whose end is no place for the next. */
	assert_int_equal(part(&b, ipv6, 7, 65528, 8, true), XD_CT_PART_REFUSED);
	assert_int_equal(part(&b, ipv6, 7, 0, 1001, false), XD_CT_PART_REFUSED);
	/* Too many. */
	for (uint16_t i = 0; i < XD_CT_PARTS; i++)
		assert_int_equal(part(&b, ipv6, 8, (uint16_t)(i * 8), 8, false),
			i ? XD_CT_PART_LATER : XD_CT_PART_FIRST);
	assert_int_equal(part(&b, ipv6, 8, XD_CT_PARTS * 8, 8, false), XD_CT_PART_REFUSED);
	close_bench(&b);
}

static void
test_refused(void **state)
{
	(void)state;
	check_refused(false);
	check_refused(true);
}

/* A first fragment that does not show its ports, and a second first with others. */
static void
test_hidden_headers(void **state)
{
	struct packet k;
	struct bench b;

	(void)state;
	open_bench(&b, 64, 64);
	make_tcp(&k, false, host4(1, 1), host4(2, 2), SYN, 1, 0, 1000, -1, 0);
	k.f.buf[XD_HEADROOM + L3 + 6] = 0x20;
	xd_put16(k.f.buf + XD_HEADROOM + L3 + 2, 28); /* eight bytes of TCP; padding behind */
	xd_headers_parse(&k.f, &k.h);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_REFUSED);
	make_part(&k, false, host4(9, 4000), host4(5, 53), 1, 0, 1000, false);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_FIRST);
	make_part(&k, false, host4(9, 4001), host4(5, 53), 1, 0, 1000, false);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_REFUSED);
	xd_ct_track(b.ct, 0, &k.p, 1, T0);
	assert_int_equal(k.p.state, XD_CT_INVALID);
	close_bench(&b);
}

static void
test_bounds(void **state)
{
	struct xd_ct_fragments_stats stats;
	struct packet k;
	struct bench b;
	int copy;

	(void)state;
	open_bench(&b, 8, 20);
	for (uint16_t i = 0; i < 30; i++) {
		make_part(&k, false, host4(9, 4000), host4(5, 53), 1 + i / 20,
			(uint16_t)(8 + i * 8), 8, false);
		assert_int_equal(look(&b, &k, T0), XD_CT_PART_EARLY);
		assert_int_equal(xd_ct_fragment_keep(b.fr, &k.p, &copy, T0),
			i < 16 || (i >= 20 && i < 24) ? 0 : -ENOSPC);
	}
	xd_ct_fragments_stats(b.fr, &stats);
	assert_int_equal(stats.kept, 20);
	assert_int_equal(stats.not_kept, 10);
	/* New datagrams take the place of old ones, whose parts come back. */
	for (uint32_t i = 0; i < 100; i++) {
		struct packet other;

		make_part(&other, false, host4(9, 1), host4(5, 1), 100 + i, 8, 8, false);
		assert_int_equal(look(&b, &other, T0 + i), XD_CT_PART_EARLY);
	}
	assert_int_equal(b.released, 20);
	assert_int_equal(xd_ct_fragment_keep(b.fr, &k.p, &copy, T0), -ENOENT);
	xd_ct_fragments_stats(b.fr, &stats);
	assert_int_equal(stats.kept, 0);
	assert_int_equal(stats.gave_way, 94);
	close_bench(&b);
}

static void
test_time(void **state)
{
	struct xd_ct_fragments_stats stats;
	struct packet k, first;
	struct bench b;
	int copy;

	(void)state;
	open_bench(&b, 1024, 20);
	make_part(&first, false, host4(9, 4000), host4(5, 53), 1, 0, 8, false);
	make_part(&k, false, host4(9, 4000), host4(5, 53), 1, 8, 8, false);
	assert_int_equal(look(&b, &k, T0), XD_CT_PART_EARLY);
	assert_int_equal(xd_ct_fragment_keep(b.fr, &k.p, &copy, T0), 0);
	for (unsigned i = 0; i < 10; i++)
		xd_ct_fragments_expire(b.fr, T0 + 4999);
	assert_int_equal(b.released, 0);
	for (unsigned i = 0; i < 10; i++)
		xd_ct_fragments_expire(b.fr, T0 + 5000);
	assert_int_equal(b.released, 1);
	xd_ct_fragments_stats(b.fr, &stats);
	assert_int_equal(stats.timed_out, 1);
	/* The first came, and then a later one too late. */
	assert_int_equal(look(&b, &first, T0 + 6000), XD_CT_PART_FIRST);
	assert_int_equal(look(&b, &k, T0 + 10999), XD_CT_PART_LATER);
	assert_int_equal(look(&b, &k, T0 + 11000), XD_CT_PART_EARLY);
	/* The first comes between looking and keeping. */
	assert_int_equal(look(&b, &first, T0 + 11000), XD_CT_PART_FIRST);
	assert_int_equal(xd_ct_fragment_keep(b.fr, &k.p, &copy, T0 + 11000), -EAGAIN);
	close_bench(&b);
}

/* Of a translated connection all parts get the same addresses, and the first the ports. */
static void
check_translated(bool ipv6)
{
	const struct host a = ipv6 ? host6(9, 4000) : host4(9, 4000);
	const struct host b = ipv6 ? host6(5, 53) : host4(5, 53);
	struct xd_ct_range range = {.min_port = 2000, .max_port = 2000};
	const uint32_t src = L3 + (ipv6 ? 8 : 12), len = ipv6 ? 16 : 4;
	struct bench bench;
	struct packet k;
	uint8_t *d = k.f.buf + XD_HEADROOM;

	memcpy(range.min, (ipv6 ? host6(77, 0) : host4(77, 0)).addr, 16);
	memcpy(range.max, range.min, 16);
	open_bench(&bench, 64, 64);
	make_part(&k, ipv6, a, b, 1, 0, 1000, false);
	assert_int_equal(look(&bench, &k, T0), XD_CT_PART_FIRST);
	xd_ct_track(bench.ct, 0, &k.p, 1, T0);
	assert_int_equal(
		xd_ct_commit(bench.ct, 0, &k.p, &(struct xd_ct_commit){.src = &range}, T0), 0);
	assert_int_equal(xd_ct_translate(&k.p, &k.f, &k.h), 0);
	assert_memory_equal(d + src, range.min, len);
	assert_int_equal(xd_get16(d + k.h.l4), 2000);
	make_part(&k, ipv6, a, b, 1, 1000, 600, true);
	assert_int_equal(look(&bench, &k, T0), XD_CT_PART_LATER);
	xd_ct_track(bench.ct, 0, &k.p, 1, T0);
	assert_true(k.p.translate);
	assert_int_equal(xd_ct_translate(&k.p, &k.f, &k.h), 0);
	assert_memory_equal(d + src, range.min, len);
	assert_memory_equal(d + src + len, b.addr, len);
	if (!ipv6)
		assert_int_equal(fold(sum_of(d + L3, 20)), 0xffff);
	close_bench(&bench);
}

static void
test_translated(void **state)
{
	(void)state;
	check_translated(false);
	check_translated(true);
}

static void
test_wrong_options(void **state)
{
	struct xd_ct_fragments_opts opts = {.size = sizeof(opts), .release = release, .node = -1};
	struct xd_ct *ct = make_table(100);
	struct xd_error err;

	(void)state;
	assert_null(xd_ct_fragments_create(ct, &opts, &err));
	assert_non_null(strstr(err.text, "max_datagrams 0"));
	opts.max_datagrams = 5;
	opts.release = NULL;
	assert_null(xd_ct_fragments_create(ct, &opts, &err));
	assert_non_null(strstr(err.text, "release"));
	opts = (struct xd_ct_fragments_opts){.release = release, .max_datagrams = 5};
	assert_null(xd_ct_fragments_create(ct, &opts, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "the size of the fragments' options is 0"));
	xd_ct_fragments_destroy(NULL);
	xd_ct_destroy(ct);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_one_burst),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hidden_headers),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_translated),
		cmocka_unit_test(test_wrong_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
