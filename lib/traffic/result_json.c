/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traffic/placement.h"
#include "traffic/result.h"

static void
set_count(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void
set_real(json_t *o, const char *key, double value)
{
	json_object_set_new(o, key, json_real(value));
}

static void
set_text(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static void
set_ns(json_t *o, const char *key, double ns)
{
	json_object_set_new(o, key, ns > 0 ? json_real(ns) : json_null());
}

static json_t *
placement_json(const struct xd_row *row)
{
	json_t *o = json_object();

	set_ns(o, "before_ns", row->placement_before_ns);
	set_ns(o, "after_ns", row->placement_after_ns);
	set_text(o, "class", xd_placement_class(row->placement_before_ns, row->placement_after_ns));
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
	json_object_set_new(o, "busy_cycles_per_frame",
		f->frames ? json_real(f->busy_cycles_per_frame) : json_null());
	set_real(o, "busy_share", f->busy_share);
	return o;
}

static json_t *
ports_json(const struct xd_rate_figures *f)
{
	json_t *ports = json_array();

	for (unsigned i = 0; i < f->nb_ports; i++) {
		json_t *o = json_object();

		set_count(o, "port", i);
		set_count(o, "sent_frames", f->ports[i].sent_frames);
		set_count(o, "received_frames", f->ports[i].received_frames);
		set_count(o, "foreign_frames", f->ports[i].foreign_frames);
		set_real(o, "sent_pps", f->ports[i].sent_pps);
		set_real(o, "pps", f->ports[i].received_pps);
		json_array_append_new(ports, o);
	}
	return ports;
}

static void
add_rate(json_t *o, const struct xd_rate_figures *f)
{
	json_object_set_new(
		o, "asked_pps", f->asked_pps > 0 ? json_real(f->asked_pps) : json_null());
	set_count(o, "sent_frames", f->sent_frames);
	set_count(o, "received_frames", f->received_frames);
	json_object_set_new(o, "lost_frames", json_integer(f->lost_frames));
	set_real(o, "sent_pps", f->sent_pps);
	set_real(o, "pps", f->pps);
	set_real(o, "l2_bps", f->l2_bps);
	set_real(o, "l1_bps", f->l1_bps);
	set_text(o, "bottleneck", xd_bottleneck_name(f->bottleneck));
	set_real(o, "waiting_share", f->waiting_share);
	set_count(o, "learned_frames", f->learned_frames);
	set_count(o, "learn_lost_frames", f->learn_lost_frames);
	json_object_set_new(o, "per_port", ports_json(f));
}

static void
add_latency(json_t *o, const struct xd_latency_figures *f)
{
	json_t *rtt = json_object();

	set_count(o, "count", f->count);
	set_count(o, "lost", f->lost);
	set_real(rtt, "min", f->min_ns);
	set_real(rtt, "mean", f->mean_ns);
	set_real(rtt, "p50", f->p50_ns);
	set_real(rtt, "p95", f->p95_ns);
	set_real(rtt, "p99", f->p99_ns);
	set_real(rtt, "p99_9", f->p99_9_ns);
	set_real(rtt, "p99_99", f->p99_99_ns);
	set_real(rtt, "max", f->max_ns);
	json_object_set_new(o, "rtt_ns", rtt);
	set_real(o, "half_mean_ns", f->half_mean_ns);
}

static json_t *
row_json(const struct xd_row *row)
{
	json_t *o = json_object();

	set_text(o, "engine", xd_engine_name(row->engine));
	set_count(o, "trial", row->trial);
	set_count(o, "size", row->size);
	set_text(o, "touch", xd_touch_name(row->touch));
	if (row->engine == XD_ENGINE_RATE) {
		set_count(o, "flows", row->flows);
		set_text(o, "flow_kind", xd_flow_kind_name(row->flow_kind));
		set_text(o, "direction", xd_direction_name(row->direction));
		set_text(o, "pattern", xd_pattern_name(row->pattern));
	}
	set_real(o, "time_s", row->time_s);
	if (row->engine == XD_ENGINE_RATE)
		add_rate(o, &row->rate);
	else
		add_latency(o, &row->latency);
	json_object_set_new(o, "placement", placement_json(row));
	set_real(o, "steal_s", row->steal_s);
	set_real(o, "cpu_s", row->cpu_s);
	json_object_set_new(o, "switch", switch_json(&row->dut));
	if (row->partial)
		json_object_set_new(o, "partial", json_true());
	return o;
}

char *
xd_results_json(const struct xd_results *results)
{
	json_t *root = json_object(), *env = json_object(), *rows = json_array();
	char *text;

	set_text(root, "schema", XD_RESULT_SCHEMA);
	set_text(root, "command", results->command);
	set_text(env, "crossdock", results->version);
	set_text(env, "cpu", results->cpu);
	set_text(env, "kernel", results->kernel);
	set_text(env, "dpdk", results->dpdk);
	json_object_set_new(env, "hugepages", json_boolean(results->hugepages));
	set_real(env, "tsc_hz", results->tsc_hz);
	json_object_set_new(root, "environment", env);
	json_object_set_new(root, "partial", json_boolean(results->partial));
	if (results->reason[0])
		set_text(root, "reason", results->reason);
	for (unsigned i = 0; i < results->n; i++)
		json_array_append_new(rows, row_json(&results->rows[i]));
	json_object_set_new(root, "rows", rows);
	text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	json_decref(root);
	return text;
}

static int
write_file(const char *text, const char *path, struct xd_error *err)
{
	char aside[4096];
	FILE *file;
	int bad;

	if ((size_t)snprintf(aside, sizeof(aside), "%s.%d", path, (int)getpid()) >= sizeof(aside))
		return xd_fail(err, -ENAMETOOLONG, "--json: the file name is too long");
	file = fopen(aside, "we");
	if (!file)
		return xd_fail(err, -errno, "--json %s: %s", path, strerror(errno));
	bad = fputs(text, file) < 0 || fputc('\n', file) < 0;
	bad |= fclose(file) != 0;
	if (bad || rename(aside, path)) {
		int rc = -errno;

		unlink(aside);
		return xd_fail(err, rc, "--json %s: %s", path, strerror(-rc));
	}
	return 0;
}

int
xd_results_write(const struct xd_results *results, const char *path, struct xd_error *err)
{
	char *text = xd_results_json(results);
	int rc = 0;

	if (!text)
		return xd_fail(err, -ENOMEM, "no memory for the results");
	if (strcmp(path, "-"))
		rc = write_file(text, path, err);
	else if (puts(text) < 0 || fflush(stdout))
		rc = xd_fail(err, -EIO, "--json -: cannot write to standard output");
	free(text);
	return rc;
}
