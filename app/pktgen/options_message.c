/* SPDX-License-Identifier: BSD-3-Clause */
/* Options about messages: how long they are, how many streams of them, from where to where. */
#include <errno.h>

#include "option_table.h"
#include "traffic/frames/units.h"

#define FOREVER_S (10 * 365 * 86400.0)

int
take_messages(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_sizes *sizes = &o->message.sizes;
	int rc = xd_sizes_parse(text, 1, XD_MESSAGE_MAX, sizes, err);

	(void)row;
	for (unsigned i = 0; !rc && i < sizes->n; i++)
		if (sizes->mix[i].n > 1)
			rc = xd_fail(err, -EINVAL,
				"--messages %s: one size at a time, such as 1,64k or 1:128M:*2",
				sizes->mix[i].name);
	return rc;
}

int
take_message_test(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->message.tests[XD_MESSAGE_BANDWIDTH] = i != XD_MESSAGE_LATENCY;
	o->message.tests[XD_MESSAGE_LATENCY] = i != XD_MESSAGE_BANDWIDTH;
	return 0;
}

int
take_message_way(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->message.way = (enum xd_message_way)i;
	return 0;
}

int
take_streams(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t n;
	int rc = xd_units_count(text, 1, row->max, &n, err);

	if (!rc)
		o->message.streams = (unsigned)n;
	return rc;
}

int
take_compare(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	(void)text;
	(void)err;
	o->message.verify = true;
	return 0;
}

void
option_message_defaults(struct options *o, const char *usual)
{
	o->message = (struct xd_message_opts){
		.tests = {[XD_MESSAGE_BANDWIDTH] = true},
		.streams = 1,
	};
	xd_sizes_parse(usual, 1, XD_MESSAGE_MAX, &o->message.sizes, NULL);
}

int
option_message_check(struct options *o, struct xd_error *err)
{
	const char *engine = o->command.engine->results->name;
	bool delays = o->impair_all.delay_us > 0;
	int rc = option_host_check(o, err);

	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		delays = delays || o->traffic.impair[i].delay_us > 0;
	if (!rc && options_ends(o) != 1 && options_ends(o) % 2)
		rc = xd_fail(err, -EINVAL,
			"%s has one port, or pairs of them: give an even number, not %u", engine,
			o->nb_ports);
	if (!rc && delays)
		rc = xd_fail(err, -EINVAL,
			"--impair: delay_us is not for %s; give loss, dup or reorder", engine);
	return rc;
}

struct xd_message_opts
option_message(const struct options *o)
{
	struct xd_message_opts message = o->message;

	message.time_s = o->time_s;
	message.warmup_s = o->warmup_s;
	message.trials = o->trials;
	message.touch = o->traffic.touch;
	return message;
}

bool
option_until_stopped(const struct options *o, struct xd_message_opts *message)
{
	if (options_ends(o) > 1 || o->host.has_peer || options_given(o, "time"))
		return false;
	message->time_s = FOREVER_S;
	return true;
}
