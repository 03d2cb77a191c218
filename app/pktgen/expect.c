/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a run takes: what its engine says, or so many trials of its time. */
#include "expect.h"
#include "option_table.h"

#define START_S 0.5 /* ports are connected, clocks compared */

/* Rows of one trial each. */
static unsigned
rows_of(const struct options *o)
{
	const struct xd_message_opts *m = &o->message;

	if (option_find(o->command.engine, "messages"))
		return m->sizes.n * (m->tests[XD_MESSAGE_BANDWIDTH] + m->tests[XD_MESSAGE_LATENCY]);
	return o->traffic.sizes.n;
}

double
expect_seconds(const struct options *o)
{
	const struct engine *engine = o->command.engine;

	if (engine->seconds)
		return START_S + engine->seconds(o);
	return START_S + rows_of(o) * o->trials * (o->warmup_s + o->time_s + EXPECT_TRIAL_S);
}
