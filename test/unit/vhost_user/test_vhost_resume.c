/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a packed ring stands, found out from a note and the ring: against a driver and a device
 * that know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vhost_user/packed_resume.h"

#define MAX   64
#define WRAP  0x8000u
#define AVAIL XD_PACKED_DESC_F_AVAIL
#define USED  XD_PACKED_DESC_F_USED
#define NEXT  1

/* A ring with its driver and its device, which uses buffers in order. */
struct model {
	struct xd_packed_desc ring[MAX];
	uint16_t size;
	uint16_t driver, device; /* positions */
	unsigned room;           /* descriptors that the driver may fill */
	uint8_t lens[MAX];       /* of the chains that are available, in order */
	unsigned nb_lens;
	bool mark_first_only;
	unsigned seed;
};

static uint16_t
further(const struct model *m, uint16_t pos, unsigned n)
{
	for (; n; n--) {
		pos++;
		if ((pos & ~WRAP) == m->size)
			pos = (pos & WRAP) ^ WRAP;
	}
	return pos;
}

static void
start(struct model *m, uint16_t size, unsigned seed)
{
	memset(m, 0, sizeof(*m));
	m->size = m->room = size;
	m->driver = m->device = WRAP;
	m->seed = seed;
}

static void
add(struct model *m, unsigned len)
{
	if (len > m->room)
		return;
	for (unsigned i = 0; i < len; i++) {
		struct xd_packed_desc *d = &m->ring[m->driver & ~WRAP];

		d->id = (uint16_t)rand_r(&m->seed);
		d->flags = (uint16_t)((m->driver & WRAP ? AVAIL : USED) | (i + 1 < len ? NEXT : 0));
		m->driver = further(m, m->driver, 1);
	}
	m->room -= len;
	m->lens[m->nb_lens++] = (uint8_t)len;
}

static void
mark_one(struct model *m, uint16_t first, uint16_t behind_last)
{
	struct xd_packed_desc *d = &m->ring[first & ~WRAP];
	uint16_t last = further(m, behind_last, 2u * m->size - 1);

	d->id = m->ring[last & ~WRAP].id; /* which a buffer's last descriptor has */
	d->flags = first & WRAP ? AVAIL | USED : 0;
}

/* Marks `marked` of the next n buffers, without moving on. */
static void
mark(struct model *m, unsigned n, unsigned marked)
{
	uint16_t first = m->device, pos = first;

	for (unsigned i = 0; i < n && (i < marked || (marked && m->mark_first_only)); i++) {
		uint16_t begin = pos;

		pos = further(m, pos, m->lens[i]);
		if (!m->mark_first_only)
			mark_one(m, begin, pos);
	}
	if (m->mark_first_only && marked)
		mark_one(m, first, pos);
}

static void
move_on(struct model *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		m->device = further(m, m->device, m->lens[i]);
		m->room += m->lens[i];
	}
	m->nb_lens -= n;
	memmove(m->lens, m->lens + n, m->nb_lens);
}

static void
use(struct model *m, unsigned n)
{
	if (n > m->nb_lens)
		n = m->nb_lens;
	mark(m, n, n);
	move_on(m, n);
}

static bool
seen(const struct model *m)
{
	for (unsigned i = 0; i < m->size; i++) {
		if (m->ring[i].flags & USED)
			return true;
	}
	return false;
}

static struct xd_packed_position
at(uint16_t now, uint16_t old)
{
	return (struct xd_packed_position){.used_idx = now & 0x7fff,
		.old_used_idx = old & 0x7fff,
		.used_wrap = now >> 15,
		.old_used_wrap = old >> 15};
}

/* Where the ring is taken up, or -1. */
static int
resume(const struct model *m, uint16_t now, uint16_t old, const struct xd_intent *intent)
{
	struct xd_packed_position noted = at(now, old);
	const struct xd_packed_note note = {
		.at = &noted, .intent = intent, .first_only = m->mark_first_only};
	uint16_t position;

	return xd_packed_resume(m->ring, m->size, &note, &position) ? position : -1;
}

static const uint16_t sizes[] = {1, 2, 3, 8, 13, 64};

/* Single descriptors: the true position is found, and every other is known to be wrong. (Of a full
 * ring the next one might be taken for it, as if there were chains.) */
static void
only_the_true_position_agrees(void **state)
{
	struct model m;

	(void)state;
	for (unsigned s = 1; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		start(&m, sizes[s], s);
		for (unsigned step = 0; step < 2000; step++) {
			if (rand_r(&m.seed) % 2)
				add(&m, 1);
			else
				use(&m, rand_r(&m.seed) % 4);
			for (unsigned p = 0; p < m.size && seen(&m) && m.room; p++) {
				for (unsigned wrap = 0; wrap < 2; wrap++) {
					uint16_t noted = (uint16_t)(p | (wrap ? WRAP : 0));

					assert_int_equal(resume(&m, noted, noted, NULL),
						noted == m.device ? noted : -1);
				}
			}
		}
	}
}

static void
chains_are_no_obstacle(void **state)
{
	struct model m;

	(void)state;
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		start(&m, sizes[s], s);
		for (unsigned step = 0; step < 5000; step++) {
			if (rand_r(&m.seed) % 2)
				add(&m, 1 + rand_r(&m.seed) % 3);
			else
				use(&m, rand_r(&m.seed) % 4);
			if (seen(&m))
				assert_int_equal(resume(&m, m.device, m.device, NULL), m.device);
		}
	}
}

/* A device that dies at any point of a turn. */
static void
turn_cut_short(void **state)
{
	(void)state;
	for (unsigned first_only = 0; first_only < 2; first_only++) {
		struct model m;
		unsigned checked = 0;

		start(&m, 64, 7);
		m.mark_first_only = first_only;
		for (unsigned step = 0; step < 5000; step++) {
			struct xd_intent intent = {{0}};
			unsigned n = 1 + rand_r(&m.seed) % 5, marked;
			uint16_t before = m.device, want = m.device;

			for (unsigned i = rand_r(&m.seed) % 6; i; i--)
				add(&m, 1 + rand_r(&m.seed) % 3);
			if (n > m.nb_lens)
				continue;
			marked = rand_r(&m.seed) % (n + 1);
			intent.slots[0] = (uint16_t)n;
			for (unsigned i = 0; i < n; i++) {
				intent.slots[i + 1] = m.lens[i];
				if (i < marked || (first_only && marked))
					want = further(&m, want, m.lens[i]);
			}
			mark(&m, n, marked);
			if (seen(&m)) {
				assert_int_equal(resume(&m, before, before, &intent), want);
				checked++;
			}
			/* It had noted where it stands, but not that the turn is over. */
			mark(&m, n, n);
			move_on(&m, n);
			if (seen(&m))
				assert_int_equal(resume(&m, m.device, before, &intent), m.device);
			intent.slots[0] = 0;
			if (seen(&m))
				assert_int_equal(resume(&m, m.device, before, &intent), m.device);
		}
		assert_true(checked > 1000);
	}
}

/* Another back end notes first where it is going (used_idx), and when it is there what was (old).
 */
static void
other_back_ends_way_of_noting(void **state)
{
	struct model m;

	(void)state;
	start(&m, 13, 3);
	for (unsigned step = 0; step < 2000; step++) {
		uint16_t before = m.device, after;

		add(&m, 1 + rand_r(&m.seed) % 2);
		if (m.nb_lens < 3)
			continue;
		after = further(&m, before, m.lens[0]);
		if (seen(&m))
			assert_int_equal(resume(&m, after, before, NULL), before);
		use(&m, 1);
		if (seen(&m))
			assert_int_equal(resume(&m, after, before, NULL), after);
	}
}

/* Set up anew after a reset, with buffers already or not: no note holds. */
static void
fresh_ring_agrees_with_nothing(void **state)
{
	struct model m;

	(void)state;
	start(&m, 8, 1);
	for (unsigned filled = 0; filled <= 8; filled++) {
		for (uint32_t note = 0; note < 0x10000; note += note == 7 ? 0x8000 - 7 : 1) {
			if (note == 0x8008)
				break;
			assert_int_equal(resume(&m, (uint16_t)note, (uint16_t)note, NULL), -1);
		}
		add(&m, 1);
	}
}

/* Whatever the front end and the guest put into the memory. */
static void
nonsense_is_survived(void **state)
{
	unsigned seed = 5;
	struct model m;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		struct xd_intent intent;

		m.size = (uint16_t)(1 + rand_r(&seed) % MAX);
		m.mark_first_only = rand_r(&seed) % 2;
		for (unsigned d = 0; d < MAX; d++)
			m.ring[d].flags = (uint16_t)(rand_r(&seed) & (AVAIL | USED | NEXT));
		for (unsigned k = 0; k < XD_INTENT_SLOTS; k++)
			intent.slots[k] = (uint16_t)(rand_r(&seed) % (i % 2 ? 4 : 0x10000));
		intent.slots[0] = (uint16_t)(rand_r(&seed) % (i % 3 ? 10 : 0x10000));
		if (i % 7 == 0) { /* leads far out */
			for (unsigned k = 0; k < XD_INTENT_SLOTS; k++)
				intent.slots[k] = k ? 1 : UINT16_MAX;
			m.mark_first_only = true;
		}
		{
			int position = resume(&m, (uint16_t)rand_r(&seed), (uint16_t)rand_r(&seed),
				i % 5 ? &intent : NULL);

			assert_true(position == -1 || (position & 0x7fff) < m.size);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_true_position_agrees),
		cmocka_unit_test(chains_are_no_obstacle),
		cmocka_unit_test(turn_cut_short),
		cmocka_unit_test(other_back_ends_way_of_noting),
		cmocka_unit_test(fresh_ring_agrees_with_nothing),
		cmocka_unit_test(nonsense_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
