/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which members of a bond carry frames, by rules that know no ports: IEEE 802.1AX calls this frame
 * distribution and collection.
 *
 * A frame's hash is one of XD_BOND_BUCKETS buckets, and a bucket belongs to one member, so that the
 * frames of a flow stay in order. When a member goes down only its own buckets go to others, and
 * they return with it. When one joins or leaves the bond, no more buckets move than have to.
 *
 * Members have numbers, below XD_BOND_MEMBERS, which they keep while they are members, so that
 * workers may go from one list of members to the next at different times.
 *
 * Control writes (xd_bond_update); workers read single bytes, each of which is a member that was
 * chosen some time: a frame that is late goes to one that is down, and is dropped there.
 */
#ifndef XD_BOND_BOND_H
#define XD_BOND_BOND_H

#include <stdbool.h>
#include <stdint.h>

#define XD_BOND_MEMBERS 8
#define XD_BOND_BUCKETS 256
#define XD_BOND_NONE    0xff

enum xd_bond_mode {
	XD_BOND_ACTIVE_BACKUP, /* the first member that is up carries everything */
	XD_BOND_BALANCE,       /* all that are up; their other ends are one aggregation as well */
	XD_BOND_LACP,          /* those of which the partner agrees: lacp.h */
};

struct xd_lacp;

/* Masks are of members, a bit each by number. */
struct xd_bond {
	enum xd_bond_mode mode;
	unsigned nb_members;
	uint8_t number[XD_BOND_MEMBERS];  /* of the members, in the order of preference */
	uint32_t there;                   /* numbers that are members' */
	const void *who[XD_BOND_MEMBERS]; /* by number: what a member is known by; may be NULL */
	uint32_t fresh; /* that have joined since it was last said who carries what */
	uint8_t home[XD_BOND_BUCKETS]; /* the member that a bucket is at while that is up */
	uint32_t up;
	uint32_t sends;             /* that have buckets */
	const struct xd_lacp *lacp; /* of mode lacp, and control's; else NULL */
	/* Read by workers: */
	uint32_t receives;                  /* whose frames count */
	uint32_t retiring;                  /* of others, whose frames count that are not flooded */
	uint8_t member_of[XD_BOND_BUCKETS]; /* XD_BOND_NONE: no member is up */
	/* Members whose device had no room for a frame of the bond's own: that goes first. Written
	 * by the worker that sends those. */
	uint32_t waits;
};

/* So many members, of which nothing is known but their numbers; none is up. Before workers see it.
 */
void xd_bond_init(struct xd_bond *bond, enum xd_bond_mode mode, unsigned nb_members);
/* From now on these are the members, n of them in the order of preference, each known by what is in
 * who. Those that leave send no more if others that are up can. Control, before workers see a list
 * of members by these numbers; once all do, xd_bond_update or xd_bond_set has to follow. */
void xd_bond_join(struct xd_bond *bond, const void *const *who, unsigned n);
/* Tells which members are up, for all modes but lacp, of which it is the fallback to active-backup.
 * Whether that changed who carries what. Control. */
bool xd_bond_update(struct xd_bond *bond, uint32_t up);
/* Instead, with LACP: also which of them collect and which distribute. */
bool xd_bond_set(struct xd_bond *bond, uint32_t up, uint32_t receives, uint32_t sends);
/* Has that member, which is up, carry everything; those that did before retire: what was on its way
 * by them is still received. Of mode active-backup. Control. */
void xd_bond_activate(struct xd_bond *bond, unsigned member);
/* None retires any more. Control. */
void xd_bond_retired(struct xd_bond *bond);
/* How many buckets a member has. Control. */
unsigned xd_bond_share(const struct xd_bond *bond, unsigned member);

/* The member that carries frames of this hash, or XD_BOND_NONE. Workers. */
static inline uint8_t
xd_bond_member(const struct xd_bond *bond, uint32_t hash)
{
	return __atomic_load_n(&bond->member_of[hash % XD_BOND_BUCKETS], __ATOMIC_RELAXED);
}

/* Whether frames that come in by a member count. Those of a backup are what a switch floods to
 * both. Workers. */
static inline bool
xd_bond_receives(const struct xd_bond *bond, unsigned member)
{
	return __atomic_load_n(&bond->receives, __ATOMIC_ACQUIRE) >> member & 1;
}

/* Of a member that does not receive: whether its frames count that are not flooded. Workers. */
static inline bool
xd_bond_retires(const struct xd_bond *bond, unsigned member)
{
	return __atomic_load_n(&bond->retiring, __ATOMIC_RELAXED) >> member & 1;
}

#endif
