/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mirrors: the stage after forward notes which frames each copies, as they enter by some ports or
 * leave by some (Open vSwitch, ovs-vswitchd.conf.db(5), table Mirror); when all of the turn has
 * been transmitted the copies are made, which are the frames themselves with another tag.
 *
 * A frame is copied once by a mirror, also when it enters and leaves by ports that it selects.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

/* ---- Selecting ---- */

static inline bool
has(const uint64_t *bits, uint16_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* A frame of output_vlan is a copy already, made by another switch. */
static inline bool
is_wanted(const struct xd_plan_mirror *mirror, uint16_t vlan)
{
	return (mirror->all_vlans || has(mirror->vlans, vlan)) && vlan != mirror->output_vlan;
}

/* Frames by their number in the batch: a frame and its clone are one. */
struct by_number {
	uint32_t there; /* a bit each */
	struct xd_frame *frames[XD_BATCH];
};

static void
sort_in(const struct xd_turn *turn, struct by_number *all, const struct xd_output *from)
{
	for (uint16_t i = 0; i < from->n; i++) {
		const uint8_t number = xd_turn_number(turn, from->frames[i]);

		all->frames[number] = from->frames[i];
		all->there |= 1u << number;
	}
}

static void
put_sorted(struct xd_output *to, const struct by_number *all)
{
	for (uint32_t left = all->there; left; left &= left - 1)
		to->frames[to->n++] = all->frames[__builtin_ctz(left)];
}

static void
add_leaving(struct xd_turn *turn, const struct xd_plan_mirror *mirror, struct xd_output *to)
{
	struct by_number all = {0};

	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		if (has(mirror->dst, turn->busy[i]))
			sort_in(turn, &all, &turn->outputs[turn->busy[i]]);
	}
	for (uint32_t left = all.there; left; left &= left - 1) {
		struct xd_frame *f = all.frames[__builtin_ctz(left)];

		if (is_wanted(mirror, f->vlan))
			to->frames[to->n++] = f;
	}
}

static inline void
select_frames(struct xd_turn *turn, const struct xd_plan_mirror *mirror, struct xd_output *to)
{
	to->n = 0;
	if (!has(mirror->src, turn->in->index)) {
		add_leaving(turn, mirror, to);
		return;
	}
	/* What leaves is among what came. */
	if (likely(mirror->all_vlans && mirror->output_vlan == XD_VLAN_NONE)) {
		memcpy(to->frames, turn->frames, turn->n * sizeof(*to->frames));
		to->n = turn->n;
		return;
	}
	for (uint16_t i = 0; i < turn->n; i++) {
		if (is_wanted(mirror, turn->frames[i]->vlan))
			to->frames[to->n++] = turn->frames[i];
	}
}

/* Of frames that come to the bridge in a later pass; the list has some already. */
static __rte_noinline void
select_more(struct xd_turn *turn, const struct xd_plan_mirror *mirror, struct xd_output *to)
{
	struct xd_output more;
	struct by_number all = {0};

	select_frames(turn, mirror, &more);
	sort_in(turn, &all, &more);
	sort_in(turn, &all, to);
	to->n = 0;
	put_sorted(to, &all);
}

/* What a frame's route has of its VLAN and its tag. */
#define ROUTE_VLAN   (0xffffull << 16)
#define ROUTE_TAGGED (1ull << 32)

/* The frames stay as they are until they are copied: which of them have more to be copied than the
 * snapshot, in a sender's memory, and whether all are copied as they are. */
static inline void
keep(struct xd_turn *turn, unsigned i)
{
	const struct xd_plan_mirror *mirror = &turn->plan->mirrors[i];
	const struct xd_output *mirrored = &turn->mirrored[i];
	uint32_t bodies = 0, longest = 0;
	uint64_t routes = 0;

	for (uint16_t k = 0; k < mirrored->n; k++) {
		struct xd_frame *f = mirrored->frames[k];

		routes |= f->route;
		longest = RTE_MAX(longest, f->len);
		/* No port takes its mbuf. */
		f->nb_dst = RTE_MAX(f->nb_dst, 2);
		if (unlikely(f->nb_segs))
			bodies |= 1u << xd_turn_number(turn, f);
	}
	if (mirror->snaplen > XD_HEAD)
		turn->whole |= bodies;
	/* Without a tag, and without one that is due. */
	if (likely(!(routes & (ROUTE_TAGGED | (mirror->untag ? 0 : ROUTE_VLAN)))) &&
		mirror->output_vlan == XD_VLAN_NONE && longest <= mirror->snaplen)
		turn->unchanged |= 1ull << i;
	else
		turn->unchanged &= ~(1ull << i);
}

void
xd_bridge_mirror(struct xd_turn *turn)
{
	const struct xd_plan_bridge *bridge = turn->in->bridge;

	for (uint16_t i = bridge->first_mirror; i < bridge->first_mirror + bridge->nb_mirrors;
		i++) {
		const struct xd_plan_mirror *mirror = &turn->plan->mirrors[i];

		if (unlikely(turn->mirrors >> i & 1))
			select_more(turn, mirror, &turn->mirrored[i]);
		else
			select_frames(turn, mirror, &turn->mirrored[i]);
		if (turn->mirrored[i].n == 0)
			continue;
		turn->mirrors |= 1ull << i;
		keep(turn, i);
	}
}

/* ---- Copies ---- */

/* A copy of its own of a frame that is too long, because others may want more of it. */
static struct xd_frame *
cut(struct xd_turn *turn, struct xd_frame *copy, const struct xd_frame *f, uint16_t *nb_segs,
	uint32_t snaplen)
{
	struct xd_seg *segs = &turn->mirror_segs[*nb_segs];
	uint32_t left;

	*copy = *f;
	copy->mbuf = NULL;
	copy->segs = segs;
	copy->nb_segs = 0;
	/* It is no more what its sender left to be checksummed or segmented. */
	copy->offload.word = 0;
	copy->head_len = (uint8_t)RTE_MIN(f->head_len, snaplen);
	left = snaplen - copy->head_len;
	for (uint8_t i = 0; left && i < f->nb_segs && *nb_segs < XD_BATCH_SEGS; i++) {
		uint32_t len = RTE_MIN(left, f->segs[i].len);

		segs[copy->nb_segs++] = (struct xd_seg){f->segs[i].addr, len};
		left -= len;
		++*nb_segs;
	}
	copy->len = snaplen - left;
	return copy;
}

/* The VLAN of a copy's tag; 0: it has none. */
static inline uint16_t
tag_of(const struct xd_plan_mirror *mirror, const struct xd_frame *f, bool tagged)
{
	if (mirror->output_vlan == XD_VLAN_NONE)
		return mirror->untag ? 0 : f->vlan;
	return tagged ? mirror->output_vlan : 0;
}

uint16_t
xd_bridge_copies(struct xd_turn *turn, const struct xd_plan_mirror *mirror,
	const struct xd_output *mirrored, bool tagged, struct xd_frame *copies[XD_BATCH])
{
	uint16_t n, nb_segs = 0, cuts = 0;

	for (n = 0; n < mirrored->n; n++) {
		struct xd_frame *f = mirrored->frames[n];
		const uint16_t vlan = tag_of(mirror, f, tagged);

		if (f->tagged || vlan)
			xd_vlan_retag(f, vlan);
		if (unlikely(f->len > mirror->snaplen))
			f = cut(turn, &turn->cuts[cuts++], f, &nb_segs, mirror->snaplen);
		copies[n] = f;
	}
	return n;
}
