/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits as a port's configuration has them, and what workers make of them. */
#include "police/policer.h"

#define BURST_PARTS_OF_S 100 /* of a second: 10 ms */
#define BURST_FRAMES_MIN 64

static uint64_t
burst(uint64_t configured, uint64_t per_s, uint64_t min)
{
	if (configured)
		return configured;
	return per_s / BURST_PARTS_OF_S > min ? per_s / BURST_PARTS_OF_S : min;
}

struct xd_limit
xd_policer_limit(const struct xd_port_config *c, enum xd_policer policer)
{
	struct xd_limit limit = {0};

	switch (policer) {
	case XD_POLICER_IN:
		limit = (struct xd_limit){c->police_in_bit_s, c->police_in_burst_bytes,
			c->police_in_pps, c->police_in_burst_frames};
		break;
	case XD_POLICER_OUT:
		limit = (struct xd_limit){c->police_out_bit_s, c->police_out_burst_bytes,
			c->police_out_pps, c->police_out_burst_frames};
		break;
	case XD_STORM_BROADCAST:
		limit.pps = c->storm_broadcast_pps;
		break;
	case XD_STORM_MULTICAST:
		limit.pps = c->storm_multicast_pps;
		break;
	case XD_STORM_UNKNOWN:
		limit.pps = c->storm_unknown_pps;
		break;
	case XD_POLICERS:
		break;
	}
	limit.burst_bytes = burst(limit.burst_bytes, limit.bit_s / 8, XD_FRAME_MAX);
	limit.burst_frames = burst(limit.burst_frames, limit.pps, BURST_FRAMES_MIN);
	return limit;
}

enum xd_drop
xd_policer_reason(enum xd_policer policer)
{
	static const enum xd_drop reasons[XD_POLICERS] = {
		[XD_POLICER_IN] = XD_DROP_POLICED_IN,
		[XD_POLICER_OUT] = XD_DROP_POLICED_OUT,
		[XD_STORM_BROADCAST] = XD_DROP_STORM_BROADCAST,
		[XD_STORM_MULTICAST] = XD_DROP_STORM_MULTICAST,
		[XD_STORM_UNKNOWN] = XD_DROP_STORM_UNKNOWN,
	};

	return reasons[policer];
}

struct xd_policer_rates
xd_policer_rates(const struct xd_limit *limit, uint64_t tsc_hz)
{
	return (struct xd_policer_rates){
		.any = limit->bit_s || limit->pps,
		.bits = xd_bucket_rate(limit->bit_s, 8 * limit->burst_bytes, tsc_hz),
		.frames = xd_bucket_rate(limit->pps, limit->burst_frames, tsc_hz),
	};
}
