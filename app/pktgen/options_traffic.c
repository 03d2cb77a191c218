/* SPDX-License-Identifier: BSD-3-Clause */
/* Options about what is sent: sizes, rates, flows, templates, captures, faults. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "option_table.h"
#include "traffic/frames/units.h"

int
take_size(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	return xd_sizes_parse(text, XD_STREAM_MIN, XD_STREAM_MAX, &o->traffic.sizes, err);
}

/* RFC 2544, section 9.1, has them with FCS. */
int
take_rfc_sizes(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)text;
	return take_size(o, row, "60,124,252,508,1020,1276,1514", err);
}

int
take_flows(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t n;
	int rc = xd_units_count(text, 1, XD_STREAM_FLOWS_MAX, &n, err);

	(void)row;
	if (!rc)
		o->traffic.flows = (uint32_t)n;
	return rc;
}

int
take_flow_kind(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->traffic.flow_kind = (enum xd_flow_kind)i;
	return 0;
}

int
take_direction(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->traffic.direction = (enum xd_direction)i;
	return 0;
}

/* Not all commands have all patterns. */
int
take_pattern(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	for (int i = XD_PATTERN_PAIRS; i <= XD_PATTERN_SEND; i++)
		if (!strcmp(text, xd_pattern_name((enum xd_pattern)i)))
			o->traffic.pattern = (enum xd_pattern)i;
	return option_word(row, text, err) < 0 ? -EINVAL : 0;
}

int
take_touch(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->traffic.touch = (enum xd_touch)i;
	return 0;
}

int
take_rate(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int rc = xd_rate_limit_parse(text, &o->traffic.rate, err);

	if (!rc && !row->words && o->traffic.rate.kind == XD_RATE_MAX)
		rc = xd_fail(err, -EINVAL,
			"--rate %s: give a rate, such as 100kpps, or leave --rate out for one "
			"frame at a time",
			text);
	return rc;
}

int
take_line_rate(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	return xd_line_rate_parse(text, &o->traffic.line_rate_bps, err);
}

/* --template, --template-file, --pcap: read when all is known. */
int
take_frames(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)err;
	if (!strcmp(row->name, "template"))
		o->template_text = text;
	else if (!strcmp(row->name, "pcap"))
		o->capture_path = text;
	else
		o->template_path = text;
	return 0;
}

int
take_replay(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->traffic.replay = (enum xd_replay)i;
	return 0;
}

int
take_track(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	(void)text;
	(void)err;
	o->traffic.track = true;
	return 0;
}

int
take_verify(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	(void)text;
	(void)err;
	o->traffic.verify = true;
	return 0;
}

int
take_times(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t n;
	int rc = xd_units_count(text, row->min, UINT32_MAX, &n, err);

	if (!rc)
		o->traffic.every = (uint32_t)n;
	return rc;
}

/* "[PORT:]loss=1%,..." */
int
take_impair(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_impair *impair = &o->impair_all;
	const char *what = text;
	uint64_t port;
	char *end;
	int rc;

	(void)row;
	if (isdigit((unsigned char)text[0]) || text[0] == ':') {
		port = strtoull(text, &end, 10);
		if (end == text || *end != ':' || port >= XD_GEN_PORTS_MAX)
			return xd_fail(err, -EINVAL,
				"--impair %s: a port is its number, from 0, and a colon, such as "
				"0:loss=1%%",
				text);
		impair = &o->traffic.impair[port];
		what = end + 1;
	}
	if (xd_impair_any(impair))
		return xd_fail(err, -EINVAL,
			"--impair %s: that port is impaired already; give one list of faults, such "
			"as loss=1%%,dup=1%%",
			text);
	rc = xd_impair_parse(what, impair, err);
	if (!rc && impair->direction != XD_IMPAIR_TX && !o->command.engine->hosts)
		rc = xd_fail(err, -EINVAL,
			"--impair %s: direction is for engines with hosts behind their ports: tcp, "
			"udp and rr",
			text);
	return rc;
}
