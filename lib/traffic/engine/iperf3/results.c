/* SPDX-License-Identifier: BSD-3-Clause */
/* Results from JSON and to it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "traffic/engine/iperf3/results.h"

/* Counts are below it. An end that sends nothing says -1 of its retransmissions, and some (Debian's
 * 3.12) the same as a number without a sign. */
#define MANY 9e15

/* A number, -1 instead of what is too large; false: it is not there, or none. */
static bool
number(const json_t *from, const char *key, double *value)
{
	const json_t *n = json_object_get(from, key);

	*value = json_number_value(n) <= MANY ? json_number_value(n) : -1;
	return json_is_number(n) && *value >= -1;
}

static uint64_t
whole(double value)
{
	return value > 0 ? (uint64_t)value : 0;
}

static bool
read_stream(struct xd_iperf3_told *told, const json_t *from)
{
	double id, bytes, retransmits, lost, packets, start, end;

	if (!number(from, "id", &id) || !number(from, "bytes", &bytes) ||
		!number(from, "retransmits", &retransmits) ||
		!number(from, "jitter", &told->jitter_s) || !number(from, "errors", &lost) ||
		!number(from, "packets", &packets) || id < 1 || id > UINT16_MAX)
		return false;
	*told = (struct xd_iperf3_told){
		.id = (unsigned)id,
		.bytes = whole(bytes),
		.retransmits = (int64_t)retransmits,
		.jitter_s = told->jitter_s,
		.lost = whole(lost),
		.packets = whole(packets),
	};
	/* Not before iperf 3.2. */
	if (number(from, "start_time", &start) && number(from, "end_time", &end) && end > start)
		told->seconds = end - start;
	return true;
}

static bool
read_all(struct xd_iperf3_results *r, const json_t *root)
{
	static const char *const cpu[] = {"cpu_util_total", "cpu_util_user", "cpu_util_system"};
	const json_t *streams = json_object_get(root, "streams");
	const char *congestion = json_string_value(json_object_get(root, "congestion_used"));
	double retransmits;

	for (unsigned i = 0; i < 3; i++)
		if (!number(root, cpu[i], &r->cpu[i]))
			return false;
	if (!number(root, "sender_has_retransmits", &retransmits) || !json_is_array(streams) ||
		json_array_size(streams) > sizeof(r->streams) / sizeof(r->streams[0]))
		return false;
	r->has_retransmits = retransmits > 0;
	for (unsigned i = 0; congestion && congestion[i] && i < sizeof(r->congestion) - 1; i++)
		r->congestion[i] =
			congestion[i] > ' ' && congestion[i] < 0x7f ? congestion[i] : '?';
	for (size_t i = 0; i < json_array_size(streams); i++)
		if (!read_stream(&r->streams[r->n++], json_array_get(streams, i)))
			return false;
	return true;
}

/* Lines for people: a terminal is not told anything by them. */
static char *
plain_lines(const char *text)
{
	char *lines = strdup(text);

	for (char *c = lines; c && *c; c++)
		if ((*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
			*c = '?';
	return lines;
}

/* A document with its whole numbers as they are, unless one has no place in 63 bits. */
static void
read_output(struct xd_iperf3_results *r, const json_t *root, const char *json, size_t len)
{
	const char *text = json_string_value(json_object_get(root, "server_output_text"));
	json_t *exact;

	r->output_json = !text && json_is_object(json_object_get(root, "server_output_json"));
	if (text)
		r->output = plain_lines(text);
	if (!r->output_json)
		return;
	exact = json_loadb(json, len, 0, NULL);
	r->output = json_dumps(json_object_get(exact ? exact : root, "server_output_json"),
		JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(exact);
}

static void
write_output(const struct xd_iperf3_results *r, json_t *root)
{
	if (r->output && r->output_json)
		json_object_set_new(root, "server_output_json", json_loads(r->output, 0, NULL));
	else if (r->output)
		json_object_set_new(root, "server_output_text", json_string(r->output));
}

void
xd_iperf3_results_fini(struct xd_iperf3_results *results)
{
	free(results->output);
	results->output = NULL;
}

int
xd_iperf3_results_read(
	struct xd_iperf3_results *results, const char *json, size_t len, struct xd_error *err)
{
	json_t *root = json_loadb(json, len, JSON_DECODE_INT_AS_REAL, NULL);
	bool good;

	memset(results, 0, sizeof(*results));
	good = json_is_object(root) && read_all(results, root);
	if (good)
		read_output(results, root, json, len);
	json_decref(root);
	return good ? 0 : xd_fail(err, -EPROTO, "the peer's results are not iperf3's");
}

static json_t *
stream_json(const struct xd_iperf3_told *s)
{
	return json_pack("{s:i, s:I, s:I, s:f, s:I, s:I, s:f, s:f}", "id", (int)s->id, "bytes",
		(json_int_t)s->bytes, "retransmits", (json_int_t)s->retransmits, "jitter",
		s->jitter_s, "errors", (json_int_t)s->lost, "packets", (json_int_t)s->packets,
		"start_time", 0.0, "end_time", s->seconds);
}

char *
xd_iperf3_results_write(const struct xd_iperf3_results *results)
{
	json_t *streams = json_array(), *root;
	int rc = streams ? 0 : -1;
	char *text;

	for (unsigned i = 0; i < results->n && !rc; i++)
		rc = json_array_append_new(streams, stream_json(&results->streams[i]));
	root = json_pack("{s:f, s:f, s:f, s:i, s:o}", "cpu_util_total", results->cpu[0],
		"cpu_util_user", results->cpu[1], "cpu_util_system", results->cpu[2],
		"sender_has_retransmits", results->has_retransmits ? 1 : -1, "streams", streams);
	if (results->congestion[0])
		rc |= json_object_set_new(
			root, "congestion_used", json_string(results->congestion));
	if (root)
		write_output(results, root);
	text = rc || !root ? NULL : json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}
