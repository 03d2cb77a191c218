/* SPDX-License-Identifier: BSD-3-Clause */
/* Flooding: frames to group addresses and to unknown destinations go to every other port of the
 * bridge that carries their VLAN. */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

/* Frames that are all tagged or all untagged, and their clones of the other kind, which are made
 * when the first port wants them. */
struct forms {
	struct xd_frame *const *as_they_are;
	bool tagged;
	struct xd_frame *other[XD_BATCH];
	bool has_other;
};

static struct xd_frame *const *
in_form(struct xd_turn *turn, struct forms *forms, uint16_t n, bool tagged)
{
	if (tagged == forms->tagged)
		return forms->as_they_are;
	for (uint16_t i = 0; !forms->has_other && i < n; i++) {
		struct xd_frame *clone = &turn->clones[turn->nb_clones];

		*clone = *forms->as_they_are[i];
		turn->origin[turn->nb_clones++] = xd_turn_number(turn, forms->as_they_are[i]);
		xd_vlan_form(clone, tagged);
		forms->other[i] = clone;
	}
	forms->has_other = true;
	return forms->other;
}

/* Frames that follow each other on the same route, or one: what is true of one is true of all. */
static void
flood_run(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n)
{
	const struct xd_plan_bridge *bridge = turn->in->bridge;
	struct forms forms = {.as_they_are = frames, .tagged = frames[0]->tagged};
	unsigned nb_dst = 0;

	for (uint16_t i = 0; i < bridge->nb_members; i++) {
		const struct xd_plan_port *out = turn->plan->ports[bridge->members[i]];
		bool tagged;

		if (out == turn->in || !xd_vlan_leaves(out, frames[0], &tagged))
			continue;
		xd_turn_send(turn, out->index, in_form(turn, &forms, n, tagged), n);
		nb_dst++;
	}
	if (unlikely(nb_dst == 0))
		xd_turn_drop_all(turn, XD_DROP_NO_PORT, frames, n);
	/* Both forms share what lies behind the head, and the mbuf is given back by the frame that
	 * came: a clone's only receiver may not take it away either. */
	if (forms.has_other)
		nb_dst = RTE_MAX(nb_dst, 2u);
	if (nb_dst < 2)
		return;
	for (uint16_t i = 0; i < n; i++) {
		frames[i]->nb_dst = (uint8_t)RTE_MIN(nb_dst, (unsigned)UINT8_MAX);
		if (forms.has_other)
			forms.other[i]->nb_dst = frames[i]->nb_dst;
	}
}

void
xd_bridge_flood(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n)
{
	const bool one_by_one = turn->in->bridge->any_cvlans;

	for (uint16_t i = 0, run; i < n; i += run) {
		for (run = 1;
			!one_by_one && i + run < n && frames[i + run]->route == frames[i]->route;)
			run++;
		flood_run(turn, frames + i, run);
	}
}
