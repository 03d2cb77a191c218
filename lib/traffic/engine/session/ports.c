/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session's ports: attached, set, detached, and the forwarding between them started and stopped.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "traffic/engine/session/ports_parts.h"
#include "traffic/host/cpu_time.h"

#define HEAD         18 /* bytes of an Ethernet header and a VLAN tag: no MTU counts them */
#define MBPS_UNKNOWN UINT32_MAX

/* ---- Opening ---- */

static int
need_eal(struct xd_session_ports *p, struct xd_error *err)
{
	int rc;

	if (p->eal || !p->opts.start_eal)
		return 0;
	rc = p->opts.start_eal(p->opts.ctx, err);
	p->eal = rc == 0;
	return rc;
}

/* The same port by the text before its options. */
static int
check_twice(struct xd_session_ports *p, const char *spec, bool is_device, struct xd_error *err)
{
	size_t len = strcspn(spec, is_device ? "" : ",");

	if (!strncmp(spec, "loop:", 5)) /* two are each other's peer, which open looks at */
		return 0;
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++) {
		const char *name = p->ports[i] ? p->ports[i]->forward.port->name : NULL;

		if (name && !strncmp(name, spec, len) && (name[len] == '\0' || name[len] == ','))
			return xd_fail(err, -EEXIST, "%s is port %u already", spec, i);
	}
	return 0;
}

/* A DPDK device's own; else the generator's for a port of this number. */
static void
set_mac(struct xd_open_port *port, unsigned number)
{
	struct rte_ether_addr mac;
	uint8_t *own = port->forward.mac;

	memcpy(own, (uint8_t[]){0x02, 0x58, (uint8_t)number, 0, 0, 0}, 6);
	if (port->forward.port->is_ethdev && !rte_eth_macaddr_get(port->forward.port->ethdev, &mac))
		memcpy(own, mac.addr_bytes, 6);
}

static int
open_port(struct xd_session_ports *p, const char *spec, unsigned number, struct xd_error *err)
{
	struct xd_gen_port *others[XD_GEN_PORTS_MAX];
	struct xd_gen_port_opts opts = {
		.frame_bytes = p->opts.frame_bytes,
		.node = p->opts.node,
		.timeout_ms = p->opts.timeout_ms,
		.cancel = p->opts.cancel,
		.others = others,
		.foreign_mbufs = true,
	};
	struct xd_open_port *port = calloc(1, sizeof(*port));

	if (!port)
		return xd_fail(err, -ENOMEM, "no memory for a port");
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		if (p->ports[i])
			others[opts.nb_others++] = p->ports[i]->forward.port;
	port->forward.port = xd_gen_port_open(spec, &opts, err);
	if (!port->forward.port) {
		free(port);
		return err && err->code ? err->code : -EIO;
	}
	port->started = true;
	set_mac(port, number);
	p->ports[number] = port;
	return 0;
}

static int
attach(void *ctx, const char *spec, unsigned *number, struct xd_error *err)
{
	struct xd_session_ports *p = ctx;
	bool is_device = false;
	int rc = xd_gen_port_check(spec, &is_device, err);

	if (!rc)
		rc = check_twice(p, spec, is_device, err);
	for (*number = 0; !rc && p->ports[*number]; ++*number)
		if (*number + 1 == XD_GEN_PORTS_MAX)
			rc = xd_fail(err, -ENOSPC, "at most %u ports", XD_GEN_PORTS_MAX);
	if (!rc && is_device)
		rc = need_eal(p, err);
	return rc ? rc : open_port(p, spec, *number, err);
}

static void
close_port(struct xd_session_ports *p, unsigned number)
{
	struct xd_open_port *port = p->ports[number];

	if (!port)
		return;
	p->ports[number] = NULL;
	xd_gen_port_close(port->forward.port);
	free(port);
}

static int
detach(void *ctx, unsigned number, struct xd_error *err)
{
	(void)err;
	close_port(ctx, number);
	return 0;
}

/* ---- What a port is ---- */

static void
look_device(const struct xd_open_port *port, struct xd_session_port *what)
{
	uint16_t id = port->forward.port->ethdev, mtu = 0;
	struct rte_eth_rxq_info rx = {0};
	struct rte_eth_txq_info tx = {0};
	struct rte_eth_dev_info info = {0};
	struct rte_eth_link link = {0};

	if (!rte_eth_dev_info_get(id, &info) && info.driver_name)
		snprintf(what->driver, sizeof(what->driver), "%s", info.driver_name);
	if (!rte_eth_dev_get_mtu(id, &mtu))
		what->mtu = mtu;
	if (!rte_eth_link_get_nowait(id, &link)) {
		what->up = link.link_status == RTE_ETH_LINK_UP;
		what->speed_mbps = link.link_speed == MBPS_UNKNOWN ? 0 : link.link_speed;
	}
	if (!rte_eth_rx_queue_info_get(id, 0, &rx))
		what->rx_entries = rx.nb_desc;
	if (!rte_eth_tx_queue_info_get(id, 0, &tx))
		what->tx_entries = tx.nb_desc;
	what->promiscuous = rte_eth_promiscuous_get(id) == 1;
	what->allmulticast = rte_eth_allmulticast_get(id) == 1;
	what->node = rte_eth_dev_socket_id(id);
}

static bool
takes_part(const struct xd_session_ports *p, unsigned number)
{
	for (unsigned i = 0; p->running && i < p->plan.nb_paths; i++)
		if (p->plan.paths[i].rx_number == number || p->plan.paths[i].tx_number == number)
			return true;
	return false;
}

static bool
look(void *ctx, unsigned number, struct xd_session_port *what)
{
	struct xd_session_ports *p = ctx;
	struct xd_open_port *port = number < XD_GEN_PORTS_MAX ? p->ports[number] : NULL;
	struct xd_gen_port *gen;

	if (!port)
		return false;
	gen = port->forward.port;
	*what = (struct xd_session_port){
		.node = p->opts.node,
		.started = port->started,
		.promiscuous = true,
		.allmulticast = true,
		.mtu = gen->max_frame > HEAD ? gen->max_frame - HEAD : 0,
		.rx_entries = gen->ring_size,
		.tx_entries = gen->ring_size,
	};
	snprintf(what->name, sizeof(what->name), "%s", gen->name);
	snprintf(what->driver, sizeof(what->driver), "%.*s", (int)strcspn(gen->name, ":"),
		gen->name);
	snprintf(what->memory, sizeof(what->memory), "%s", gen->memory);
	memcpy(what->mac, port->forward.mac, 6);
	if (gen->is_ethdev)
		look_device(port, what);
	else /* while a thread drives it, that thread looks */
		what->up = takes_part(p, number) || xd_gen_port_alive(gen);
	return true;
}

static int
set_device(uint16_t id, enum xd_session_switch what, bool on)
{
	switch (what) {
	case XD_SESSION_STARTED:
		return on ? rte_eth_dev_start(id) : rte_eth_dev_stop(id);
	case XD_SESSION_LINK:
		return on ? rte_eth_dev_set_link_up(id) : rte_eth_dev_set_link_down(id);
	case XD_SESSION_PROMISCUOUS:
		return on ? rte_eth_promiscuous_enable(id) : rte_eth_promiscuous_disable(id);
	default:
		return on ? rte_eth_allmulticast_enable(id) : rte_eth_allmulticast_disable(id);
	}
}

static int
set(void *ctx, unsigned number, enum xd_session_switch what, bool on, struct xd_error *err)
{
	static const char *const names[] = {"start", "link-up", "promisc", "allmulti"};
	struct xd_session_ports *p = ctx;
	struct xd_open_port *port = p->ports[number];
	int rc = 0;

	if (what == XD_SESSION_STARTED && port->started == on)
		return 0;
	if (port->forward.port->is_ethdev)
		rc = set_device(port->forward.port->ethdev, what, on);
	else if (!on && what != XD_SESSION_STARTED)
		return xd_fail(err, -ENOTSUP, "port %u is no DPDK device: it takes all that comes",
			number);
	if (rc)
		return xd_fail(err, rc, "port %u: %s %s: %s", number, names[what],
			on ? "on" : "off", rte_strerror(-rc));
	if (what == XD_SESSION_STARTED)
		port->started = on;
	return 0;
}

/* ---- Forwarding ---- */

static int
start(void *ctx, struct xd_forward_plan *plan, struct xd_error *err)
{
	struct xd_session_ports *p = ctx;
	struct xd_forward *fresh;

	for (unsigned i = 0; i < plan->nb_paths; i++) {
		struct xd_forward_path *path = &plan->paths[i];

		path->rx = &p->ports[path->rx_number]->forward;
		path->tx = &p->ports[path->tx_number]->forward;
	}
	fresh = xd_forward_start(plan, err);
	if (!fresh)
		return err && err->code ? err->code : -EIO;
	xd_forward_destroy(p->forward);
	p->forward = fresh;
	p->plan = *plan;
	p->running = true;
	return 0;
}

static void
stop(void *ctx)
{
	struct xd_session_ports *p = ctx;

	if (!p->running)
		return;
	xd_forward_stop(p->forward);
	p->running = false;
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		if (p->ports[i])
			xd_ports_add_forwarded(p, i, &p->ports[i]->before);
}

static bool
running(void *ctx, struct xd_error *err)
{
	struct xd_session_ports *p = ctx;

	return p->running && xd_forward_running(p->forward, err);
}

static void
counts(void *ctx, unsigned path, struct xd_forward_counts *c)
{
	struct xd_session_ports *p = ctx;

	*c = (struct xd_forward_counts){.rx_frames = 0};
	if (p->forward)
		xd_forward_counts(p->forward, path, c);
}

static bool
seen(void *ctx, struct xd_forward_seen *frame, uint64_t *missed)
{
	struct xd_session_ports *p = ctx;

	return p->forward && xd_forward_seen(p->forward, frame, missed);
}

static bool
may_use(void *ctx, unsigned core)
{
	cpu_set_t before;
	int rc;

	(void)ctx;
	if (core >= CPU_SETSIZE || sched_getaffinity(0, sizeof(before), &before))
		return false;
	rc = xd_cpu_pin((int)core);
	sched_setaffinity(0, sizeof(before), &before);
	return rc == 0;
}

static bool
sleep_for(void *ctx, double seconds)
{
	struct xd_session_ports *p = ctx;

	return p->opts.sleep(p->opts.ctx, seconds);
}

struct xd_session_bench
xd_session_ports_bench(struct xd_session_ports *p)
{
	return (struct xd_session_bench){
		.attach = attach,
		.detach = detach,
		.look = look,
		.set = set,
		.stats = xd_ports_stats,
		.xstats = xd_ports_xstats,
		.clear = xd_ports_clear,
		.start = start,
		.stop = stop,
		.running = running,
		.counts = counts,
		.seen = seen,
		.core = may_use,
		.sleep = sleep_for,
		.ctx = p,
	};
}

struct xd_session_ports *
xd_session_ports_create(const struct xd_session_ports_opts *opts)
{
	struct xd_session_ports *p = calloc(1, sizeof(*p));

	if (p)
		p->opts = *opts;
	return p;
}

void
xd_session_ports_destroy(struct xd_session_ports *p)
{
	if (!p)
		return;
	stop(p);
	xd_forward_destroy(p->forward);
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		close_port(p, i);
	free(p);
}
