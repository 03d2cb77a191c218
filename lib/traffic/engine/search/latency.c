/* SPDX-License-Identifier: BSD-3-Clause */
/* Latency (RFC 2544, 26.2): trials of full length at the throughput. */
#include "traffic/engine/search/rules.h"

int
xd_search_latency(const struct xd_search_bench *bench, const struct xd_repeat_rule *rule,
	struct xd_repeat_found *found)
{
	found->n = found->voids = 0;
	for (unsigned i = 0; i < rule->repeat; i++) {
		unsigned left = rule->repeat - i;
		struct xd_search_outcome out;
		int rc;

		bench->left(bench->ctx, left * rule->trial_s, left);
		rc = xd_search_try(bench, rule->pps, rule->trial_s, &out);
		if (rc)
			return rc;
		if (out.is_void)
			found->voids++;
		else
			found->trials[found->n++] = out.trial;
	}
	return 0;
}
