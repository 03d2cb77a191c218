/* SPDX-License-Identifier: BSD-3-Clause */
/* port.show, stats.show, stats.drops: ports as they run, and their counters. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/noun.h"
#include "control/key_json.h"
#include "control/methods.h"
#include "police/policer.h"

struct xd_port_info *
xd_method_ports(struct xd_rpc_call *call, unsigned *n)
{
	struct xd_control *control = call->ctx;
	unsigned max = xd_switch_ports(control->sw, NULL, 0);
	struct xd_port_info *info = NULL;

	/* Counters are cache lines wide, and so is what holds them. */
	if (posix_memalign(
		    (void **)&info, _Alignof(struct xd_port_info), (max + 1) * sizeof(*info))) {
		xd_fail(&call->err, -ENOMEM, "no memory");
		return NULL;
	}
	memset(info, 0, (max + 1) * sizeof(*info));
	*n = xd_switch_ports(control->sw, info, max);
	if (*n > max)
		*n = max;
	return info;
}

/* Of one queue, or of all of them with q < 0. */
static json_int_t
count_drops(const struct xd_port_info *info, int q, enum xd_drop reason)
{
	unsigned first = q < 0 ? 0 : (unsigned)q, end = q < 0 ? info->nb_queues : first + 1;
	uint64_t sum = 0;

	for (unsigned queue = first; queue < end; queue++)
		sum += info->drops[queue].n[reason];
	return (json_int_t)sum;
}

/* {REASON: N}, likewise; only what is not 0. */
static json_t *
show_drops(const struct xd_port_info *info, int q)
{
	json_t *drops = json_object();

	for (int i = 0; i < XD_DROP_REASONS; i++) {
		json_int_t sum = count_drops(info, q, i);

		if (sum)
			json_object_set_new(drops, xd_drop_name(i), json_integer(sum));
	}
	return drops;
}

/* The same by queue: [{"queue": N, "drops": {REASON: N}}]. */
static json_t *
show_queue_drops(const struct xd_port_info *info)
{
	json_t *list = json_array();

	for (int q = 0; q < info->nb_queues; q++) {
		json_t *drops = show_drops(info, q);

		if (json_object_size(drops))
			json_array_append_new(
				list, json_pack("{s:i, s:O}", "queue", q, "drops", drops));
		json_decref(drops);
	}
	return list;
}

static void
add_counters(json_t *port, const struct xd_port_info *info)
{
	const struct xd_counters *c = &info->counters;

	json_object_set_new(port, "rx_frames", json_integer((json_int_t)c->rx_frames));
	json_object_set_new(port, "rx_bytes", json_integer((json_int_t)c->rx_bytes));
	json_object_set_new(port, "tx_frames", json_integer((json_int_t)c->tx_frames));
	json_object_set_new(port, "tx_bytes", json_integer((json_int_t)c->tx_bytes));
	json_object_set_new(port, "drops", show_drops(info, -1));
	json_object_set_new(port, "queue_drops", show_queue_drops(info));
	json_object_set_new(port, "software_checksums", json_integer((json_int_t)c->checksums));
	json_object_set_new(port, "software_segmented", json_integer((json_int_t)c->segmented));
	json_object_set_new(port, "coalesced", json_integer((json_int_t)c->coalesced));
	json_object_set_new(port, "waits", json_integer((json_int_t)c->waits));
	json_object_set_new(port, "notify_sent", json_integer((json_int_t)c->notify_sent));
	json_object_set_new(
		port, "notify_suppressed", json_integer((json_int_t)c->notify_suppressed));
}

/* What came in by kind and size, where it is counted. */
static void
add_rmon(json_t *port, const struct xd_rmon *rmon)
{
	json_t *detail = json_pack("{s:I, s:I, s:I}", "rx_unicast", (json_int_t)rmon->unicast,
		"rx_multicast", (json_int_t)rmon->multicast, "rx_broadcast",
		(json_int_t)rmon->broadcast);
	char name[32];

	for (unsigned i = 0; i < XD_RMON_SIZES; i++) {
		snprintf(name, sizeof(name), "rx_%s", xd_rmon_size_name(i));
		json_object_set_new(detail, name, json_integer((json_int_t)rmon->sizes[i]));
	}
	json_object_set_new(port, "detail", detail);
}

/* What the port is limited to: of each limit that there is, the reason by which it drops, both
 * rates, how much passes at once, and what was dropped. */
static json_t *
show_limits(const struct xd_port_info *info)
{
	json_t *limits = json_array();

	for (enum xd_policer p = 0; p < XD_POLICERS; p++) {
		const struct xd_limit limit = xd_policer_limit(&info->config, p);
		const enum xd_drop reason = xd_policer_reason(p);
		json_t *one;

		if (!limit.bit_s && !limit.pps)
			continue;
		one = json_pack("{s:s}", "reason", xd_drop_name(reason));
		if (limit.bit_s)
			json_object_update_new(
				one, json_pack("{s:I, s:I}", "bit_s", (json_int_t)limit.bit_s,
					     "burst_bytes", (json_int_t)limit.burst_bytes));
		if (limit.pps)
			json_object_update_new(
				one, json_pack("{s:I, s:I}", "pps", (json_int_t)limit.pps,
					     "burst_frames", (json_int_t)limit.burst_frames));
		json_object_set_new(one, "dropped", json_integer(count_drops(info, -1, reason)));
		json_array_append_new(limits, one);
	}
	return limits;
}

static void
add_fact(void *ctx, const char *key, const char *value)
{
	json_t *text = json_string(value);

	/* A guest may have had a say in it, so it need not be UTF-8. */
	json_object_set_new(ctx, key, text ? text : json_string("(not text)"));
}

static void
add_xstat(void *ctx, const char *name, uint64_t value)
{
	json_object_set_new(ctx, name, json_integer((json_int_t)value));
}

static json_t *
show_port(struct xd_switch *sw, const struct xd_port_info *info)
{
	json_t *port = json_pack("{s:s}", "name", info->config.name);
	json_t *settings = xd_entry_to_json(&xd_port_noun, &info->config), *driver = json_object();

	json_object_update(port, settings);
	json_decref(settings);
	json_object_set_new(port, "state", json_string(info->up ? "up" : "down"));
	json_object_set_new(port, "index", json_integer(info->index));
	json_object_set_new(port, "learned", json_integer(info->nb_macs));
	json_object_set_new(port, "not_learned", json_integer((json_int_t)info->not_learned));
	json_object_set_new(port, "damped", json_integer((json_int_t)info->damped));
	add_counters(port, info);
	json_object_set_new(port, "limits", show_limits(info));
	if (info->config.counters == XD_COUNTING_DETAILED)
		add_rmon(port, &info->rmon);
	xd_switch_describe_port(sw, info->config.name, add_fact, driver);
	json_object_set_new(port, "driver", driver);
	return port;
}

/* Calls fn for each port, or the one that is named by the parameter, and lists the results. */
static json_t *
each_port(struct xd_rpc_call *call, const char *param,
	json_t *(*fn)(struct xd_switch *sw, const struct xd_port_info *info))
{
	struct xd_control *control = call->ctx;
	struct xd_port_info *info, one;
	const char *name;
	json_t *list;
	unsigned n;

	if (xd_rpc_string(call, param, false, &name) == -EINVAL)
		return NULL;
	if (name && xd_switch_port(control->sw, name, &one) < 0) {
		xd_noun_missing(&xd_port_noun, control->running->config, name, &call->err);
		return NULL;
	}
	list = json_array();
	if (name) {
		json_array_append_new(list, fn(control->sw, &one));
		return list;
	}
	info = xd_method_ports(call, &n);
	for (unsigned i = 0; info && i < n; i++)
		json_array_append_new(list, fn(control->sw, &info[i]));
	if (!info) {
		json_decref(list);
		return NULL;
	}
	free(info);
	return list;
}

/* The same with what its device counts. */
static json_t *
show_port_xstats(struct xd_switch *sw, const struct xd_port_info *info)
{
	json_t *port = show_port(sw, info), *xstats = json_object();

	xd_switch_port_xstats(sw, info->config.name, add_xstat, xstats);
	json_object_set_new(port, "xstats", xstats);
	return port;
}

json_t *
xd_method_port_show(struct xd_rpc_call *call)
{
	bool xstats;
	json_t *list;

	if (xd_rpc_bool(call, "xstats", false, &xstats) == -EINVAL)
		return NULL;
	list = each_port(call, "name", xstats ? show_port_xstats : show_port);

	return list ? json_pack("{s:o}", "ports", list) : NULL;
}

static json_t *
show_stats(struct xd_switch *sw, const struct xd_port_info *info)
{
	json_t *port = json_pack(
		"{s:s, s:s}", "name", info->config.name, "state", info->up ? "up" : "down");

	(void)sw;
	add_counters(port, info);
	return port;
}

json_t *
xd_method_stats_show(struct xd_rpc_call *call)
{
	json_t *list = each_port(call, "port", show_stats);

	return list ? json_pack("{s:I, s:o}", "time_ns", (json_int_t)xd_clock_ns(), "ports", list)
		    : NULL;
}

/* The drops of one port: a list of {"port", "queue", "direction", "reason", "count"}. */
static json_t *
list_drops(struct xd_switch *sw, const struct xd_port_info *info)
{
	json_t *list = json_array();

	(void)sw;
	for (unsigned i = 0; i < info->nb_queues * XD_DROP_REASONS; i++) {
		unsigned queue = i / XD_DROP_REASONS;
		enum xd_drop reason = i % XD_DROP_REASONS;
		uint64_t count = info->drops[queue].n[reason];

		if (count)
			json_array_append_new(
				list, json_pack("{s:s, s:i, s:s, s:s, s:I}", "port",
					      info->config.name, "queue", (int)queue, "direction",
					      xd_drop_is_rx(reason) ? "rx" : "tx", "reason",
					      xd_drop_name(reason), "count", (json_int_t)count));
	}
	return list;
}

json_t *
xd_method_stats_drops(struct xd_rpc_call *call)
{
	json_t *lists = each_port(call, "port", list_drops), *drops, *list;
	size_t i;

	if (!lists)
		return NULL;
	drops = json_array();
	json_array_foreach(lists, i, list) json_array_extend(drops, list);
	json_decref(lists);
	return json_pack("{s:I, s:o}", "time_ns", (json_int_t)xd_clock_ns(), "drops", drops);
}
