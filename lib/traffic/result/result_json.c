/* SPDX-License-Identifier: BSD-3-Clause */
/* Results as JSON: a row's members, those of its engine from its list, and the document around
 * them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/host/placement.h"
#include "traffic/result/result.h"
#include "traffic/result/result_json.h"

static void
set_count(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

/* JSON has neither infinity nor NaN: null. */
static void
set_real(json_t *o, const char *key, double value)
{
	json_object_set_new(o, key, isfinite(value) ? json_real(value) : json_null());
}

static void
set_flag(json_t *o, const char *key, bool value)
{
	json_object_set_new(o, key, json_boolean(value));
}

static void
set_null(json_t *o, const char *key)
{
	json_object_set_new(o, key, json_null());
}

/* What a command line or a file's name holds may be no UTF-8. */
static void
set_text(json_t *o, const char *key, const char *value)
{
	json_t *text = json_string(value);

	if (!text) {
		char *plain = strdup(value);

		for (char *c = plain; c && *c; c++)
			if (*c & 0x80)
				*c = '?';
		text = plain ? json_string(plain) : json_null();
		free(plain);
	}
	json_object_set_new(o, key, text);
}

/* Those for which zero, or an empty text, stands for "none" or "not known". */
static void
set_count_or_null(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, value ? json_integer((json_int_t)value) : json_null());
}

static void
set_real_or_null(json_t *o, const char *key, double value)
{
	set_real(o, key, value > 0 ? value : NAN);
}

static void
set_text_or_null(json_t *o, const char *key, const char *value)
{
	if (value[0])
		set_text(o, key, value);
	else
		set_null(o, key);
}

static void
set_times(json_t *o, const char *key, const struct xd_times *t)
{
	json_t *times;

	if (!t->count) {
		set_null(o, key);
		return;
	}
	times = json_object();
	set_count(times, "count", t->count);
	set_real(times, "min_ns", t->min_ns);
	set_real(times, "mean_ns", t->mean_ns);
	set_real(times, "p50_ns", t->p50_ns);
	set_real(times, "p95_ns", t->p95_ns);
	set_real(times, "p99_ns", t->p99_ns);
	set_real(times, "p99_9_ns", t->p99_9_ns);
	set_real(times, "p99_99_ns", t->p99_99_ns);
	set_real(times, "max_ns", t->max_ns);
	json_object_set_new(o, key, times);
}

static json_t *
ports_json(const struct xd_rate_figures *f)
{
	json_t *ports = json_array();

	for (unsigned i = 0; i < f->nb_ports && i < XD_GEN_PORTS_MAX; i++) {
		json_t *o = json_object();

		set_count(o, "port", i);
		set_count(o, "sent_frames", f->ports[i].sent_frames);
		set_count(o, "received_frames", f->ports[i].received_frames);
		set_count(o, "foreign_frames", f->ports[i].foreign_frames);
		set_real(o, "sent_pps", f->ports[i].sent_pps);
		set_real(o, "received_pps", f->ports[i].received_pps);
		json_array_append_new(ports, o);
	}
	return ports;
}

static void
add_rate(json_t *o, const struct xd_row *row)
{
	const struct xd_rate_figures *f = &row->rate;
	static const char *const figures[] = {"asked_pps", "sent_frames", "received_frames",
		"lost_frames", "learned_frames", "learn_lost_frames", "sent_pps", "pps", "l2_bps",
		"l1_bps", "bottleneck", "waiting_share"};

	if (!xd_row_is_rated(row)) {
		for (unsigned i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
			json_object_set_new(o, figures[i], json_null());
		json_object_set_new(o, "per_port", json_array());
		return;
	}
	set_real_or_null(o, "asked_pps", f->asked_pps);
	set_count(o, "sent_frames", f->sent_frames);
	set_count(o, "received_frames", f->received_frames);
	json_object_set_new(o, "lost_frames", json_integer(f->lost_frames));
	set_count(o, "learned_frames", f->learned_frames);
	set_count(o, "learn_lost_frames", f->learn_lost_frames);
	set_real(o, "sent_pps", f->sent_pps);
	set_real(o, "pps", f->pps);
	set_real(o, "l2_bps", f->l2_bps);
	set_real(o, "l1_bps", f->l1_bps);
	set_text(o, "bottleneck", xd_bottleneck_name(f->bottleneck));
	set_real(o, "waiting_share", f->waiting_share);
	json_object_set_new(o, "per_port", ports_json(f));
}

static json_t *
pacing_json(const struct xd_row *row)
{
	const struct xd_pacing_figures *f = &row->pacing;
	json_t *o;

	if (!row->paced)
		return json_null();
	o = json_object();
	set_times(o, "lateness", &f->lateness);
	set_real(o, "within_500ns", f->lateness.count ? f->within_500ns : NAN);
	set_count(o, "max_burst", f->max_burst);
	set_count(o, "late_frames", f->late_frames);
	set_count(o, "blocked_frames", f->blocked_frames);
	set_count(o, "skipped_frames", f->skipped_frames);
	set_count(o, "missed_frames", f->missed_frames);
	set_real(o, "sound_percentile", f->sound_percentile);
	return o;
}

static json_t *
latency_json(const struct xd_row *row)
{
	const struct xd_latency_figures *f = &row->latency;
	json_t *o;

	if (!row->timed)
		return json_null();
	o = json_object();
	set_text(o, "way", xd_times_way_name(f->way));
	set_count(o, "count", f->count);
	/* Of frames on a schedule the row's own lost_frames tells. */
	if (row->paced)
		set_null(o, "lost");
	else
		set_count(o, "lost", f->lost);
	set_times(o, "actual", &f->actual);
	set_times(o, "planned", &f->planned);
	set_real_or_null(o, "half_mean_ns", f->half_mean_ns);
	set_real_or_null(o, "jitter", f->jitter);
	/* Frames at even intervals have no jitter, which is known only of those one-way. */
	set_real(o, "rfc3550_jitter_ns",
		f->way == XD_TIMES_ONE_WAY && f->count ? f->rfc3550_jitter_ns : NAN);
	return o;
}

static json_t *
flow_figures_json(const struct xd_row *row)
{
	const struct xd_flow_figures *f = &row->flow_figures;
	json_t *o;

	if (!row->tracked)
		return json_null();
	o = json_object();
	set_count(o, "flows", f->flows);
	set_count(o, "lost", f->lost);
	set_count(o, "reordered", f->reordered);
	set_count(o, "duplicated", f->duplicated);
	set_flag(o, "checked", f->checked);
	if (f->checked)
		set_count(o, "wrong_payload", f->wrong_payload);
	else
		set_null(o, "wrong_payload");
	set_count(o, "flows_with_loss", f->flows_with_loss);
	if (f->flows_with_loss)
		set_count(o, "worst_flow", f->worst_flow);
	else
		set_null(o, "worst_flow");
	set_count(o, "worst_lost", f->worst_lost);
	set_count(o, "impaired_lost", f->impaired_lost);
	set_count(o, "impaired_dup", f->impaired_dup);
	set_count(o, "impaired_reordered", f->impaired_reordered);
	return o;
}

static void
set_figure(json_t *o, const struct xd_figure *f, const struct xd_row *row)
{
	const void *at = xd_figure_at(f, row);

	if (f->has && !f->has(row)) {
		set_null(o, f->key);
		return;
	}
	switch (f->kind) {
	case XD_FIGURE_UNSIGNED:
	case XD_FIGURE_COUNT:
		(f->or_null ? set_count_or_null : set_count)(o, f->key, xd_figure_count(f, row));
		break;
	case XD_FIGURE_REAL:
		(f->or_null ? set_real_or_null : set_real)(o, f->key, xd_figure_real(f, row));
		break;
	case XD_FIGURE_FLAG:
		set_flag(o, f->key, *(const bool *)at);
		break;
	case XD_FIGURE_TEXT:
		(f->or_null ? set_text_or_null : set_text)(o, f->key, at);
		break;
	case XD_FIGURE_TIMES:
		set_times(o, f->key, at);
		break;
	}
}

/* An engine's own figures: null unless it is the row's. */
static void
add_section(json_t *o, const struct xd_engine *engine, const struct xd_row *row)
{
	json_t *section;

	if (!engine->section)
		return;
	if (engine != row->engine) {
		set_null(o, engine->section);
		return;
	}
	section = json_object();
	for (const struct xd_figure *f = engine->figures; f && f->key; f++)
		set_figure(section, f, row);
	json_object_set_new(o, engine->section, section);
}

static json_t *
placement_json(const struct xd_row *row)
{
	json_t *o = json_object();

	set_real_or_null(o, "before_ns", row->placement_before_ns);
	set_real_or_null(o, "after_ns", row->placement_after_ns);
	set_text(o, "class", xd_placement_class(row->placement_before_ns, row->placement_after_ns));
	return o;
}

static json_t *
numa_json(const struct xd_numa_figures *f)
{
	json_t *o = json_object();

	set_text_or_null(o, "memory", f->memory);
	set_text_or_null(o, "core", f->core);
	set_text_or_null(o, "guest", f->guest);
	set_flag(o, "remote", f->remote);
	return o;
}

static json_t *
switch_json(const struct xd_switch_figures *f)
{
	json_t *o;

	if (!f->known)
		return json_null();
	o = json_object();
	set_count(o, "frames", f->frames);
	set_count(o, "busy_cycles", f->busy_cycles);
	set_real(o, "busy_cycles_per_frame", f->frames ? f->busy_cycles_per_frame : NAN);
	set_real(o, "busy_share", f->busy_share);
	return o;
}

static void
add_rings(json_t *o, const struct xd_rings_figures *f)
{
	set_text_or_null(o, "rings", f->rings);
	set_text_or_null(o, "ids", f->ids);
	set_count_or_null(o, "ring_size", f->ring_size);
	set_flag(o, "tso", f->tso);
}

static json_t *
far_json(const struct xd_far_figures *f)
{
	json_t *o;

	if (!f->known)
		return json_null();
	o = json_object();
	set_real(o, "time_s", f->time_s);
	set_real(o, "cpu_s", f->cpu_s);
	set_real(o, "steal_s", f->steal_s);
	add_rings(o, &f->rings);
	json_object_set_new(o, "numa", numa_json(&f->numa));
	return o;
}

json_t *
xd_row_json(const struct xd_row *row, const struct xd_engine *const *engines)
{
	json_t *o = json_object();

	set_text(o, "engine", row->engine->name);
	set_text_or_null(o, "name", row->name);
	set_count(o, "trial", row->trial);
	set_count(o, "size", row->size);
	set_text_or_null(o, "mix", row->mix);
	set_text_or_null(o, "template", row->template_text);
	set_text_or_null(o, "capture", row->capture);
	set_count(o, "flows", row->flows);
	set_text(o, "flow_kind", xd_flow_kind_name(row->flow_kind));
	set_text(o, "direction", xd_direction_name(row->direction));
	set_text(o, "pattern", xd_pattern_name(row->pattern));
	set_text(o, "touch", xd_touch_name(row->touch));
	add_rings(o, &row->rings);
	set_real(o, "time_s", row->time_s);
	add_rate(o, row);
	json_object_set_new(o, "pacing", pacing_json(row));
	json_object_set_new(o, "latency", latency_json(row));
	json_object_set_new(o, "flow_figures", flow_figures_json(row));
	for (unsigned i = 0; engines && engines[i]; i++)
		add_section(o, engines[i], row);
	if (!engines)
		add_section(o, row->engine, row);
	json_object_set_new(o, "placement", placement_json(row));
	json_object_set_new(o, "numa", numa_json(&row->numa));
	set_real(o, "steal_s", row->steal_s);
	set_real(o, "cpu_s", row->cpu_s);
	json_object_set_new(o, "switch", switch_json(&row->dut));
	set_flag(o, "void", row->is_void);
	set_text_or_null(o, "void_reason", row->is_void ? row->void_reason : "");
	set_flag(o, "partial", row->partial);
	json_object_set_new(o, "far", far_json(&row->far));
	return o;
}

static json_t *
environment_json(const struct xd_results *results)
{
	json_t *o = json_object();

	set_text(o, "crossdock", results->version);
	set_text_or_null(o, "host", results->host);
	set_text_or_null(o, "cpu", results->cpu);
	set_count_or_null(o, "cpus", results->cpus);
	set_count_or_null(o, "numa_nodes", results->numa_nodes);
	set_text_or_null(o, "kernel", results->kernel);
	set_text_or_null(o, "dpdk", results->dpdk);
	set_flag(o, "hugepages", results->hugepages);
	set_real_or_null(o, "tsc_hz", results->tsc_hz);
	return o;
}

static json_t *
used_ports_json(const struct xd_results *results)
{
	json_t *ports = json_array();

	for (unsigned i = 0; i < results->nb_ports && i < XD_GEN_PORTS_MAX; i++) {
		const struct xd_result_port *port = &results->ports[i];
		json_t *o = json_object();

		set_text(o, "name", port->name);
		set_text_or_null(o, "memory", port->memory);
		add_rings(o, &port->rings);
		json_object_set_new(o, "core", json_integer(port->core));
		json_array_append_new(ports, o);
	}
	return ports;
}

char *
xd_results_json(const struct xd_results *results)
{
	json_t *root = json_object(), *rows = json_array();
	char *text;

	set_text(root, "schema", XD_RESULT_SCHEMA);
	set_text(root, "command", results->command);
	set_text(root, "started", results->started);
	set_text_or_null(root, "label", results->label);
	json_object_set_new(root, "environment", environment_json(results));
	json_object_set_new(root, "ports", used_ports_json(results));
	set_flag(root, "partial", results->partial);
	set_text_or_null(root, "reason", results->reason);
	for (unsigned i = 0; i < results->n; i++)
		json_array_append_new(rows, xd_row_json(&results->rows[i], results->engines));
	json_object_set_new(root, "rows", rows);
	text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(XD_RESULT_DIGITS));
	json_decref(root);
	return text;
}
