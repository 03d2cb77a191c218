/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of engines, and look-ups in it. A new engine takes its place here. */
#include <string.h>

#include "engine.h"

/* Each in the file of its name. */
extern const struct engine engine_rate, engine_latency, engine_search, engine_pairs, engine_tcp,
	engine_udp, engine_rr, engine_server, engine_iperf3, engine_respond, engine_ping,
	engine_session, engine_suite, engine_calibrate;

const struct engine *const engines[] = {
	&engine_rate,
	&engine_latency,
	&engine_search,
	&engine_pairs,
	&engine_tcp,
	&engine_udp,
	&engine_rr,
	&engine_server,
	&engine_iperf3,
	&engine_respond,
	&engine_ping,
	&engine_session,
	&engine_suite,
	&engine_calibrate,
	NULL,
};

_Static_assert(sizeof(engines) / sizeof(engines[0]) <= ENGINES_MAX + 1, "too many engines");

void
engines_results(const struct xd_engine *list[ENGINES_MAX + 1])
{
	unsigned n = 0;

	for (; engines[n]; n++)
		list[n] = engines[n]->results;
	list[n] = NULL;
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
