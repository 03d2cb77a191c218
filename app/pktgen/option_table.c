/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-ups in an engine's list of options, and errors that name the option to blame. */
#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "option_table.h"

const char *const option_kinds[] = {"virtio:", "dpdk:", "loop:", NULL};
const char *const option_sizes[] = {"64", "64,512,1518", "64:1518:*2", "imix", NULL};
const char *const option_flow_kinds[] = {"mac", "l4", NULL};
const char *const option_directions[] = {"one", "both", NULL};
const char *const option_touches[] = {"full", "stamp", "none", NULL};
const char *const option_max[] = {"max", NULL};
const char *const option_messages[] = {"1:128M:*2", "64k", NULL};
const char *const option_tests[] = {"bandwidth", "latency", "all", NULL};
const char *const option_ways[] = {"forward", "reverse", "both", NULL};
const char *const option_families[] = {"ipv4", "ipv6", NULL};

const struct option_row *
option_find(const struct engine *engine, const char *name)
{
	for (const struct option_row *row = engine->options; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

int
option_word(const struct option_row *row, const char *text, struct xd_error *err)
{
	char hint[160];

	for (int i = 0; row->words[i]; i++)
		if (!strcmp(row->words[i], text))
			return i;
	return xd_fail(err, -EINVAL, "--%s: unknown word %s%s", row->name, text,
		xd_suggest_hint(text, row->words, hint, sizeof(hint)));
}

int
option_pps(const struct option_row *row, const char *text, double *pps, struct xd_error *err)
{
	struct xd_rate_limit rate;
	int rc = xd_rate_limit_parse(text, &rate, err);

	if (rc)
		return rc;
	if (rate.kind != XD_RATE_PPS)
		return xd_fail(err, -EINVAL, "--%s %s: give frames per second, such as 1kpps",
			row->name, text);
	*pps = rate.value;
	return 0;
}

bool
options_given(const struct options *o, const char *name)
{
	const struct option_row *rows = o->command.engine->options;

	for (unsigned i = 0; rows[i].name; i++)
		if (o->given[i] && !strcmp(rows[i].name, name))
			return true;
	return false;
}

int
option_blame(const char *name, const char *text, struct xd_error *err)
{
	char said[sizeof(err->text)];
	size_t len = strlen(name);
	bool same = true;

	if (!strncmp(err->text, "--", 2))
		return err->code;
	memcpy(said, err->text, sizeof(said));
	for (size_t i = 0; i < len && same; i++)
		same = said[i] == (name[i] == '-' ? ' ' : name[i]);
	if (same && (said[len] == ' ' || said[len] == ':'))
		xd_fail(err, err->code, "--%s%s", name, said + len);
	else if (text[0] && !strncmp(said, text, strlen(text)))
		xd_fail(err, err->code, "--%s %s", name, said);
	else
		xd_fail(err, err->code, "--%s: %s", name, said);
	return err->code;
}
