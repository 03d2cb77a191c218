/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "engine.h"
#include "traffic/engine/calibrate.h"
#include "traffic/engine/latency.h"
#include "traffic/engine/pairs.h"
#include "traffic/engine/rate.h"
#include "traffic/engine/search/search.h"

const struct engine *const engines[] = {
	&engine_rate,
	&engine_latency,
	&engine_search,
	&engine_pairs,
	&engine_calibrate,
	NULL,
};

const struct xd_engine *const *
engines_results(void)
{
	/* As above. */
	static const struct xd_engine *const results[] = {
		&xd_rate_engine,
		&xd_latency_engine,
		&xd_search_engine,
		&xd_pairs_engine,
		&xd_calibrate_engine,
		NULL,
	};

	return results;
}

const struct engine *
engine_named(const char *name)
{
	for (unsigned i = 0; engines[i]; i++)
		if (!strcmp(engines[i]->results->name, name))
			return engines[i];
	return NULL;
}

const struct engine *
engine_of(const struct xd_row *row)
{
	unsigned i = 0;

	while (engines[i]->results != row->engine)
		i++;
	return engines[i];
}
