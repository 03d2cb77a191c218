/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameters from JSON and to it, a row for each. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "traffic/engine/iperf3/parameters.h"

#define TCP_BLOCK 131072u /* bytes; iperf3's own when nothing is said */
#define UDP_BLOCK 1460u   /* the same */
#define UDP_MIN   16u     /* the header of a datagram */
#define UDP_MAX   65507u  /* of IPv4 */
#define MANY      9e15    /* up to here a double holds each whole number */

enum kind { NUMBER32, NUMBER64, FLAG };

/* Numbers and flags that are the same here and there. */
static const struct row {
	const char *key;
	enum kind kind;
	size_t offset;
	double max;
} rows[] = {
	{"omit", NUMBER32, offsetof(struct xd_iperf3_test, omit_s), 600},
	{"time", NUMBER32, offsetof(struct xd_iperf3_test, time_s), XD_IPERF3_TIME_MAX},
	{"num", NUMBER64, offsetof(struct xd_iperf3_test, bytes), MANY},
	{"blockcount", NUMBER64, offsetof(struct xd_iperf3_test, blocks), 1e12},
	{"parallel", NUMBER32, offsetof(struct xd_iperf3_test, streams), XD_IPERF3_STREAMS_MAX},
	{"window", NUMBER32, offsetof(struct xd_iperf3_test, window), 1u << 30},
	{"MSS", NUMBER32, offsetof(struct xd_iperf3_test, mss), XD_IPERF3_MSS_MAX},
	{"TOS", NUMBER32, offsetof(struct xd_iperf3_test, tos), 255},
	{"len", NUMBER32, offsetof(struct xd_iperf3_test, block_bytes), XD_IPERF3_BLOCK_MAX},
	{"bandwidth", NUMBER64, offsetof(struct xd_iperf3_test, rate_bps), MANY},
	{"udp", FLAG, offsetof(struct xd_iperf3_test, udp), 1},
	{"reverse", FLAG, offsetof(struct xd_iperf3_test, reverse), 1},
	{"bidirectional", FLAG, offsetof(struct xd_iperf3_test, both), 1},
	{"nodelay", FLAG, offsetof(struct xd_iperf3_test, no_delay), 1},
	{"get_server_output", FLAG, offsetof(struct xd_iperf3_test, output), 1},
	{"udp_counters_64bit", FLAG, offsetof(struct xd_iperf3_test, wide), 1},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int
read_row(struct xd_iperf3_test *test, const struct row *row, const json_t *value,
	struct xd_error *err)
{
	char *at = (char *)test + row->offset;
	const double number = json_number_value(value);

	if (row->kind == FLAG) { /* iperf3 looks only whether it is there */
		*(bool *)at = true;
		return 0;
	}
	if (!json_is_number(value) || !(number >= 0 && number <= row->max) ||
		number > floor(number))
		return xd_fail(err, -EINVAL,
			"the client asks for a test whose \"%s\" is not a whole number up to %.0f",
			row->key, row->max);
	if (row->kind == NUMBER32)
		*(uint32_t *)at = (uint32_t)number;
	else
		*(uint64_t *)at = (uint64_t)number;
	return 0;
}

/* What only the whole tells. */
static int
check(struct xd_iperf3_test *test, struct xd_error *err)
{
	if (test->streams == 0)
		test->streams = 1;
	if (test->block_bytes == 0)
		test->block_bytes = test->udp ? UDP_BLOCK : TCP_BLOCK;
	if (test->udp && (test->block_bytes < UDP_MIN || test->block_bytes > UDP_MAX))
		return xd_fail(err, -EINVAL,
			"the client asks for datagrams of %u bytes: they have %u to %u",
			test->block_bytes, UDP_MIN, UDP_MAX);
	if (test->mss && test->mss < XD_IPERF3_MSS_MIN)
		return xd_fail(err, -EINVAL,
			"the client asks for segments of %u bytes: they have %u to %u", test->mss,
			XD_IPERF3_MSS_MIN, XD_IPERF3_MSS_MAX);
	if (test->reverse && test->both)
		return xd_fail(
			err, -EINVAL, "the client asks for a test that is reverse and both ways");
	if (!test->time_s && !test->bytes && !test->blocks)
		test->time_s = XD_IPERF3_TIME_MAX; /* until it says that it is over */
	return 0;
}

int
xd_iperf3_test_read(struct xd_iperf3_test *test, const char *json, size_t len, struct xd_error *err)
{
	json_t *root = json_loadb(json, len, JSON_DECODE_INT_AS_REAL, NULL);
	const char *version;
	int rc = 0;

	*test = (struct xd_iperf3_test){0};
	if (!json_is_object(root)) {
		json_decref(root);
		return xd_fail(err, -EPROTO, "the client's parameters are no JSON object");
	}
	if (json_object_get(root, "sctp"))
		rc = xd_fail(err, -EOPNOTSUPP, "the client asks for SCTP; there is TCP and UDP");
	for (unsigned i = 0; i < ROWS && !rc; i++)
		if (json_object_get(root, rows[i].key))
			rc = read_row(test, &rows[i], json_object_get(root, rows[i].key), err);
	version = json_string_value(json_object_get(root, "client_version"));
	for (unsigned i = 0; version && version[i] && i < sizeof(test->version) - 1; i++)
		test->version[i] = version[i] > ' ' && version[i] < 0x7f ? version[i] : '?';
	json_decref(root);
	return rc ? rc : check(test, err);
}

static int
write_row(json_t *root, const struct xd_iperf3_test *test, const struct row *row)
{
	const char *at = (const char *)test + row->offset;

	if (row->kind == FLAG)
		return *(const bool *)at ? json_object_set_new(root, row->key, json_integer(1)) : 0;
	return json_object_set_new(root, row->key,
		json_integer(row->kind == NUMBER32 ? *(const uint32_t *)at
						   : (json_int_t) * (const uint64_t *)at));
}

char *
xd_iperf3_test_write(const struct xd_iperf3_test *test)
{
	json_t *root = json_object();
	int rc = root ? 0 : -1;
	char *text;

	if (!test->udp)
		rc |= json_object_set_new(root, "tcp", json_true());
	for (unsigned i = 0; i < ROWS && !rc; i++)
		rc = write_row(root, test, &rows[i]);
	/* Timers of iperf3 servers before 3.17 need it. */
	rc |= json_object_set_new(root, "pacing_timer", json_integer(1000));
	rc |= json_object_set_new(root, "client_version", json_string(test->version));
	text = rc ? NULL : json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}
