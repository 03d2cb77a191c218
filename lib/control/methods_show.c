/* SPDX-License-Identifier: BSD-3-Clause */
/* bridge.show, worker.show, worker.balance, daemon.status: what else runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/key_json.h"
#include "control/methods.h"
#include "hook.h"

static json_t *
fail_memory(struct xd_rpc_call *call)
{
	xd_fail(&call->err, -ENOMEM, "no memory");
	return NULL;
}

static json_t *
show_bridge(const struct xd_bridge_info *info)
{
	json_t *bridge = json_pack("{s:s}", "name", info->config.name);
	json_t *settings = xd_entry_to_json(&xd_bridge_noun, &info->config);

	json_object_update(bridge, settings);
	json_decref(settings);
	json_object_set_new(bridge, "ports", json_integer(info->nb_ports));
	json_object_set_new(bridge, "macs", json_integer(info->nb_macs));
	json_object_set_new(bridge, "static_macs", json_integer(info->nb_static));
	json_object_set_new(bridge, "moves", json_integer(info->moves));
	json_object_set_new(bridge, "damped", json_integer((json_int_t)info->damped));
	json_object_set_new(bridge, "not_learned", json_integer(info->not_learned));
	json_object_set_new(bridge, "fdb_bytes", json_integer(info->fdb_bytes));
	return bridge;
}

json_t *
xd_method_bridge_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	unsigned n = xd_switch_bridges(control->sw, NULL, 0), filled;
	struct xd_bridge_info *info;
	json_t *list;
	const char *name;

	if (xd_rpc_string(call, "name", false, &name) == -EINVAL)
		return NULL;
	info = calloc(n + 1, sizeof(*info));
	if (!info)
		return fail_memory(call);
	filled = xd_switch_bridges(control->sw, info, n);
	if (filled < n)
		n = filled;
	list = json_array();
	for (unsigned i = 0; i < n; i++) {
		if (!name || !strcmp(name, info[i].config.name))
			json_array_append_new(list, show_bridge(&info[i]));
	}
	free(info);
	return xd_method_list(call, "bridge", list, name);
}

static json_t *
or_null(int number)
{
	return number < 0 ? json_null() : json_integer(number);
}

static json_t *
show_queue(const struct xd_worker_queue *q)
{
	return json_pack("{s:s, s:i, s:f, s:b, s:o, s:o, s:b}", "port", q->port, "queue", q->queue,
		"load", q->load_ppm / 1e6, "pinned", q->pinned, "missing_core",
		or_null(q->missing_core), "node", or_null(q->node), "far", q->far);
}

static json_t *
show_worker(struct xd_switch *sw, unsigned index, const struct xd_worker_info *info)
{
	struct xd_worker_queue *queues = calloc(info->nb_queues + 1, sizeof(*queues));
	json_t *list = json_array(), *worker;
	unsigned n = queues ? xd_switch_worker_queues(sw, index, queues, info->nb_queues) : 0;

	for (unsigned i = 0; i < n && i < info->nb_queues; i++)
		json_array_append_new(list, show_queue(&queues[i]));
	free(queues);
	worker = json_pack("{s:i, s:i, s:b, s:b, s:b, s:f}", "core", (int)info->core, "node",
		info->node, "own", info->own, "sleeping", info->sleeping, "isolated",
		info->isolated, "load", info->load_ppm / 1e6);
	json_object_set_new(worker, "busy_cycles", json_integer(info->busy_cycles));
	json_object_set_new(worker, "idle_cycles", json_integer(info->idle_cycles));
	json_object_set_new(worker, "frames", json_integer(info->frames));
	json_object_set_new(worker, "turns", json_integer(info->turns));
	json_object_set_new(worker, "rounds", json_integer(info->rounds));
	json_object_set_new(worker, "sleeps", json_integer(info->sleeps));
	json_object_set_new(worker, "sleep_cycles", json_integer(info->sleep_cycles));
	json_object_set_new(worker, "queues", list);
	return worker;
}

static json_t *
show_hook(const struct xd_hook_info *info)
{
	json_t *reasons = json_object(), *hook;

	for (unsigned r = 0; r < info->nb_reasons; r++)
		json_object_set_new(reasons, info->reasons[r].name,
			json_integer((json_int_t)info->reasons[r].drops));
	hook = json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "name", info->name,
		"point", info->point == XD_HOOK_IN ? "in" : "out", "ports", (int)info->nb_ports,
		"frames", (json_int_t)info->frames, "drops", (json_int_t)info->drops, "moved",
		(json_int_t)info->moved, "redirected", (json_int_t)info->redirected, "copied",
		(json_int_t)info->copied, "not_copied", (json_int_t)info->not_copied);
	json_object_set_new(hook, "left", json_integer((json_int_t)info->left));
	json_object_set_new(hook, "expired", json_integer((json_int_t)info->expired));
	json_object_set_new(hook, "kept", json_integer((json_int_t)info->kept));
	json_object_set_new(hook, "not_kept", json_integer((json_int_t)info->not_kept));
	json_object_set_new(hook, "sent", json_integer((json_int_t)info->sent));
	json_object_set_new(hook, "freed", json_integer((json_int_t)info->freed));
	json_object_set_new(hook, "keep_buffers", json_integer(info->keep_buffers));
	json_object_set_new(hook, "keep_used", json_integer(info->keep_used));
	json_object_set_new(hook, "bad", json_integer((json_int_t)info->bad));
	json_object_set_new(hook, "cycles", json_integer((json_int_t)info->cycles));
	json_object_set_new(hook, "reasons", reasons);
	return hook;
}

static json_t *
show_hooks(struct xd_switch *sw)
{
	struct xd_hook_info *info = calloc(XD_MAX_HOOKS, sizeof(*info));
	unsigned n = info ? xd_switch_hooks(sw, info, XD_MAX_HOOKS) : 0;
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, show_hook(&info[i]));
	free(info);
	return list;
}

json_t *
xd_method_worker_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	struct xd_worker_info *info = calloc(XD_MAX_WORKERS, sizeof(*info));
	json_t *list;
	unsigned n;

	if (!info)
		return fail_memory(call);
	list = json_array();
	n = xd_switch_workers(control->sw, info, XD_MAX_WORKERS);
	for (unsigned i = 0; i < n && i < XD_MAX_WORKERS; i++)
		json_array_append_new(list, show_worker(control->sw, i, &info[i]));
	free(info);
	return json_pack("{s:I, s:o, s:o}", "tsc_hz", (json_int_t)xd_switch_tsc_hz(control->sw),
		"workers", list, "hooks", show_hooks(control->sw));
}

json_t *
xd_method_worker_balance(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const json_t *dry_run = json_object_get(call->params, "dry_run");
	struct xd_balance_info info;
	json_t *moves;

	if (dry_run && !json_is_boolean(dry_run)) {
		call->bad_params = true;
		xd_fail(&call->err, -EINVAL, "dry_run must be true or false");
		return NULL;
	}
	if (xd_switch_balance(control->sw, json_is_true(dry_run), &info, &call->err) < 0)
		return NULL;
	moves = json_array();
	for (unsigned i = 0; i < info.nb_moves; i++)
		json_array_append_new(moves,
			json_pack("{s:s, s:i, s:f, s:i, s:i}", "port", info.moves[i].port, "queue",
				info.moves[i].queue, "load", info.moves[i].load_ppm / 1e6,
				"from_core", (int)info.moves[i].from_core, "to_core",
				(int)info.moves[i].to_core));
	return json_pack("{s:b, s:o, s:f, s:f, s:i}", "moved", info.moved, "moves", moves,
		"most_load", info.most_ppm / 1e6, "most_load_after", info.most_after_ppm / 1e6,
		"gain_percent", (int)info.gain_percent);
}

json_t *
xd_method_daemon_status(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	const struct xd_config *config = control->running->config;

	return json_pack("{s:s, s:i, s:I, s:s, s:s?, s:s, s:i, s:i, s:i}", "version", xd_version(),
		"pid", (int)getpid(), "uptime_s",
		(json_int_t)((xd_clock_ns() - control->started_ns) / XD_NS_PER_S), "config",
		control->source.config_file, "state", control->source.state_file, "control",
		control->running->control_path, "bridges", (int)xd_config_nb_bridges(config),
		"ports", (int)xd_config_nb_ports(config), "workers", (int)config->nb_cores);
}
