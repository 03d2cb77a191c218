/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a row of a result file, or the row that the other end of a test sends: each member is
 * checked, for it may be anybody's. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "load.h"
#include "load_row.h"

uint64_t
load_count_or_null(struct record *r, const char *key)
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
	f->lost = load_count_or_null(&r, "lost");
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
		small = (unsigned)(may_be_null ? load_count_or_null : record_count)(r, f->key);
		memcpy(at, &small, sizeof(small));
		break;
	case XD_FIGURE_COUNT:
		count = (may_be_null ? load_count_or_null : record_count)(r, f->key);
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
load_numa(struct record *in, struct xd_numa_figures *numa)
{
	struct record r;

	if (!record_enter(in, in->object, "numa", true, &r))
		return;
	record_text(&r, "memory", numa->memory, sizeof(numa->memory));
	record_text(&r, "core", numa->core, sizeof(numa->core));
	record_text(&r, "guest", numa->guest, sizeof(numa->guest));
	numa->remote = record_flag(&r, "remote");
	record_leave(in, &r);
}

void
load_rings(struct record *r, struct xd_rings_figures *rings)
{
	double size = record_number(r, "ring_size", RECORD_OR_NULL);

	record_text(r, "rings", rings->rings, sizeof(rings->rings));
	record_text(r, "ids", rings->ids, sizeof(rings->ids));
	rings->tso = record_flag(r, "tso");
	rings->ring_size = size > 0 && size <= UINT16_MAX ? (uint32_t)size : 0;
}

static void
load_far(struct record *in, struct xd_far_figures *far)
{
	struct record r;

	far->known = record_enter(in, in->object, "far", true, &r);
	if (!far->known)
		return;
	far->time_s = record_number(&r, "time_s", RECORD_MUST);
	far->cpu_s = record_number(&r, "cpu_s", RECORD_OR_NULL);
	far->steal_s = record_number(&r, "steal_s", RECORD_OR_NULL);
	load_rings(&r, &far->rings);
	load_numa(&r, &far->numa);
	record_leave(in, &r);
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
	load_numa(in, &row->numa);
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
	load_far(in, &row->far);
	row->is_void = record_flag(in, "void");
	record_text(in, "void_reason", row->void_reason, sizeof(row->void_reason));
	row->partial = record_flag(in, "partial");
}

int
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
load_port_figures(struct record *in, struct xd_rate_figures *f)
{
	json_t *ports = json_object_get(in->object, "per_port");

	for (unsigned i = 0; i < f->nb_ports; i++) {
		struct record r = *in;

		r.object = json_array_get(ports, i);
		snprintf(r.path, sizeof(r.path), "per_port[%u].", i);
		f->ports[i].sent_frames = record_count(&r, "sent_frames");
		f->ports[i].received_frames = record_count(&r, "received_frames");
		f->ports[i].sent_pps = record_number(&r, "sent_pps", RECORD_MUST);
		f->ports[i].received_pps = record_number(&r, "received_pps", RECORD_MUST);
		record_leave(in, &r);
	}
}

int
report_load_row(const char *name, json_t *object, struct xd_row *row, struct xd_error *err)
{
	struct record r = {.file = name, .row = 1, .object = object, .err = err};

	memset(row, 0, sizeof(*row));
	load_row(&r, row);
	load_port_figures(&r, &row->rate);
	return r.rc;
}
