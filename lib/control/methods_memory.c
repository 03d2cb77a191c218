/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.show: what memory there is where, and what passes between NUMA nodes. */
#include <errno.h>
#include <stdlib.h>

#include "control/methods.h"

static json_t *
number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
show_node(const struct xd_memory_node *node)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < node->nb_pages; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:o, s:o}", "page_bytes",
				number(node->pages[i].page_bytes), "total",
				number(node->pages[i].total), "free", number(node->pages[i].free)));
	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "node", (int)node->node, "eal_bytes",
		number(node->eal_bytes), "eal_used_bytes", number(node->eal_used_bytes),
		"eal_peak_bytes", number(node->eal_peak_bytes), "hugepages", list);
}

static json_t *
show_pool(const struct xd_memory_pool *pool)
{
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "name", pool->name, "node", pool->node,
		"buffers", number(pool->buffers), "in_use", number(pool->in_use), "peak",
		number(pool->peak), "bytes", number(pool->bytes));
}

/* Into an object that says whose it is. */
static json_t *
add_traffic(json_t *object, const struct xd_node_traffic *traffic)
{
	json_object_set_new(
		object, "node", traffic->node < 0 ? json_null() : json_integer(traffic->node));
	json_object_set_new(object, "bytes", number(traffic->bytes));
	json_object_set_new(object, "crossed_bytes", number(traffic->crossed_bytes));
	json_object_set_new(object, "crossed", json_real(traffic->crossed_ppm / 1e6));
	return object;
}

static json_t *
show_ports(struct xd_rpc_call *call)
{
	unsigned n;
	struct xd_port_info *info = xd_method_ports(call, &n);
	json_t *list = info ? json_array() : NULL;

	for (unsigned i = 0; info && i < n; i++)
		json_array_append_new(
			list, add_traffic(json_pack("{s:s}", "port", info[i].config.name),
				      &info[i].traffic));
	free(info);
	return list;
}

static json_t *
show_workers(struct xd_switch *sw)
{
	struct xd_worker_info *info = calloc(XD_MAX_WORKERS, sizeof(*info));
	json_t *list = json_array();
	unsigned n = info ? xd_switch_workers(sw, info, XD_MAX_WORKERS) : 0;

	for (unsigned i = 0; i < n && i < XD_MAX_WORKERS; i++)
		json_array_append_new(
			list, add_traffic(json_pack("{s:i}", "core", (int)info[i].core),
				      &info[i].traffic));
	free(info);
	return list;
}

json_t *
xd_method_memory_show(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	json_t *nodes = json_array(), *pools = json_array(), *ports = show_ports(call);
	struct xd_memory_info info = {0};

	if (!ports) {
		json_decref(nodes);
		json_decref(pools);
		return NULL;
	}
	xd_switch_memory(control->sw, &info);
	for (unsigned i = 0; i < info.nb_nodes; i++)
		json_array_append_new(nodes, show_node(&info.nodes[i]));
	for (unsigned i = 0; i < info.nb_pools; i++)
		json_array_append_new(pools, show_pool(&info.pools[i]));
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "hugepages",
		info.hugepages, "page_bytes", number(info.page_bytes), "eal_bytes",
		number(info.eal_bytes), "eal_used_bytes", number(info.eal_used_bytes), "fdb_bytes",
		number(info.fdb_bytes), "pool_bytes", number(info.pool_bytes), "guest_bytes",
		number(info.guest_bytes), "nodes", nodes, "pools", pools, "ports", ports, "workers",
		show_workers(control->sw));
}
