/* SPDX-License-Identifier: BSD-3-Clause */
/* What the texts of iperf3's options mean. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "iperf3_options.h"
#include "traffic/frames/units.h"

/* ---- Values ---- */

/* "128K", "10M": powers of `step`, at most max. */
static int
number(const char *text, double step, uint64_t min, uint64_t max, uint64_t *value,
	struct xd_error *err)
{
	static const char letters[] = "kmgt";
	const char *unit, *letter;
	double n, factor = 1;

	if (!xd_unit_split(text, &n, &unit))
		return xd_fail(err, -EINVAL, "%s: give a number, such as 10 or 128K", text);
	letter = unit[0] ? strchr(letters, tolower((unsigned char)unit[0])) : NULL;
	if (unit[0] && (!letter || unit[1]))
		return xd_fail(
			err, -EINVAL, "%s: unknown unit %s; there are K, M, G and T", text, unit);
	for (long i = 0; letter && i <= letter - letters; i++)
		factor *= step;
	n *= factor;
	if (!xd_unit_whole(&n) || n < (double)min || n > (double)max)
		return xd_fail(err, -EINVAL, "%s: give %llu to %llu", text, (unsigned long long)min,
			(unsigned long long)max);
	*value = (uint64_t)n;
	return 0;
}

/* Numbers, and where they go. */
int
iperf3_take_number(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct iperf3_own *own = o->own;
	struct xd_iperf3_test *t = &own->test;
	uint64_t n = 0;
	int rc;

	switch (row->letter) {
	case 'n':
		rc = number(text, 1024, 1, 1ull << 50, &t->bytes, err);
		break;
	case 'k':
		rc = number(text, 1024, 1, 1ull << 40, &t->blocks, err);
		break;
	case 'b':
		rc = number(text, 1000, 0, 1000000000000000, &t->rate_bps, err);
		break;
	default: /* fits 32 bits */
		rc = number(text, 1024, row->min, row->max, &n, err);
	}
	if (row->letter == 't')
		t->time_s = (unsigned)n;
	else if (row->letter == 'O')
		t->omit_s = (unsigned)n;
	else if (row->letter == 'P')
		t->streams = (unsigned)n;
	else if (row->letter == 'l')
		t->block_bytes = (uint32_t)n;
	else if (row->letter == 'w')
		t->window = (uint32_t)n;
	else if (row->letter == 'M')
		t->mss = (uint32_t)n;
	return rc;
}

/* Flags without a letter. Lines are flushed, and payloads repeated, in any case. */
static void
take_long(struct iperf3_own *own, const char *name)
{
	if (!strcmp(name, "bidir"))
		own->test.both = true;
	else if (!strcmp(name, "get-server-output"))
		own->test.output = true;
	else if (!strcmp(name, "udp-counters-64bit"))
		own->test.wide = true;
}

int
iperf3_take_flag(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct iperf3_own *own = o->own;

	(void)text;
	(void)err;
	switch (row->letter) {
	case 's':
		own->server = true;
		break;
	case '1':
		own->once = true;
		break;
	case 'u':
		own->test.udp = true;
		break;
	case 'R':
		own->test.reverse = true;
		break;
	case 'N':
		own->test.no_delay = true;
		break;
	case 'J':
		own->json = true;
		o->quiet = true; /* nothing else on standard output */
		break;
	case '4':
		own->v4 = true;
		break;
	case '6':
		own->v6 = true;
		break;
	case 'V':
		own->verbose = true;
		break;
	case 'Z': /* payloads are computed where they are sent from */
		break;
	default:
		take_long(own, row->name);
	}
	return 0;
}

int
iperf3_take_congestion(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)o;
	(void)row;
	if (!strcmp(text, "reno") || !strcmp(text, "newreno"))
		return 0;
	return xd_fail(err, -EINVAL, "--congestion %s: there is reno alone", text);
}

/* iperf3's is a number; what a port of the generator's is begins with its kind. */
int
iperf3_take_port(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	return isdigit((unsigned char)text[0]) ? take_host_port(o, row, text, err)
					       : take_port(o, row, text, err);
}

int
iperf3_take_interval(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct iperf3_own *own = o->own;
	int rc = xd_units_seconds(text, &own->interval_s, err);

	(void)row;
	if (!rc && own->interval_s != 0 && (own->interval_s < 0.1 || own->interval_s > 60))
		rc = xd_fail(err, -EINVAL, "--interval %s: 0.1 to 60 seconds, or 0 for none", text);
	return rc;
}

/* As C has numbers: 32, 040 and 0x20 are the same. */
static bool
any_base(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 0);
	return isdigit((unsigned char)text[0]) && !*end && !errno && *value <= max;
}

int
iperf3_take_tos(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct iperf3_own *own = o->own;
	unsigned long n;

	if (!any_base(text, UINT8_MAX, &n))
		return xd_fail(err, -EINVAL, "--%s %s: 0 to 255, such as 32, 040 or 0x20",
			row->name, text);
	own->test.tos = (uint32_t)n;
	return 0;
}

/* Per hop behaviours by name: class selectors (RFC 2474), assured and expedited forwarding (RFC
 * 2597, RFC 3246). -1: it is none. */
static int
dscp_named(const char *name)
{
	unsigned class, drop;
	char more;

	if (!strcasecmp(name, "ef"))
		return 46;
	if (sscanf(name, "%*1[cC]%*1[sS]%1u%c", &class, &more) == 1 && class <= 7)
		return (int)class * 8;
	if (sscanf(name, "%*1[aA]%*1[fF]%1u%1u%c", &class, &drop, &more) == 2 && class >= 1 &&
		class <= 4 && drop >= 1 && drop <= 3)
		return (int)(class * 8 + drop * 2);
	return -1;
}

int
iperf3_take_dscp(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct iperf3_own *own = o->own;
	const int named = dscp_named(text);
	unsigned long n;

	if (named >= 0)
		n = (unsigned long)named;
	else if (!any_base(text, 63, &n))
		return xd_fail(err, -EINVAL, "--%s %s: 0 to 63, or cs0 to cs7, af11 to af43, ef",
			row->name, text);
	own->test.tos = (uint32_t)n << 2;
	return 0;
}

int
iperf3_take_format(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct iperf3_own *own = o->own;

	if (strlen(text) != 1 || !strchr("kmgtKMGT", text[0]))
		return xd_fail(err, -EINVAL,
			"--%s %s: k, m, g or t for bits, K, M, G or T for bytes", row->name, text);
	own->format = text[0];
	return 0;
}

/* Texts that are kept as they are. */
int
iperf3_take_text(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct iperf3_own *own = o->own;

	(void)err;
	if (!strcmp(row->name, "title"))
		own->title = text;
	else if (!strcmp(row->name, "logfile"))
		own->log = text;
	else if (!strcmp(row->name, "extra-data"))
		own->extra = text;
	else
		own->timestamps = text ? text : "%c ";
	return 0;
}

int
iperf3_take_patience(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t ms = 0;
	int rc = number(text, 1000, 1, row->max, &ms, err);

	if (!rc)
		o->timeout_ms = (unsigned)ms;
	return rc;
}
