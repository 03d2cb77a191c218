/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a result file, as --json wrote it, back into struct xd_results, row by row; each member is
 * checked, for the file may be anybody's. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "load.h"
#include "record.h"

static uint64_t
count_or_null(struct record *r, const char *key)
{
	return record_has(r, key) ? record_count(r, key) : 0;
}

static void
load_times(struct record *in, json_t *o, const char *key, struct xd_times *t)
{
	struct record r;

	if (!record_enter(in, o, key, true, &r))
		return;
	t->count = record_count(&r, "count");
	t->min_ns = record_number(&r, "min_ns", RECORD_MUST);
	t->mean_ns = record_number(&r, "mean_ns", RECORD_MUST);
	t->p50_ns = record_number(&r, "p50_ns", RECORD_MUST);
	t->p95_ns = record_number(&r, "p95_ns", RECORD_MUST);
	t->p99_ns = record_number(&r, "p99_ns", RECORD_MUST);
	t->p99_9_ns = record_number(&r, "p99_9_ns", RECORD_MUST);
	t->p99_99_ns = record_number(&r, "p99_99_ns", RECORD_MUST);
	t->max_ns = record_number(&r, "max_ns", RECORD_MUST);
	record_leave(in, &r);
}

static void
load_latency(struct record *in, struct xd_row *row)
{
	struct xd_latency_figures *f = &row->latency;
	struct record r;

	row->timed =
		record_enter(in, in->object, "latency", !engine_of(row)->report.must_be_timed, &r);
	if (!row->timed)
		return;
	f->way = (enum xd_times_way)record_word(&r, "way", RECORD_WAY);
	f->count = record_count(&r, "count");
	f->lost = count_or_null(&r, "lost");
	load_times(&r, r.object, "actual", &f->actual);
	load_times(&r, r.object, "planned", &f->planned);
	f->half_mean_ns = record_number(&r, "half_mean_ns", RECORD_OR_NULL);
	f->jitter = record_number(&r, "jitter", RECORD_OR_NULL);
	f->rfc3550_jitter_ns = record_number(&r, "rfc3550_jitter_ns", RECORD_OR_NULL);
	record_leave(in, &r);
}

static void
load_pacing(struct record *in, struct xd_row *row)
{
	struct xd_pacing_figures *f = &row->pacing;
	struct record r;

	row->paced = record_enter(in, in->object, "pacing", true, &r);
	if (!row->paced)
		return;
	load_times(&r, r.object, "lateness", &f->lateness);
	f->within_500ns = record_number(&r, "within_500ns", RECORD_OR_NULL);
	f->max_burst = (unsigned)record_count(&r, "max_burst");
	f->late_frames = record_count(&r, "late_frames");
	f->blocked_frames = record_count(&r, "blocked_frames");
	f->skipped_frames = record_count(&r, "skipped_frames");
	f->missed_frames = record_count(&r, "missed_frames");
	f->sound_percentile = record_number(&r, "sound_percentile", RECORD_MUST);
	record_leave(in, &r);
}

static void
load_flows(struct record *in, struct xd_row *row)
{
	struct xd_flow_figures *f = &row->flow_figures;
	struct record r;

	row->tracked = record_enter(in, in->object, "flow_figures", true, &r);
	if (!row->tracked)
		return;
	f->flows = (uint32_t)record_count(&r, "flows");
	f->lost = record_count(&r, "lost");
	f->reordered = record_count(&r, "reordered");
	f->duplicated = record_count(&r, "duplicated");
	f->checked = record_has(&r, "wrong_payload");
	f->wrong_payload = f->checked ? record_count(&r, "wrong_payload") : 0;
	f->flows_with_loss = (uint32_t)record_count(&r, "flows_with_loss");
	record_leave(in, &r);
}

static void
load_figure(struct record *r, const struct xd_figure *f, struct xd_row *row)
{
	const bool may_be_null = f->or_null || f->has;
	void *at = (char *)row + f->offset;
	unsigned small;
	uint64_t count;
	double real;

	switch (f->kind) {
	case XD_FIGURE_UNSIGNED:
		small = (unsigned)(may_be_null ? count_or_null : record_count)(r, f->key);
		memcpy(at, &small, sizeof(small));
		break;
	case XD_FIGURE_COUNT:
		count = (may_be_null ? count_or_null : record_count)(r, f->key);
		memcpy(at, &count, sizeof(count));
		break;
	case XD_FIGURE_REAL:
		real = record_number(r, f->key, may_be_null ? RECORD_OR_NULL : RECORD_MUST);
		memcpy(at, &real, sizeof(real));
		break;
	case XD_FIGURE_FLAG:
		*(bool *)at = record_flag(r, f->key);
		break;
	case XD_FIGURE_TEXT:
		record_text(r, f->key, at, f->size);
		break;
	case XD_FIGURE_TIMES:
		load_times(r, r->object, f->key, at);
		break;
	}
}

/* What only rows of one engine have. */
static void
load_section(struct record *in, const struct xd_engine *engine, struct xd_row *row)
{
	struct record r;

	if (!engine->section ||
		!record_enter(in, in->object, engine->section, engine != row->engine, &r))
		return;
	for (const struct xd_figure *f = engine->figures; f->key && engine == row->engine; f++)
		load_figure(&r, f, row);
	record_leave(in, &r);
}

static void
load_rate(struct record *r, struct xd_rate_figures *f)
{
	double lost;

	f->asked_pps = record_number(r, "asked_pps", RECORD_OR_NULL);
	if (json_is_null(json_object_get(r->object, "sent_frames")) &&
		json_is_null(json_object_get(r->object, "pps"))) /* one at a time */
		return;
	f->sent_frames = record_count(r, "sent_frames");
	f->received_frames = record_count(r, "received_frames");
	lost = record_number(r, "lost_frames", RECORD_MUST);
	f->lost_frames = fabs(lost) < 1e18 ? (int64_t)lost : 0;
	f->sent_pps = record_number(r, "sent_pps", RECORD_MUST);
	f->pps = record_number(r, "pps", RECORD_MUST);
	f->l2_bps = record_number(r, "l2_bps", RECORD_MUST);
	f->l1_bps = record_number(r, "l1_bps", RECORD_MUST);
	f->bottleneck = (enum xd_bottleneck)record_word(r, "bottleneck", RECORD_BOTTLENECK);
	f->waiting_share = record_number(r, "waiting_share", RECORD_OR_NULL);
	f->nb_ports = (unsigned)json_array_size(json_object_get(r->object, "per_port"));
	if (f->nb_ports > XD_GEN_PORTS_MAX)
		f->nb_ports = XD_GEN_PORTS_MAX;
}

static void
load_surroundings(struct record *in, struct xd_row *row)
{
	struct record r;

	if (record_enter(in, in->object, "placement", true, &r)) {
		row->placement_before_ns = record_number(&r, "before_ns", RECORD_OR_NULL);
		row->placement_after_ns = record_number(&r, "after_ns", RECORD_OR_NULL);
		record_leave(in, &r);
	}
	if (record_enter(in, in->object, "numa", true, &r)) {
		record_text(&r, "memory", row->numa.memory, sizeof(row->numa.memory));
		record_text(&r, "core", row->numa.core, sizeof(row->numa.core));
		record_text(&r, "guest", row->numa.guest, sizeof(row->numa.guest));
		row->numa.remote = record_flag(&r, "remote");
		record_leave(in, &r);
	}
	row->steal_s = record_number(in, "steal_s", RECORD_OR_NULL);
	row->cpu_s = record_number(in, "cpu_s", RECORD_OR_NULL);
	row->dut.known = record_enter(in, in->object, "switch", true, &r);
	if (row->dut.known) {
		row->dut.frames = record_count(&r, "frames");
		row->dut.busy_cycles = record_count(&r, "busy_cycles");
		row->dut.busy_cycles_per_frame =
			record_number(&r, "busy_cycles_per_frame", RECORD_OR_NULL);
		row->dut.busy_share = record_number(&r, "busy_share", RECORD_OR_NULL);
		record_leave(in, &r);
	}
	row->is_void = record_flag(in, "void");
	record_text(in, "void_reason", row->void_reason, sizeof(row->void_reason));
	row->partial = record_flag(in, "partial");
}

static void
load_rings(struct record *r, struct xd_rings_figures *rings)
{
	double size = record_number(r, "ring_size", RECORD_OR_NULL);

	record_text(r, "rings", rings->rings, sizeof(rings->rings));
	record_text(r, "ids", rings->ids, sizeof(rings->ids));
	rings->tso = record_flag(r, "tso");
	rings->ring_size = size > 0 && size <= UINT16_MAX ? (uint32_t)size : 0;
}

static int
load_row(struct record *r, struct xd_row *row)
{
	row->engine = engines[record_word(r, "engine", RECORD_ENGINE)]->results;
	record_text(r, "name", row->name, sizeof(row->name));
	row->trial = (unsigned)record_count(r, "trial");
	row->size = (uint32_t)record_count(r, "size");
	record_text(r, "mix", row->mix, sizeof(row->mix));
	record_text(r, "template", row->template_text, sizeof(row->template_text));
	record_text(r, "capture", row->capture, sizeof(row->capture));
	row->flows = (uint32_t)record_count(r, "flows");
	row->flow_kind = (enum xd_flow_kind)record_word(r, "flow_kind", RECORD_FLOW_KIND);
	row->direction = (enum xd_direction)record_word(r, "direction", RECORD_DIRECTION);
	row->pattern = (enum xd_pattern)record_word(r, "pattern", RECORD_PATTERN);
	row->touch = (enum xd_touch)record_word(r, "touch", RECORD_TOUCH);
	load_rings(r, &row->rings);
	row->time_s = record_number(r, "time_s", RECORD_MUST);
	load_rate(r, &row->rate);
	load_pacing(r, row);
	load_latency(r, row);
	load_flows(r, row);
	for (unsigned i = 0; engines[i]; i++)
		load_section(r, engines[i]->results, row);
	load_surroundings(r, row);
	return r->rc;
}

static void
load_ports(struct record *in, struct xd_results *results)
{
	json_t *ports = json_object_get(in->object, "ports"), *port;
	size_t i;

	if (!json_is_array(ports))
		return;
	json_array_foreach(ports, i, port)
	{
		struct xd_result_port *p = &results->ports[results->nb_ports];
		struct record r = *in;
		double core;

		if (results->nb_ports == XD_GEN_PORTS_MAX)
			return;
		r.object = port;
		snprintf(r.path, sizeof(r.path), "ports[%zu].", i);
		record_text(&r, "name", p->name, sizeof(p->name));
		record_text(&r, "memory", p->memory, sizeof(p->memory));
		load_rings(&r, &p->rings);
		core = record_number(&r, "core", RECORD_MUST);
		p->core = core >= 0 && core < 1e6 ? (int)core : -1;
		record_leave(in, &r);
		results->nb_ports++;
	}
}

static void
load_head(struct record *r, struct xd_results *results)
{
	struct record env;

	record_text(r, "command", results->command, sizeof(results->command));
	record_text(r, "started", results->started, sizeof(results->started));
	record_text(r, "label", results->label, sizeof(results->label));
	record_text(r, "reason", results->reason, sizeof(results->reason));
	results->partial = record_flag(r, "partial");
	load_ports(r, results);
	if (!record_enter(r, r->object, "environment", false, &env))
		return;
	record_text(&env, "host", results->host, sizeof(results->host));
	record_text(&env, "cpu", results->cpu, sizeof(results->cpu));
	record_text(&env, "kernel", results->kernel, sizeof(results->kernel));
	record_text(&env, "dpdk", results->dpdk, sizeof(results->dpdk));
	record_text(&env, "crossdock", results->version, sizeof(results->version));
	results->hugepages = record_flag(&env, "hugepages");
	results->cpus = (unsigned)count_or_null(&env, "cpus");
	results->numa_nodes = (unsigned)count_or_null(&env, "numa_nodes");
	results->tsc_hz = record_number(&env, "tsc_hz", RECORD_OR_NULL);
	record_leave(r, &env);
}

static int
load_rows(struct record *in, struct xd_results *results)
{
	json_t *rows = json_object_get(in->object, "rows"), *o;
	size_t i;

	if (!json_is_array(rows))
		return xd_fail(in->err, -EINVAL, "%s: rows: a list is expected", in->file);
	if (json_array_size(rows) == 0)
		return xd_fail(in->err, -EINVAL, "%s: rows: there is none: nothing was measured",
			in->file);
	json_array_foreach(rows, i, o)
	{
		struct record r = {.file = in->file, .row = i + 1, .object = o, .err = in->err};
		struct xd_row row = {0};
		int rc = 0;

		if (!json_is_object(o))
			return xd_fail(in->err, -EINVAL, "%s: row %zu: an object is expected",
				in->file, i + 1);
		rc = load_row(&r, &row);
		if (!rc && xd_results_add(results, &row))
			rc = xd_fail(in->err, -ENOMEM, "%s: no memory for its rows", in->file);
		if (rc)
			return rc;
	}
	return 0;
}

int
report_load(const char *name, json_t *root, struct xd_results *results, struct xd_error *err)
{
	struct record r = {.file = name, .object = root, .err = err};
	const char *schema = json_string_value(json_object_get(root, "schema"));

	memset(results, 0, sizeof(*results));
	if (!schema)
		return xd_fail(
			err, -EINVAL, "%s: schema: is missing: not a result of --json", name);
	if (strcmp(schema, XD_RESULT_SCHEMA))
		return xd_fail(err, -EINVAL,
			"%s: schema: it is %.40s, and " XD_RESULT_SCHEMA
			" is expected: measure again with this version",
			name, schema);
	load_head(&r, results);
	return r.rc ? r.rc : load_rows(&r, results);
}

json_t *
report_read(const char *path, struct xd_error *err)
{
	FILE *file = fopen(path, "re");
	json_error_t bad;
	json_t *root;

	if (!file) {
		xd_fail(err, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	errno = 0;
	root = json_loadf(file, JSON_REJECT_DUPLICATES, &bad);
	if (!root && ferror(file) && errno)
		xd_fail(err, -errno, "%s: %s", path, strerror(errno));
	else if (!root)
		xd_fail(err, -EINVAL, "%s: line %d: not JSON: %s", path, bad.line, bad.text);
	fclose(file);
	return root;
}
