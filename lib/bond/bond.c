/* SPDX-License-Identifier: BSD-3-Clause */
/* The members of a bond that carry frames: bond.h. */
#include <string.h>

#include "bond/bond.h"

void
xd_bond_init(struct xd_bond *bond, enum xd_bond_mode mode, unsigned nb_members)
{
	*bond = (struct xd_bond){.mode = mode, .nb_members = nb_members};
	memset(bond->member_of, XD_BOND_NONE, sizeof(bond->member_of));
}

/* Number n, modulo how many there are, of the members in the mask. */
static uint8_t
nth(uint32_t mask, unsigned n)
{
	for (n %= (unsigned)__builtin_popcount(mask); n; n--)
		mask &= mask - 1;
	return (uint8_t)__builtin_ctz(mask);
}

/* A bucket is at home at the same member always, and while that is down at one of the others. */
static uint8_t
choose(const struct xd_bond *bond, unsigned bucket)
{
	unsigned home = bucket % bond->nb_members;

	if (bond->sends == 0)
		return XD_BOND_NONE;
	return bond->sends >> home & 1 ? (uint8_t)home
				       : nth(bond->sends, bucket / bond->nb_members);
}

bool
xd_bond_set(struct xd_bond *bond, uint32_t up, uint32_t receives, uint32_t sends)
{
	bool changed = receives != bond->receives || sends != bond->sends;

	bond->up = up;
	if (!changed)
		return false;
	bond->sends = sends;
	__atomic_store_n(&bond->receives, receives, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < XD_BOND_BUCKETS; i++)
		__atomic_store_n(&bond->member_of[i], choose(bond, i), __ATOMIC_RELAXED);
	return true;
}

bool
xd_bond_update(struct xd_bond *bond, uint32_t up)
{
	/* The one that carries everything does so until it is down: a member that returns does not
	 * cause another change. */
	uint32_t stays = bond->sends & up, one = stays ? stays & -stays : up & -up;
	uint32_t carries = bond->mode == XD_BOND_BALANCE ? up : one;

	return xd_bond_set(bond, up, carries, carries);
}

unsigned
xd_bond_share(const struct xd_bond *bond, unsigned member)
{
	unsigned n = 0;

	for (unsigned i = 0; i < XD_BOND_BUCKETS; i++)
		n += bond->member_of[i] == member;
	return n;
}
