/* SPDX-License-Identifier: BSD-3-Clause */
/* Frame loss (RFC 2544, 26.3): from the maximum rate downwards in tenths, until two trials in a row
 * are without loss. */
#include "traffic/engine/search/rules.h"

int
xd_search_frame_loss(const struct xd_search_bench *bench, double max_pps, double min_pps,
	double trial_s, struct xd_loss_found *found)
{
	unsigned clean = 0;

	*found = (struct xd_loss_found){0};
	for (unsigned i = 0; i < XD_LOSS_POINTS && clean < 2; i++) {
		unsigned left = XD_LOSS_POINTS - i;
		double pps = max_pps * left / XD_LOSS_POINTS;
		struct xd_search_outcome out;
		int rc;

		found->below_min = pps < min_pps;
		if (found->below_min)
			break;
		if (clean)
			left = 1;
		bench->left(bench->ctx, left * trial_s, left);
		rc = xd_search_try(bench, pps, trial_s, &out);
		if (rc)
			return rc;
		if (out.is_void) {
			found->void_pps = pps;
			clean = 0;
			continue;
		}
		clean = out.loss_ratio <= 0 ? clean + 1 : 0;
		found->points[found->n++] = (struct xd_loss_point){.pps = pps,
			.loss_ratio = out.loss_ratio,
			.percent = 100 - i * (100 / XD_LOSS_POINTS),
			.trial = out.trial};
	}
	return 0;
}
