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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_at_first),
		cmocka_unit_test(test_active_backup),
		cmocka_unit_test(test_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
