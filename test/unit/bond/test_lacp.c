/* SPDX-License-Identifier: BSD-3-Clause */
/* LACP's rules: two bonds, whose links are made of this program, and whose clock is too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bond/lacp.h"

#define LINKS 3

struct rig {
	struct xd_lacp end[2];
	uint64_t now;
	uint32_t up;      /* links, a bit each */
	uint32_t deaf[2]; /* links by which an end hears nothing */
	unsigned sent[2]; /* PDUs */
};

/* system is the last byte of the address. */
static struct xd_lacp_config
config(uint8_t system, bool active, bool fast)
{
	return (struct xd_lacp_config){.system = {2, 0, 0, 0, 0, system},
		.system_priority = 32768,
		.active = active,
		.fast = fast};
}

static void
start(struct rig *r, const struct xd_lacp_config *a, const struct xd_lacp_config *b)
{
	*r = (struct rig){.now = 1000000};
	xd_lacp_init(&r->end[0], a, LINKS);
	xd_lacp_init(&r->end[1], b, LINKS);
}

static void
set_links(struct rig *r, uint32_t up)
{
	r->up = up;
	for (unsigned e = 0; e < 2; e++) {
		for (unsigned i = 0; i < LINKS; i++)
			xd_lacp_link(&r->end[e], i, up >> i & 1, 1000, r->now);
	}
}

static void
exchange(struct rig *r, unsigned e)
{
	uint8_t frame[XD_LACP_FRAME], answer[XD_LACP_FRAME];

	xd_lacp_run(&r->end[e], r->now);
	for (unsigned i = 0; i < LINKS; i++) {
		if (!xd_lacp_transmit(&r->end[e], i, r->now, frame))
			continue;
		r->sent[e]++;
		if ((r->up >> i & 1) && !(r->deaf[!e] >> i & 1))
			xd_lacp_receive(&r->end[!e], i, frame, sizeof(frame), r->now, answer);
	}
}

static void
pass(struct rig *r, uint64_t ms)
{
	for (uint64_t end = r->now + ms; r->now < end; r->now += 10) {
		for (unsigned e = 0; e < 2; e++)
			exchange(r, e);
	}
	for (unsigned e = 0; e < 2; e++)
		xd_lacp_run(&r->end[e], r->now);
}

static void
assert_carry(const struct rig *r, uint32_t mask)
{
	for (unsigned e = 0; e < 2; e++) {
		assert_int_equal(xd_lacp_collects(&r->end[e]), mask);
		assert_int_equal(xd_lacp_distributes(&r->end[e]), mask);
	}
}

/* All links are up, and both ends have had the time to agree. */
static void
start_agreed(struct rig *r, const struct xd_lacp_config *a, const struct xd_lacp_config *b)
{
	start(r, a, b);
	set_links(r, 7);
	pass(r, 4000);
}

/* Who speaks first, how often, and what comes of it. */
static void
test_agree(void **state)
{
	static const struct {
		bool active[2], fast[2];
		uint32_t carry;
		unsigned least,
			most; /* PDUs of the first end in a minute, a link, once they agree */
	} rows[] = {
		{{true, true}, {false, false}, 7, 1, 3},
		{{true, true}, {true, true}, 7, 59, 62},
		{{true, true}, {false, true}, 7, 59, 62}, /* it is the partner that asks */
		{{true, true}, {true, false}, 7, 1, 3},
		{{true, false}, {false, false}, 7, 1, 3},
		{{false, true}, {false, false}, 7, 1, 3},
		{{false, false}, {false, false}, 0, 0, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xd_lacp_config a = config(1, rows[i].active[0], rows[i].fast[0]);
		struct xd_lacp_config b = config(2, rows[i].active[1], rows[i].fast[1]);
		struct rig r;

		start(&r, &a, &b);
		set_links(&r, 7);
		pass(&r, XD_LACP_WAIT_MS - 100);
		assert_carry(&r, 0);
		pass(&r, 1500);
		assert_carry(&r, rows[i].carry);
		pass(&r, 30000);
		r.sent[0] = 0;
		pass(&r, 60000);
		assert_in_range(r.sent[0], LINKS * rows[i].least, LINKS * rows[i].most);
		assert_carry(&r, rows[i].carry);
	}
}

/* Partners that agree go on while one is configured otherwise, until it is another to them. */
static void
test_configured_anew(void **state)
{
	struct xd_lacp_config a = config(1, true, false), b = config(2, true, false);
	struct rig r;

	(void)state;
	start_agreed(&r, &a, &b);
	assert_carry(&r, 7);
	/* The partner hears that it is asked for more. */
	a.fast = true;
	xd_lacp_configure(&r.end[0], &a, r.now);
	for (unsigned i = 0; i < 100; i++) {
		pass(&r, 100);
		assert_carry(&r, 7);
	}
	r.sent[1] = 0;
	pass(&r, 10000);
	assert_in_range(r.sent[1], LINKS * 9, LINKS * 11);
	a.active = false;
	xd_lacp_configure(&r.end[0], &a, r.now);
	pass(&r, 10000);
	assert_carry(&r, 7);
	assert_int_equal(r.end[1].members[0].partner.state & XD_LACP_ACTIVITY, 0);
	/* Another key, or system: they agree anew. */
	for (unsigned i = 0; i < 2; i++) {
		a.key = (uint16_t)(a.key + 1 - i);
		a.system[5] = (uint8_t)(a.system[5] + i);
		xd_lacp_configure(&r.end[0], &a, r.now);
		assert_int_equal(xd_lacp_collects(&r.end[0]), 0);
		pass(&r, 4000);
		assert_carry(&r, 7);
		assert_int_equal(r.end[1].group.key, a.key << 6 | 7);
		assert_int_equal(r.end[1].group.system[5], a.system[5]);
	}
}

/* Another link under the number of one that has left; the rest goes on. */
static void
test_join(void **state)
{
	struct xd_lacp_config a = config(1, true, true), b = config(2, true, true);
	struct rig r;

	(void)state;
	start_agreed(&r, &a, &b);
	xd_lacp_join(&r.end[0], 1);
	assert_int_equal(xd_lacp_collects(&r.end[0]), 5);
	assert_int_equal(r.end[0].members[1].heard, XD_LACP_HEARD_NOTHING);
	assert_int_equal(r.end[0].members[1].actor.port, 2);
	xd_lacp_link(&r.end[0], 1, true, 1000, r.now);
	for (unsigned i = 0; i < 50; i++) {
		pass(&r, 100);
		assert_int_equal(xd_lacp_distributes(&r.end[0]) & 5, 5);
	}
	assert_carry(&r, 7);
}

/* A link that is down carries nothing from that moment on, at both ends; the others go on. */
static void
test_link_down(void **state)
{
	struct xd_lacp_config a = config(1, true, false), b = config(2, true, false);
	struct rig r;

	(void)state;
	start_agreed(&r, &a, &b);
	assert_carry(&r, 7);
	set_links(&r, 5);
	assert_carry(&r, 5);
	pass(&r, 4000);
	assert_carry(&r, 5);
	set_links(&r, 7);
	pass(&r, 4000);
	assert_carry(&r, 7);
}

/* An end that hears nothing any more expires after three of its periods, and says so: the other one
 * stops sending there at once. In three seconds more it has forgotten its partner. */
static void
test_silence(void **state)
{
	static const struct {
		bool fast;
		unsigned ms;
	} rows[] = {{true, XD_LACP_SHORT_MS}, {false, XD_LACP_LONG_MS}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct xd_lacp_config a = config(1, true, rows[i].fast);
		struct xd_lacp_config b = config(2, true, rows[i].fast);
		const struct xd_lacp_member *m;
		struct rig r;

		start(&r, &a, &b);
		m = &r.end[0].members[1];
		set_links(&r, 7);
		pass(&r, 4000);
		r.deaf[0] = 2;
		pass(&r, rows[i].ms - 2500);
		assert_carry(&r, 7);
		pass(&r, 2500 + 200);
		assert_int_equal(m->heard, XD_LACP_HEARD_LATE);
		for (unsigned e = 0; e < 2; e++)
			assert_int_equal(xd_lacp_distributes(&r.end[e]), 5);
		assert_int_equal(xd_lacp_collects(&r.end[0]), 5);
		pass(&r, XD_LACP_SHORT_MS + 200);
		assert_int_equal(m->heard, XD_LACP_HEARD_NEVER);
		assert_true(m->actor.state & XD_LACP_DEFAULTED);
		assert_false(m->selected);
		assert_carry(&r, 5);
		r.deaf[0] = 0;
		pass(&r, 34000);
		assert_carry(&r, 7);
	}
}

/* A PDU from whom a test makes up; then three seconds pass, in which it is said again. */
struct stranger {
	uint8_t system;
	uint16_t key;
	uint8_t state;
	bool knows; /* it says who we are */
};

#define AGREES                                                                                     \
	(XD_LACP_ACTIVITY | XD_LACP_AGGREGATION | XD_LACP_SYNC | XD_LACP_COLLECTING |              \
		XD_LACP_DISTRIBUTING)

static void
say(struct rig *r, unsigned member, const struct stranger *s)
{
	struct xd_lacp_member *m = &r->end[0].members[member];
	uint8_t frame[XD_LACP_FRAME], answer[XD_LACP_FRAME];
	struct xd_lacp_pdu pdu = {
		.actor = {.system = {2, 0, 0, 0, 0, s->system},
			.system_priority = 1,
			.key = s->key,
			.port = (uint16_t)(member + 1),
			.state = s->state},
		.partner = m->actor,
	};

	if (!s->knows)
		pdu.partner.port++;
	xd_lacp_encode(frame, &pdu);
	xd_lacp_receive(&r->end[0], member, frame, sizeof(frame), r->now, answer);
}

/* Who is not to be one aggregation with the first member's partner. */
static void
test_who_carries(void **state)
{
	static const struct {
		struct stranger says; /* the second member's */
		uint32_t collects, distributes;
	} rows[] = {
		{{9, 5, AGREES, true}, 3, 3}, {{8, 5, AGREES, true}, 1, 1}, /* other system */
		{{9, 6, AGREES, true}, 1, 1},                               /* other key */
		{{9, 5, AGREES & ~XD_LACP_AGGREGATION, true}, 1, 1},        /* individual */
		{{9, 5, AGREES & ~XD_LACP_SYNC, true}, 1, 1},               /* not in sync */
		{{9, 5, AGREES, false}, 1, 1},                      /* takes us for another */
		{{9, 5, AGREES & ~XD_LACP_COLLECTING, true}, 3, 1}, /* does not collect yet */
		{{0, 0, AGREES, true}, 1, 1},                       /* nobody in particular */
	};
	const struct stranger first = {9, 5, AGREES, true};
	struct xd_lacp_config a = config(1, true, true);
	struct rig r;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&r, &a, &a);
		set_links(&r, 3);
		for (unsigned s = 0; s < 50; s++, r.now += 100) {
			say(&r, 0, &first);
			say(&r, 1, &rows[i].says);
			xd_lacp_run(&r.end[0], r.now);
		}
		assert_int_equal(xd_lacp_collects(&r.end[0]), rows[i].collects);
		assert_int_equal(xd_lacp_distributes(&r.end[0]), rows[i].distributes);
	}
}

/* The bond stays with its partner while one member of that is heard, whatever the others say; else
 * it is with whom most are. */
static void
test_partner_stays(void **state)
{
	const struct stranger first = {9, 5, AGREES, true}, other = {8, 7, AGREES, true};
	struct xd_lacp_config a = config(1, true, true);
	struct rig r;

	(void)state;
	start(&r, &a, &a);
	set_links(&r, 7);
	for (unsigned s = 0; s < 90; s++, r.now += 100) {
		if (s < 50)
			say(&r, 0, &first);
		if (s == 49)
			assert_int_equal(xd_lacp_distributes(&r.end[0]), 1);
		if (s > 10) {
			say(&r, 1, &other);
			say(&r, 2, &other);
		}
		xd_lacp_run(&r.end[0], r.now);
	}
	pass(&r, 10);
	for (unsigned s = 0; s < 30; s++, r.now += 100) {
		say(&r, 1, &other);
		say(&r, 2, &other);
		xd_lacp_run(&r.end[0], r.now);
	}
	assert_int_equal(xd_lacp_distributes(&r.end[0]), 6);
}

/* A bond that hears itself by a cable between two of its members. */
static void
test_loop(void **state)
{
	struct xd_lacp_config a = config(1, true, true);
	struct rig r;

	(void)state;
	start(&r, &a, &a);
	set_links(&r, 7);
	pass(&r, 5000);
	assert_carry(&r, 0);
}

/* Another speed is another key: such a member is no longer one of the aggregation. */
static void
test_speed(void **state)
{
	struct xd_lacp_config a = config(1, true, true), b = config(2, true, true);
	uint16_t key;
	struct rig r;

	(void)state;
	a.key = 3;
	start_agreed(&r, &a, &b);
	key = r.end[0].members[2].actor.key;
	assert_int_equal(key >> 6, 3);
	xd_lacp_link(&r.end[0], 2, true, 10000, r.now);
	assert_int_not_equal(r.end[0].members[2].actor.key, key);
	pass(&r, 4000);
	assert_carry(&r, 3);
}

/* However often there is something to say, it is said three times a second at most: 6.4.16. */
static void
test_few_are_sent(void **state)
{
	struct xd_lacp_config a = config(1, true, true);
	const struct stranger wrong = {9, 5, AGREES, false};
	uint8_t frame[XD_LACP_FRAME];
	unsigned n = 0;
	struct rig r;

	(void)state;
	start(&r, &a, &a);
	set_links(&r, 1);
	for (unsigned i = 0; i < 1000; i++, r.now += 10) {
		say(&r, 0, &wrong);
		xd_lacp_run(&r.end[0], r.now);
		n += xd_lacp_transmit(&r.end[0], 0, r.now, frame);
	}
	assert_in_range(n, 27, 31);
}

/* run says when to come again: nothing happens earlier, and something does then. */
static void
test_when_to_come(void **state)
{
	struct xd_lacp_config a = config(1, true, false);
	const struct stranger first = {9, 5, AGREES, true};
	uint8_t frame[XD_LACP_FRAME];
	uint64_t next;
	struct rig r;

	(void)state;
	start(&r, &a, &a);
	set_links(&r, 1);
	say(&r, 0, &first);
	assert_true(xd_lacp_run(&r.end[0], r.now) <= r.now);
	assert_true(xd_lacp_transmit(&r.end[0], 0, r.now, frame));
	next = xd_lacp_run(&r.end[0], r.now);
	assert_int_equal(next, r.now + XD_LACP_WAIT_MS);
	xd_lacp_run(&r.end[0], next - 1);
	assert_int_equal(xd_lacp_collects(&r.end[0]), 0);
	xd_lacp_run(&r.end[0], next);
	assert_int_equal(xd_lacp_distributes(&r.end[0]), 1);
}

static void
test_alone(void **state)
{
	struct xd_lacp_config a = config(1, true, true);
	const struct stranger first = {9, 5, AGREES, true};
	struct rig r;

	(void)state;
	start(&r, &a, &a);
	assert_false(xd_lacp_is_alone(&r.end[0]));
	set_links(&r, 3);
	assert_false(xd_lacp_is_alone(&r.end[0]));
	r.deaf[0] = r.deaf[1] = 7;
	pass(&r, XD_LACP_SHORT_MS + 100);
	assert_true(xd_lacp_is_alone(&r.end[0]));
	say(&r, 1, &first);
	assert_false(xd_lacp_is_alone(&r.end[0]));
}

/* Bytes as IEEE 802.1AX has them, and what is none of its frames. */
static void
test_frames(void **state)
{
	struct xd_lacp_pdu pdu = {{{2, 0, 0, 0, 0, 7}, 0x8000, 0x0102, 0x00ff, 0x0304, 0x3d},
		{{2, 0, 0, 0, 0, 8}, 1, 2, 3, 4, 5}};
	struct xd_lacp_pdu back;
	uint8_t frame[XD_LACP_FRAME], bad[XD_LACP_FRAME], answer[XD_LACP_FRAME];
	static const uint8_t begin[] = {0x01, 0x80, 0xc2, 0, 0, 2, 2, 0, 0, 0, 0, 7, 0x88, 0x09, 1,
		1, 1, 20, 0x80, 0, 2, 0, 0, 0, 0, 7, 1, 2, 0, 0xff, 3, 4, 0x3d, 0, 0, 0, 2, 20, 0,
		1};

	(void)state;
	xd_lacp_encode(frame, &pdu);
	assert_memory_equal(frame, begin, sizeof(begin));
	assert_true(xd_lacp_decode(&back, frame, sizeof(frame)));
	assert_memory_equal(&back, &pdu, sizeof(pdu));
	assert_false(xd_lacp_decode(&back, frame, sizeof(frame) - 1));
	for (unsigned at = 0; at < 18; at++) {
		memcpy(bad, frame, sizeof(bad));
		bad[at] ^= 0x10;
		/* Not the source, and later versions are understood. */
		assert_int_equal(
			xd_lacp_decode(&back, bad, sizeof(bad)), (at >= 6 && at < 12) || at == 15);
		assert_false(xd_lacp_answer_marker(answer, bad, sizeof(bad), pdu.actor.system));
	}
	frame[14] = 2;
	memset(frame + 34, 0xab, 4);
	assert_true(xd_lacp_answer_marker(answer, frame, sizeof(frame), pdu.partner.system));
	assert_int_equal(answer[16], 2);
	assert_int_equal(answer[11], 8);
	assert_memory_equal(answer + 17, frame + 17, sizeof(frame) - 17);
	assert_false(xd_lacp_answer_marker(bad, answer, sizeof(answer), pdu.partner.system));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_configured_anew),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_link_down),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_who_carries),
		cmocka_unit_test(test_partner_stays),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_speed),
		cmocka_unit_test(test_few_are_sent),
		cmocka_unit_test(test_when_to_come),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
