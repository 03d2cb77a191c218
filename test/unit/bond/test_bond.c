/* SPDX-License-Identifier: BSD-3-Clause */
/* Which members of a bond carry what, as they go down and come up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bond/bond.h"

static unsigned
sum_shares(const struct xd_bond *bond)
{
	unsigned sum = 0;

	for (unsigned m = 0; m < bond->nb_members; m++)
		sum += xd_bond_share(bond, m);
	return sum;
}

static void
test_none_at_first(void **state)
{
	struct xd_bond bond;

	(void)state;
	xd_bond_init(&bond, XD_BOND_BALANCE, 3);
	for (uint32_t hash = 0; hash < 2 * XD_BOND_BUCKETS; hash++)
		assert_int_equal(xd_bond_member(&bond, hash), XD_BOND_NONE);
	assert_false(xd_bond_update(&bond, 0));
	assert_false(xd_bond_receives(&bond, 0));
}

static void
test_active_backup(void **state)
{
	struct xd_bond bond;

	(void)state;
	xd_bond_init(&bond, XD_BOND_ACTIVE_BACKUP, 3);
	assert_true(xd_bond_update(&bond, 0x6));
	assert_int_equal(xd_bond_share(&bond, 1), XD_BOND_BUCKETS);
	assert_true(xd_bond_receives(&bond, 1));
	assert_false(xd_bond_receives(&bond, 2));
	/* One that is preferred comes up: no reason for a change. */
	assert_false(xd_bond_update(&bond, 0x7));
	assert_int_equal(xd_bond_share(&bond, 1), XD_BOND_BUCKETS);
	assert_true(xd_bond_update(&bond, 0x5));
	assert_int_equal(xd_bond_share(&bond, 0), XD_BOND_BUCKETS);
	assert_true(xd_bond_update(&bond, 0));
	assert_int_equal(xd_bond_member(&bond, 7), XD_BOND_NONE);
}

/* Only the buckets of a member that goes move, evenly, and they return with it. */
static void
test_balance(void **state)
{
	struct xd_bond bond, before;

	(void)state;
	for (unsigned n = 1; n <= XD_BOND_MEMBERS; n++) {
		const uint32_t all = (1u << n) - 1;

		xd_bond_init(&bond, XD_BOND_BALANCE, n);
		assert_true(xd_bond_update(&bond, all));
		assert_int_equal(sum_shares(&bond), XD_BOND_BUCKETS);
		before = bond;
		for (unsigned m = 0; m < n; m++) {
			assert_true(xd_bond_update(&bond, all & ~(1u << m)));
			assert_int_equal(xd_bond_share(&bond, m), 0);
			for (unsigned i = 0; i < XD_BOND_BUCKETS; i++) {
				if (before.member_of[i] != m)
					assert_int_equal(bond.member_of[i], before.member_of[i]);
			}
			for (unsigned k = 0; n > 1 && k < n; k++) {
				if (k != m)
					assert_in_range(xd_bond_share(&bond, k),
						XD_BOND_BUCKETS / (n - 1) - 8,
						XD_BOND_BUCKETS / (n - 1) + 8);
			}
			assert_true(xd_bond_update(&bond, all));
			assert_memory_equal(
				bond.member_of, before.member_of, sizeof(bond.member_of));
		}
	}
}

static const char a, b, c, d;

static void
join(struct xd_bond *bond, unsigned n, ...)
{
	const void *who[XD_BOND_MEMBERS];
	va_list list;

	va_start(list, n);
	for (unsigned i = 0; i < n; i++)
		who[i] = va_arg(list, const void *);
	va_end(list);
	xd_bond_join(bond, who, n);
}

static unsigned
moved(const struct xd_bond *bond, const struct xd_bond *before)
{
	unsigned n = 0;

	for (unsigned i = 0; i < XD_BOND_BUCKETS; i++)
		n += bond->member_of[i] != before->member_of[i];
	return n;
}

/* Members keep their numbers and as many of their buckets as can be. */
static void
test_join(void **state)
{
	struct xd_bond bond, before;

	(void)state;
	xd_bond_init(&bond, XD_BOND_BALANCE, 2);
	join(&bond, 2, &a, &b);
	assert_true(xd_bond_update(&bond, 3));
	before = bond;
	join(&bond, 3, &c, &a, &b);
	assert_memory_equal(bond.number, ((uint8_t[]){2, 0, 1}), 3);
	assert_int_equal(moved(&bond, &before), 0);
	assert_true(xd_bond_update(&bond, 7));
	assert_in_range(moved(&bond, &before), 85, 86);
	assert_int_equal(moved(&bond, &before), xd_bond_share(&bond, 2));
	/* One leaves: its buckets go at once, and only they. */
	before = bond;
	join(&bond, 2, &c, &b);
	assert_memory_equal(bond.number, ((uint8_t[]){2, 1}), 2);
	assert_int_equal(moved(&bond, &before), xd_bond_share(&before, 0));
	assert_int_equal(xd_bond_share(&bond, 0), 0);
	assert_true(xd_bond_receives(&bond, 0)); /* of workers that do not know yet */
	assert_true(xd_bond_update(&bond, 6));
	assert_false(xd_bond_receives(&bond, 0));
	assert_int_equal(xd_bond_share(&bond, 1), 128);
	/* The same again. */
	before = bond;
	join(&bond, 2, &c, &b);
	assert_false(xd_bond_update(&bond, 6));
	assert_memory_equal(&bond, &before, sizeof(bond));
	/* One for one: it has the other's number. */
	join(&bond, 2, &d, &b);
	assert_memory_equal(bond.number, ((uint8_t[]){2, 1}), 2);
	assert_int_equal(bond.fresh, 4);
	assert_true(xd_bond_update(&bond, 6));
	assert_int_equal(bond.fresh, 0);
	assert_int_equal(xd_bond_share(&bond, 2), 128);
}

/* The one that carries everything leaves, to one that is up, or to nobody. */
static void
test_active_leaves(void **state)
{
	struct xd_bond bond;

	(void)state;
	xd_bond_init(&bond, XD_BOND_ACTIVE_BACKUP, 3);
	join(&bond, 3, &a, &b, &c);
	assert_true(xd_bond_update(&bond, 7));
	assert_int_equal(bond.receives, 1);
	join(&bond, 3, &d, &c, &b);
	assert_memory_equal(bond.number, ((uint8_t[]){0, 2, 1}), 3);
	assert_int_equal(xd_bond_share(&bond, 2), XD_BOND_BUCKETS);
	assert_int_equal(bond.receives, 5);
	assert_true(xd_bond_update(&bond, 7));
	assert_int_equal(bond.receives, 4);
	/* Members that carry nothing come and go. */
	join(&bond, 2, &a, &c);
	assert_false(xd_bond_update(&bond, 5));
	assert_int_equal(xd_bond_share(&bond, 2), XD_BOND_BUCKETS);
	/* Nobody else: the new one's link is all there is to go by. */
	join(&bond, 1, &b);
	assert_int_equal(xd_bond_share(&bond, bond.number[0]), 0);
	assert_true(xd_bond_update(&bond, 1u << bond.number[0]));
	assert_int_equal(xd_bond_share(&bond, bond.number[0]), XD_BOND_BUCKETS);
	join(&bond, 1, &a);
	assert_int_equal(xd_bond_share(&bond, bond.number[0]), XD_BOND_BUCKETS);
	assert_true(xd_bond_update(&bond, 1u << bond.number[0]));
	/* The first in the list is preferred, whatever its number. */
	join(&bond, 3, &c, &b, &a);
	assert_false(xd_bond_update(&bond, 7));
	assert_true(xd_bond_update(&bond, 7 & ~(1u << bond.number[2])));
	assert_int_equal(bond.sends, 1u << bond.number[0]);
}

/* As many members as there may be, each for another. */
static void
test_all_replaced(void **state)
{
	static const char more[2 * XD_BOND_MEMBERS];
	const void *who[XD_BOND_MEMBERS];
	struct xd_bond bond;

	(void)state;
	xd_bond_init(&bond, XD_BOND_BALANCE, XD_BOND_MEMBERS);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned i = 0; i < XD_BOND_MEMBERS; i++)
			who[i] = &more[turn * XD_BOND_MEMBERS + i];
		xd_bond_join(&bond, who, XD_BOND_MEMBERS);
		assert_int_equal(bond.there, 0xff);
		assert_int_equal(bond.fresh, 0xff);
		assert_true(xd_bond_update(&bond, 0xff));
		assert_int_equal(sum_shares(&bond), XD_BOND_BUCKETS);
	}
}

static void
test_activate(void **state)
{
	struct xd_bond bond;

	(void)state;
	xd_bond_init(&bond, XD_BOND_ACTIVE_BACKUP, 3);
	xd_bond_update(&bond, 7);
	assert_false(xd_bond_retires(&bond, 0));
	xd_bond_activate(&bond, 2);
	assert_int_equal(xd_bond_share(&bond, 2), XD_BOND_BUCKETS);
	assert_int_equal(bond.receives, 4);
	assert_true(xd_bond_retires(&bond, 0));
	assert_false(xd_bond_retires(&bond, 1));
	/* It stays, and soon another is chosen. */
	assert_false(xd_bond_update(&bond, 7));
	xd_bond_activate(&bond, 1);
	assert_int_equal(bond.retiring, 5);
	xd_bond_activate(&bond, 0);
	assert_int_equal(bond.retiring, 6);
	xd_bond_retired(&bond);
	assert_false(xd_bond_retires(&bond, 2));
	assert_true(xd_bond_update(&bond, 6));
	assert_int_equal(bond.receives, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_at_first),
		cmocka_unit_test(test_active_backup),
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_active_leaves),
		cmocka_unit_test(test_all_replaced),
		cmocka_unit_test(test_activate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
