/* SPDX-License-Identifier: BSD-3-Clause */
/* The members of a bond that carry frames: bond.h. */
#include <string.h>

#include "bond/bond.h"

/* ---- Who is a member ---- */

/* Gives each bucket a home. Members have equally many of them, up to one; a bucket whose home is
 * still a member moves only when that has too many. */
static void
share_out(struct xd_bond *bond)
{
	unsigned room[XD_BOND_MEMBERS] = {0};

	for (unsigned i = 0; i < bond->nb_members; i++)
		room[bond->number[i]] = XD_BOND_BUCKETS / bond->nb_members +
					(i < XD_BOND_BUCKETS % bond->nb_members);
	for (unsigned b = 0; b < XD_BOND_BUCKETS; b++) {
		if (bond->home[b] < XD_BOND_MEMBERS && room[bond->home[b]])
			room[bond->home[b]]--;
		else
			bond->home[b] = XD_BOND_NONE;
	}
	for (unsigned b = 0, next = 0; bond->nb_members && b < XD_BOND_BUCKETS; b++) {
		if (bond->home[b] != XD_BOND_NONE)
			continue;
		while (room[bond->number[next % bond->nb_members]] == 0)
			next++;
		bond->home[b] = bond->number[next++ % bond->nb_members];
		room[bond->home[b]]--;
	}
}

void
xd_bond_init(struct xd_bond *bond, enum xd_bond_mode mode, unsigned nb_members)
{
	*bond = (struct xd_bond){.mode = mode, .nb_members = nb_members};
	memset(bond->member_of, XD_BOND_NONE, sizeof(bond->member_of));
	memset(bond->home, XD_BOND_NONE, sizeof(bond->home));
	bond->there = bond->fresh = (1u << nb_members) - 1;
	for (unsigned i = 0; i < nb_members; i++)
		bond->number[i] = (uint8_t)i;
	share_out(bond);
}

/* ---- Who of them carries what ---- */

/* Number n, modulo how many there are, of the members in the mask. */
static uint8_t
nth(uint32_t mask, unsigned n)
{
	for (n %= (unsigned)__builtin_popcount(mask); n; n--)
		mask &= mask - 1;
	return (uint8_t)__builtin_ctz(mask);
}

/* The one in the mask that is preferred, as a mask. */
static uint32_t
first(const struct xd_bond *bond, uint32_t mask)
{
	for (unsigned i = 0; i < bond->nb_members; i++) {
		if (mask >> bond->number[i] & 1)
			return 1u << bond->number[i];
	}
	return 0;
}

/* A bucket is at home always, and while that is down at one of the others. */
static uint8_t
choose(const struct xd_bond *bond, unsigned bucket)
{
	if (bond->sends == 0)
		return XD_BOND_NONE;
	return bond->sends >> bond->home[bucket] & 1 ? bond->home[bucket]
						     : nth(bond->sends, bucket / bond->nb_members);
}

static void
carry(struct xd_bond *bond, uint32_t receives, uint32_t sends)
{
	bond->sends = sends;
	__atomic_store_n(&bond->receives, receives, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < XD_BOND_BUCKETS; i++)
		__atomic_store_n(&bond->member_of[i], choose(bond, i), __ATOMIC_RELAXED);
}

bool
xd_bond_set(struct xd_bond *bond, uint32_t up, uint32_t receives, uint32_t sends)
{
	bool changed = receives != bond->receives || sends != bond->sends ||
		       (bond->fresh & (receives | sends));

	bond->up = up;
	if (changed || bond->fresh)
		carry(bond, receives, sends);
	bond->fresh = 0;
	return changed;
}

bool
xd_bond_update(struct xd_bond *bond, uint32_t up)
{
	/* The one that carries everything does so until it is down: a member that returns does not
	 * cause another change. */
	uint32_t stays = bond->sends & up, one = first(bond, stays ? stays : up);
	uint32_t carries = bond->mode == XD_BOND_BALANCE ? up : one;

	return xd_bond_set(bond, up, carries, carries);
}

void
xd_bond_activate(struct xd_bond *bond, unsigned member)
{
	/* Seen by whoever sees that the others receive no more. */
	__atomic_store_n(&bond->retiring, (bond->receives | bond->retiring) & ~(1u << member),
		__ATOMIC_RELAXED);
	xd_bond_set(bond, bond->up, 1u << member, 1u << member);
}

void
xd_bond_retired(struct xd_bond *bond)
{
	__atomic_store_n(&bond->retiring, 0, __ATOMIC_RELAXED);
}

unsigned
xd_bond_share(const struct xd_bond *bond, unsigned member)
{
	unsigned n = 0;

	for (unsigned i = 0; i < XD_BOND_BUCKETS; i++)
		n += bond->member_of[i] == member;
	return n;
}

/* ---- When members change ---- */

static uint8_t
number_of(const struct xd_bond *bond, const void *who)
{
	for (uint8_t i = 0; i < XD_BOND_MEMBERS; i++) {
		if ((bond->there >> i & 1) && bond->who[i] == who)
			return i;
	}
	return XD_BOND_NONE;
}

/* Those that leave send no more. Should nobody else be up, they do until the links of the new ones
 * are looked at. */
static void
leave(struct xd_bond *bond, uint32_t left)
{
	uint32_t sends = bond->sends & ~left;

	bond->up &= ~left;
	if (sends == bond->sends)
		return;
	if (sends == 0 && bond->mode == XD_BOND_ACTIVE_BACKUP)
		sends = first(bond, bond->up);
	if (sends)
		carry(bond, bond->receives | sends, sends);
}

void
xd_bond_join(struct xd_bond *bond, const void *const *who, unsigned n)
{
	uint32_t stay = 0, left, used;

	for (unsigned i = 0; i < n; i++) {
		bond->number[i] = number_of(bond, who[i]);
		if (bond->number[i] != XD_BOND_NONE)
			stay |= 1u << bond->number[i];
	}
	left = bond->there & ~stay;
	used = stay;
	for (unsigned i = 0; i < n; i++) {
		/* One for one, frames go to the new member as soon as it is known. */
		uint32_t free = left & ~used ? left & ~used : ~used;

		if (bond->number[i] == XD_BOND_NONE)
			bond->number[i] = (uint8_t)__builtin_ctz(free);
		used |= 1u << bond->number[i];
		bond->who[bond->number[i]] = who[i];
	}
	bond->fresh = (bond->fresh | ~stay) & used;
	bond->there = used;
	bond->nb_members = n;
	share_out(bond);
	leave(bond, left);
}
