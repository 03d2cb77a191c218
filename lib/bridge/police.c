/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits of ports: policers and storm control (police/policer.h). What a port sends is judged
 * before its sources are learned, so that frames that are refused teach nothing; what is sent to
 * it, when outputs are known, and to a bond before its members are.
 *
 * With back pressure a frame may be judged in several turns, but it takes tokens once: to judge
 * takes none, and the police's last part, behind back pressure, takes for frames that are in the
 * batch still. For those it also counts what it refused on outputs.
 */
#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "bridge/bridge.h"

/* Parts of tokens that are left to a policer in this turn. */
struct left {
	int64_t bits, frames;
};

static int64_t
left_in(struct xd_bucket *bucket, const struct xd_bucket_rate *rate, uint64_t now_tsc)
{
	return rate->gain ? xd_bucket_parts(bucket, rate, now_tsc) : INT64_MAX;
}

static bool
pass(struct left *left, const struct xd_policer_rates *rates, uint64_t bits)
{
	if (left->bits < xd_bucket_wanted(&rates->bits, bits) ||
		left->frames < xd_bucket_wanted(&rates->frames, 1))
		return false;
	left->bits -= (int64_t)(bits << XD_BUCKET_PART_BITS);
	left->frames -= 1 << XD_BUCKET_PART_BITS;
	return true;
}

/* Judges frames of a list, a bit each by their place in it. Returns those that do not pass. */
static uint32_t
judge(struct xd_turn *turn, const struct xd_plan_port *port, enum xd_policer policer,
	struct xd_frame *const *frames, uint32_t which)
{
	const struct xd_policer_rates *rates = &port->policers[policer];
	struct xd_policer_buckets *buckets = &port->port->policers[policer];
	struct left left = {
		left_in(&buckets->bits, &rates->bits, turn->judged_tsc),
		left_in(&buckets->frames, &rates->frames, turn->judged_tsc),
	};
	struct xd_judged *judged = &turn->judged[turn->nb_judged++];
	uint32_t refused = 0;

	*judged = (struct xd_judged){.port = port, .policer = policer};
	for (; which; which &= which - 1) {
		const unsigned i = (unsigned)__builtin_ctz(which);
		const struct xd_frame *f = frames[i];
		const uint32_t bit = 1u << xd_turn_number(turn, f);
		const uint32_t len = policer == XD_POLICER_OUT ? f->len : xd_frame_received_len(f);

		if (!pass(&left, rates, 8ull * len)) {
			judged->refused |= bit;
			refused |= 1u << i;
			continue;
		}
		judged->passed |= bit;
		judged->bits += 8ull * len;
	}
	return refused;
}

static inline uint32_t
first(unsigned n)
{
	return (uint32_t)((1ull << n) - 1);
}

/* Whether storm control of that kind is for the frame, which is to be looked up. */
static bool
is_of_storm(const struct xd_turn *turn, unsigned i, enum xd_policer storm)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const struct xd_look *dst = &turn->dst[i];

	if (storm == XD_STORM_UNKNOWN)
		return dst->key && xd_fdb_lookup_from(turn->in->bridge->fdb, dst->key,
					   dst->first) == XD_PORT_NONE;
	return !dst->key && !memcmp(xd_frame_data(turn->frames[i]), broadcast, sizeof(broadcast)) ==
				    (storm == XD_STORM_BROADCAST);
}

static void
storm_control(struct xd_turn *turn, enum xd_policer storm)
{
	uint32_t which = 0;
	bool is = false;

	for (unsigned i = 0; i < turn->n; i++) {
		if (!(turn->repeats >> i & 1))
			is = is_of_storm(turn, i, storm);
		which |= (uint32_t)is << i;
	}
	if (which)
		which = judge(turn, turn->in, storm, turn->frames, which);
	if (which)
		xd_turn_filter(turn, which, xd_policer_reason(storm));
}

/* Bits of some that passed. Of clones, whose number alone is known here, those of their frames,
 * which may have a tag more or less: of outputs of which some frames wait. */
static uint64_t
bits_of(const struct xd_turn *turn, const struct xd_judged *judged, uint32_t which)
{
	uint64_t bytes = 0;

	for (; which; which &= which - 1) {
		const struct xd_frame *f = &turn->batch->frames[__builtin_ctz(which)];

		bytes += judged->policer == XD_POLICER_OUT ? f->len : xd_frame_received_len(f);
	}
	return 8 * bytes;
}

void
xd_bridge_police_in(struct xd_turn *turn)
{
	uint32_t in_play = 0, refused;

	turn->judged_tsc = rte_rdtsc();
	for (enum xd_policer storm = XD_STORM_BROADCAST; storm <= XD_STORM_UNKNOWN; storm++) {
		if (turn->in->policers[storm].any)
			storm_control(turn, storm);
	}
	if (turn->in->policers[XD_POLICER_IN].any) {
		refused = judge(turn, turn->in, XD_POLICER_IN, turn->frames, first(turn->n));
		if (refused)
			xd_turn_filter(turn, refused, xd_policer_reason(XD_POLICER_IN));
	}
	/* What one of them let pass and another did not takes nothing. */
	for (unsigned i = 0; i < turn->n; i++)
		in_play |= 1u << xd_turn_number(turn, turn->frames[i]);
	for (unsigned i = 0; i < turn->nb_judged; i++) {
		struct xd_judged *judged = &turn->judged[i];

		judged->passed &= in_play;
		judged->bits = bits_of(turn, judged, judged->passed);
	}
}

static void
police_output(struct xd_turn *turn, const struct xd_plan_port *port, struct xd_output *output)
{
	const uint32_t refused =
		judge(turn, port, XD_POLICER_OUT, output->frames, first(output->n));
	uint16_t kept = 0;

	for (uint16_t i = 0; i < output->n; i++) {
		if (!(refused >> i & 1))
			output->frames[kept++] = output->frames[i];
	}
	output->n = kept;
}

void
xd_bridge_police_out(struct xd_turn *turn)
{
	uint16_t kept = 0;

	turn->judged_tsc = rte_rdtsc();
	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		const struct xd_plan_port *port = turn->plan->ports[turn->busy[i]];
		struct xd_output *output = &turn->outputs[turn->busy[i]];

		if (unlikely(port->policers[XD_POLICER_OUT].any))
			police_output(turn, port, output);
		if (output->n)
			turn->busy[kept++] = turn->busy[i];
	}
	turn->nb_busy = kept;
}

static void
take(const struct xd_turn *turn, const struct xd_judged *judged, uint32_t passed)
{
	const struct xd_policer_rates *rates = &judged->port->policers[judged->policer];
	struct xd_policer_buckets *buckets = &judged->port->port->policers[judged->policer];

	if (rates->bits.gain)
		xd_bucket_take(&buckets->bits, &rates->bits, turn->judged_tsc,
			passed == judged->passed ? judged->bits : bits_of(turn, judged, passed));
	if (rates->frames.gain)
		xd_bucket_take(&buckets->frames, &rates->frames, turn->judged_tsc,
			(uint64_t)__builtin_popcount(passed));
}

void
xd_bridge_police_take(struct xd_turn *turn)
{
	const uint32_t went = first(turn->batch->n);

	for (unsigned i = 0; i < turn->nb_judged; i++) {
		const struct xd_judged *judged = &turn->judged[i];
		struct xd_port *port = judged->port->port;

		if (judged->passed & went)
			take(turn, judged, judged->passed & went);
		if (judged->policer == XD_POLICER_OUT && judged->refused & went)
			xd_drop(&port->drops[xd_port_tx_queue(port, turn->batch->worker)],
				XD_DROP_POLICED_OUT,
				(uint64_t)__builtin_popcount(judged->refused & went));
	}
	turn->nb_judged = 0;
}
