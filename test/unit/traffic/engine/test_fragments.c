/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments in any order, again, over each other, with holes, late, and too many of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "traffic/engine/udp/fragments.h"

#define WAIT_V4 30
#define WAIT_V6 60
#define PACKETS 4
#define LONG    65515u /* bytes: the longest payload over IPv4 */

struct rig {
	struct xd_fragments *f;
	uint64_t now;
	bool v6;
	uint8_t from;
	uint8_t bytes[65536]; /* what packets are of */
};

static int
set_up(void **state)
{
	const uint64_t waits[2] = {WAIT_V4, WAIT_V6};
	struct rig *r = calloc(1, sizeof(*r));

	r->f = xd_fragments_create(PACKETS, waits, NULL);
	r->now = 1000;
	for (uint32_t i = 0; i < sizeof(r->bytes); i++)
		r->bytes[i] = (uint8_t)(i * 2654435761u >> 24);
	*state = r;
	return !r->f;
}

static int
tear_down(void **state)
{
	struct rig *r = *state;

	xd_fragments_destroy(r->f);
	free(r);
	return 0;
}

/* Bytes of a packet from `from` to before `to`. True: they make it complete. */
static bool
put(struct rig *r, uint32_t id, uint32_t from, uint32_t to, bool more)
{
	struct xd_ip_packet p = {
		.route = {.v6 = r->v6, .from = {10, 0, 0, r->from}, .to = {10, 0, 0, 2}},
		.is_fragment = true,
		.bytes = to - from,
		.fragment = {id, from, more},
	};
	uint8_t *data = malloc(to - from + 1); /* for a sanitizer to see what is read */
	const uint8_t *whole;
	uint32_t bytes = 0;

	memcpy(data, r->bytes + from, to - from);
	whole = xd_fragments_take(r->f, &p, IPPROTO_UDP, data, r->now, &bytes);
	free(data);
	if (!whole)
		return false;
	assert_memory_equal(whole, r->bytes, bytes);
	return true;
}

static const struct xd_fragments_counts *
counts(const struct rig *r)
{
	return xd_fragments_counts(r->f);
}

/* ---- Orders ---- */

static void
test_in_order(void **state)
{
	struct rig *r = *state;

	for (r->v6 = false;; r->v6 = true) {
		for (uint32_t i = 0; i < 44; i++)
			assert_false(put(r, 7, i * 1480, i * 1480 + 1480, true));
		assert_true(put(r, 7, 44 * 1480, LONG, false));
		assert_int_equal(xd_fragments_pending(r->f), 0);
		if (r->v6)
			break;
	}
	assert_int_equal(counts(r)->done, 2);
}

/* All orders of five. */
static void
test_every_order(void **state)
{
	static const uint32_t ends[] = {0, 8, 1488, 2968, 2976, 2977};
	struct rig *r = *state;
	unsigned orders = 0;

	for (unsigned code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
		unsigned rest = code, seen = 0;
		bool done = false;

		for (unsigned i = 0; i < 5; i++, rest /= 5)
			seen |= 1u << rest % 5;
		if (seen != 31)
			continue;
		rest = code;
		for (unsigned i = 0; i < 5; i++, rest /= 5) {
			const unsigned k = rest % 5;

			assert_false(done);
			done = put(r, code, ends[k], ends[k + 1], k < 4);
		}
		assert_true(done);
		orders++;
	}
	assert_int_equal(orders, 120);
	assert_int_equal(xd_fragments_pending(r->f), 0);
	assert_int_equal(counts(r)->again + counts(r)->overlaps, 0);
}

/* Of other hosts, identifications, protocols and families: none belongs to another. */
static void
test_several_at_once(void **state)
{
	struct rig *r = *state;

	assert_false(put(r, 1, 0, 800, true));
	assert_false(put(r, 2, 0, 800, true));
	r->from = 9;
	assert_false(put(r, 1, 800, 900, false));
	r->v6 = true;
	r->from = 0;
	assert_false(put(r, 1, 800, 901, false));
	assert_int_equal(xd_fragments_pending(r->f), 4);
	assert_true(put(r, 1, 0, 800, true));
	r->v6 = false;
	assert_true(put(r, 1, 800, 1000, false));
	assert_true(put(r, 2, 800, 1001, false));
	r->from = 9;
	assert_true(put(r, 1, 0, 800, true));
	assert_int_equal(xd_fragments_pending(r->f), 0);
}

/* ---- Again, and over each other ---- */

static void
test_again(void **state)
{
	struct rig *r = *state;

	assert_false(put(r, 1, 1480, 2960, true));
	assert_false(put(r, 1, 1480, 2960, true));
	assert_false(put(r, 1, 2960, 3001, false));
	assert_false(put(r, 1, 2960, 3001, false));
	assert_false(put(r, 1, 1480, 2960, true));
	assert_true(put(r, 1, 0, 1480, true));
	assert_int_equal(counts(r)->again, 3);
	assert_int_equal(counts(r)->overlaps, 0);
}

/* What else comes of it is forgotten, until it would have timed out. */
static void
overlap(struct rig *r, uint32_t from, uint32_t to, bool more)
{
	const uint64_t before = counts(r)->overlaps;

	r->from++;
	assert_false(put(r, 1, 0, 80, true));
	assert_false(put(r, 1, 160, 240, true));
	assert_false(put(r, 1, 320, 401, false));
	assert_false(put(r, 1, from, to, more));
	assert_int_equal(counts(r)->overlaps, before + 1);
	assert_false(put(r, 1, 80, 160, true));
	assert_false(put(r, 1, 240, 320, true));
	for (uint32_t i = 0; i < 400; i += 80)
		assert_false(put(r, 1, i, i == 320 ? 401 : i + 80, i < 320));
	r->now += WAIT_V4;
	for (uint32_t i = 0; i < 320; i += 80)
		assert_false(put(r, 1, i, i + 80, true));
	assert_true(put(r, 1, 320, 401, false));
}

static void
test_overlaps(void **state)
{
	struct rig *r = *state;

	overlap(r, 72, 88, true);  /* the end of one and a gap */
	overlap(r, 72, 160, true); /* and the whole gap */
	overlap(r, 80, 168, true); /* the gap and the next one's beginning */
	overlap(r, 0, 88, true);   /* one more than is there */
	overlap(r, 0, 72, true);   /* part of it */
	overlap(r, 8, 80, true);
	overlap(r, 8, 72, true);
	overlap(r, 0, 320, true);    /* all of it */
	overlap(r, 312, 328, true);  /* beyond the last one's beginning */
	overlap(r, 320, 400, true);  /* the last is not the last */
	overlap(r, 320, 480, true);  /* nor is this */
	overlap(r, 400, 480, true);  /* behind the last */
	overlap(r, 320, 400, false); /* the end is elsewhere */
	overlap(r, 320, 402, false);
	overlap(r, 328, 401, false);
	overlap(r, 312, 401, false);
	overlap(r, 0, 80, false);
	overlap(r, 80, 160, false);
	overlap(r, 400, 480, false);
	assert_int_equal(counts(r)->timed_out, 0);
	assert_int_equal(counts(r)->again, 0);
}

/* Two pieces that were one: not the same again. */
static void
test_cut_otherwise(void **state)
{
	struct rig *r = *state;

	assert_false(put(r, 1, 0, 80, true));
	assert_false(put(r, 1, 80, 160, true));
	assert_false(put(r, 1, 0, 160, true));
	assert_int_equal(counts(r)->overlaps, 1);
	assert_false(put(r, 2, 0, 160, true));
	assert_false(put(r, 2, 80, 160, true));
	assert_int_equal(counts(r)->overlaps, 2);
}

/* ---- What is not possible ---- */

static void
test_impossible(void **state)
{
	struct rig *r = *state;

	assert_false(put(r, 1, 0, 0, true));
	assert_false(put(r, 1, 8, 8, false));
	assert_false(put(r, 1, 0, 9, true));
	assert_false(put(r, 1, 65512, LONG + 1, false)); /* longer than a packet can be */
	assert_int_equal(counts(r)->wrong, 4);
	r->v6 = true;
	assert_false(put(r, 1, 65528, 65536, true));
	assert_int_equal(counts(r)->wrong, 5);
	assert_int_equal(xd_fragments_pending(r->f), 0);
	/* But this is. */
	for (uint32_t i = 0; i < 65528; i += 8)
		assert_false(put(r, 1, i, i + 8, true));
	assert_false(put(r, 1, 65520, 65528, true));
	assert_true(put(r, 1, 65528, 65535, false));
	assert_int_equal(counts(r)->again, 1);
}

/* ---- Time and room ---- */

static void
test_time(void **state)
{
	struct rig *r = *state;

	assert_false(put(r, 1, 0, 80, true));
	r->now += WAIT_V4 - 1;
	assert_false(put(r, 1, 80, 160, true)); /* does not make it younger */
	r->now++;
	assert_false(put(r, 1, 160, 240, false));
	assert_int_equal(counts(r)->timed_out, 1);
	assert_int_equal(xd_fragments_pending(r->f), 1);
	r->now += WAIT_V4;
	xd_fragments_expire(r->f, r->now);
	assert_int_equal(counts(r)->timed_out, 2);
	assert_int_equal(xd_fragments_pending(r->f), 0);
}

/* Each waits for its own time, whichever came first. */
static void
test_times_of_families(void **state)
{
	struct rig *r = *state;

	r->v6 = true;
	assert_false(put(r, 1, 0, 80, true));
	r->v6 = false;
	assert_false(put(r, 1, 0, 80, true));
	r->now += WAIT_V4;
	xd_fragments_expire(r->f, r->now);
	assert_int_equal(xd_fragments_pending(r->f), 1);
	r->v6 = true;
	assert_true(put(r, 1, 80, 160, false));
}

static void
test_room(void **state)
{
	struct rig *r = *state;

	for (uint32_t id = 0; id < PACKETS; id++)
		assert_false(put(r, id, 0, 80, true));
	assert_false(put(r, 100, 0, 80, true)); /* instead of the oldest */
	assert_int_equal(counts(r)->pushed, 1);
	assert_int_equal(xd_fragments_pending(r->f), PACKETS);
	for (uint32_t id = 1; id < PACKETS; id++)
		assert_true(put(r, id, 80, 88, false));
	assert_true(put(r, 100, 80, 88, false));
	assert_false(put(r, 0, 80, 88, false));
}

/* An identification comes again, of another packet, and what was left of the first is not in the
 * way: nor is one that was given up. */
static void
test_identification_again(void **state)
{
	struct rig *r = *state;

	assert_false(put(r, 5, 80, 160, true));
	assert_false(put(r, 6, 80, 160, true));
	assert_false(put(r, 6, 88, 168, true));
	for (uint32_t id = 0; id < 65536; id++) {
		assert_false(put(r, 7 + id, 0, 80, true));
		assert_true(put(r, 7 + id, 80, 161, false));
	}
	for (uint32_t id = 5; id <= 6; id++) {
		assert_false(put(r, id, 0, 80, true));
		assert_false(put(r, id, 80, 160, true));
		assert_true(put(r, id, 160, 170, false));
	}
	assert_int_equal(counts(r)->overlaps, 1);
	assert_int_equal(counts(r)->again, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(in_order),
		TEST(every_order),
		TEST(several_at_once),
		TEST(again),
		TEST(overlaps),
		TEST(cut_otherwise),
		TEST(impossible),
		TEST(time),
		TEST(times_of_families),
		TEST(room),
		TEST(identification_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
