/* SPDX-License-Identifier: BSD-3-Clause */
/* The latency profile: trials with times at shares of the rate without loss. */
#include "traffic/engine/search/rules.h"

int
xd_search_profile(const struct xd_search_bench *bench, double found_pps, double trial_s,
	struct xd_profile_found *found)
{
	static const unsigned percents[XD_PROFILE_POINTS] = {0, 10, 50, 90};

	*found = (struct xd_profile_found){0};
	for (unsigned i = 0; i < XD_PROFILE_POINTS; i++) {
		unsigned left = XD_PROFILE_POINTS - i;
		struct xd_profile_point point = {.percent = percents[i]};
		struct xd_search_outcome out;
		int rc;

		point.pps = found_pps * percents[i] / 100;
		/* No more than a hundredth of the rate is as good as nothing. */
		if (!percents[i])
			point.pps = found_pps / 100 < XD_PROFILE_LOW_PPS ? found_pps / 100
									 : XD_PROFILE_LOW_PPS;
		bench->left(bench->ctx, left * trial_s, left);
		rc = xd_search_try(bench, point.pps, trial_s, &out);
		if (rc)
			return rc;
		if (out.is_void)
			continue;
		point.loss_ratio = out.loss_ratio;
		point.trial = out.trial;
		found->points[found->n++] = point;
	}
	return 0;
}
