/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK Ethernet device as a port: frames are written into mbufs from its own pool, received mbufs
 * are read and freed. One queue. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "memory/memory.h"
#include "traffic/host/numa.h"
#include "traffic/port/port_kinds.h"

#define RING    1024 /* descriptors asked of the device */
#define BUFFERS (4 * RING)
#define GATHER  65536
#define VLAN    4 /* bytes of a tag, which an MTU does not count */
#define HEADER  14

struct ethdev_port {
	struct xd_gen_port port;
	bool probed, started, was_up;
	struct rte_mempool *pool;
	/* Written and not taken by the device yet: the next to be sent. */
	struct rte_mbuf *pending[XD_GEN_BURST];
	uint16_t first, nb_pending;
	uint8_t *gather; /* where a frame of several segments is put together */
};

static struct ethdev_port *
ethdev_port(struct xd_gen_port *port)
{
	return (struct ethdev_port *)port;
}

static int
check(const char *text, struct xd_error *err)
{
	if (text[0] == '\0' || text[0] == ',')
		return xd_fail(err, -EINVAL,
			"dpdk port: give a device, dpdk:net_virtio_user0,path=/run/x.sock or "
			"dpdk:0000:03:00.0");
	return 0;
}

static void
drop_pending(struct ethdev_port *e)
{
	rte_pktmbuf_free_bulk(e->pending + e->first, e->nb_pending);
	e->nb_pending = 0;
}

static int
load(struct xd_gen_port *port, struct xd_error *err)
{
	(void)err;
	drop_pending(ethdev_port(port));
	return 0;
}

/* Inlined, so that streams that differ in little get a loop of their own. */
static inline __attribute__((always_inline)) void
write_as(struct ethdev_port *e, uint16_t n, enum xd_stream_vary vary)
{
	struct xd_stream *stream = &e->port.stream;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = e->pending[i];

		m->data_len = (uint16_t)stream->size;
		m->pkt_len = stream->size;
		xd_stream_write(stream, rte_pktmbuf_mtod(m, uint8_t *), XD_TOUCH_FULL, vary);
	}
}

/* Fills up `pending` to n frames. Buffers of a pool come in any order and were written by whoever
 * had them last: touch=none and stamp cannot rely on what is in them, so all is written. */
static void
write_pending(struct ethdev_port *e, uint16_t n)
{
	struct xd_stream *stream = &e->port.stream;

	if (rte_pktmbuf_alloc_bulk(e->pool, e->pending, n))
		return;
	if (stream->list)
		for (uint16_t i = 0; i < n; i++) {
			struct rte_mbuf *m = e->pending[i];

			m->pkt_len = xd_list_stream_write(stream->list, &stream->schedule,
				rte_pktmbuf_mtod(m, uint8_t *), true);
			m->data_len = (uint16_t)m->pkt_len;
		}
	else if (stream->vary == XD_VARY_NOTHING)
		write_as(e, n, XD_VARY_NOTHING);
	else if (stream->vary == XD_VARY_MACS)
		write_as(e, n, XD_VARY_MACS);
	else
		write_as(e, n, stream->vary);
	e->first = 0;
	e->nb_pending = n;
}

static uint16_t
port_send(struct xd_gen_port *port, uint16_t n)
{
	struct ethdev_port *e = ethdev_port(port);
	uint16_t sent;

	if (e->nb_pending == 0)
		write_pending(e, n);
	if (n > e->nb_pending)
		n = e->nb_pending;
	if (n == 0)
		return 0;
	sent = rte_eth_tx_burst(e->port.ethdev, 0, e->pending + e->first, n);
	e->first += sent;
	e->nb_pending -= sent;
	return sent;
}

/* Frames that are looked at in one piece. */
static void
read_closer(struct xd_gen_port *port, const struct rte_mbuf *m)
{
	uint8_t *gather = ethdev_port(port)->gather;

	if (m->pkt_len < HEADER || m->pkt_len > GATHER) {
		port->received.foreign++;
		return;
	}
	port->received.gathered = m->next;
	xd_receive_frame(&port->received, rte_pktmbuf_read(m, 0, m->pkt_len, gather), m->pkt_len);
}

static inline void
read_one(struct xd_gen_port *port, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	/* Reading past a frame within its buffer is harmless: whole lines. */
	if (port->touch != XD_TOUCH_NONE)
		port->received.sum ^= xd_lines_read(
			frame, port->touch == XD_TOUCH_FULL ? xd_lines(m->data_len) : 1);
	for (const struct rte_mbuf *s = m->next; s && port->touch == XD_TOUCH_FULL; s = s->next)
		port->received.sum ^=
			xd_lines_read(rte_pktmbuf_mtod(s, const uint8_t *), xd_lines(s->data_len));
	if (port->received.kind != XD_RECEIVE_OURS)
		read_closer(port, m);
	else if (m->pkt_len == port->expect && m->data_len >= XD_STREAM_MIN &&
		 xd_stream_is_ours(frame)) {
		port->received.frames++;
		port->received.bytes += m->pkt_len;
	} else {
		port->received.foreign++;
	}
}

static uint16_t
port_receive(struct xd_gen_port *port, uint16_t n)
{
	struct rte_mbuf *mbufs[XD_GEN_BURST];

	n = rte_eth_rx_burst(port->ethdev, 0, mbufs, n);
	if (port->received.kind != XD_RECEIVE_OURS)
		xd_receive_begin(&port->received);
	for (uint16_t i = 0; i < n; i++)
		read_one(port, mbufs[i]);
	if (n == 0)
		return 0;
	xd_receive_end(&port->received);
	rte_pktmbuf_free_bulk(mbufs, n);
	return n;
}

static void
notify(struct xd_gen_port *port, enum xd_gen_way way, bool fenced)
{
	(void)port; /* the device's driver does that itself */
	(void)way;
	(void)fenced;
}

/* What was written and not taken is offered again. */
static unsigned
outstanding(struct xd_gen_port *port)
{
	struct ethdev_port *e = ethdev_port(port);
	uint16_t sent;

	if (e->nb_pending == 0)
		return 0;
	sent = rte_eth_tx_burst(e->port.ethdev, 0, e->pending + e->first, e->nb_pending);
	e->first += sent;
	e->nb_pending -= sent;
	port->sent += sent;
	return e->nb_pending;
}

static bool
alive(struct xd_gen_port *port)
{
	struct ethdev_port *e = ethdev_port(port);
	struct rte_eth_link link;

	if (rte_eth_dev_is_removed(e->port.ethdev)) {
		snprintf(port->fault, sizeof(port->fault), "the device was removed");
		return false;
	}
	if (rte_eth_link_get_nowait(e->port.ethdev, &link))
		return true;
	if (link.link_status == RTE_ETH_LINK_UP) {
		e->was_up = true;
	} else if (e->was_up) { /* before, its peer may just not be there yet */
		snprintf(port->fault, sizeof(port->fault), "the link went down");
		return false;
	}
	return true;
}

static void
port_close(struct xd_gen_port *port)
{
	struct ethdev_port *e = ethdev_port(port);
	struct rte_eth_dev_info info = {0};

	drop_pending(e);
	if (e->started)
		rte_eth_dev_stop(e->port.ethdev);
	if (e->probed) {
		rte_eth_dev_info_get(e->port.ethdev, &info);
		rte_eth_dev_close(e->port.ethdev);
		if (info.device)
			rte_dev_remove(info.device);
	}
	rte_mempool_free(e->pool);
	free(e->gather);
	free(e);
}

static const struct xd_gen_port_ops ops = {
	.load = load,
	.send = port_send,
	.receive = port_receive,
	.notify = notify,
	.outstanding = outstanding,
	.alive = alive,
	.close = port_close,
};

/* Hot-plugs the device; one that the EAL has already is taken as it is. */
static int
probe(struct ethdev_port *e, const char *devargs, struct xd_error *err)
{
	struct rte_dev_iterator it;
	uint16_t id;
	int rc = rte_dev_probe(devargs);

	if (rc)
		return xd_fail(err, rc, "dpdk:%s: no such device, or no driver for it: %s", devargs,
			rte_strerror(-rc));
	RTE_ETH_FOREACH_MATCHING_DEV(id, devargs, &it)
	{
		rte_eth_iterator_cleanup(&it);
		e->port.ethdev = id;
		e->port.is_ethdev = true;
		e->probed = true;
		return 0;
	}
	return xd_fail(err, -ENODEV, "dpdk:%s is not an Ethernet device", devargs);
}

/* Where its mbufs lie, and the device does. */
static void
describe_memory(struct ethdev_port *e)
{
	const struct rte_memseg_list *list = rte_mem_virt2memseg_list(e->pool);
	int device = rte_eth_dev_socket_id(e->port.ethdev);
	char node[24] = "any node";

	e->port.memory_node = list ? list->socket_id : XD_NUMA_UNKNOWN;
	e->port.guest_node = device >= 0 ? device : XD_NUMA_UNKNOWN;
	if (e->port.memory_node >= 0)
		snprintf(node, sizeof(node), "node %d", e->port.memory_node);
	snprintf(e->port.memory, sizeof(e->port.memory), "mbufs in %s, %s",
		xd_memory_hugepages() ? "huge pages" : "4 KiB pages (no hugepages: --no-huge)",
		node);
}

static int
configure(struct ethdev_port *e, const char *devargs, const struct xd_gen_port_opts *opts,
	struct xd_error *err)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint16_t nb_rx = RING, nb_tx = RING, mtu;
	char name[32];
	/* Whole lines are written and read. */
	uint32_t room = RTE_PKTMBUF_HEADROOM +
			xd_lines(opts->frame_bytes > 2048 ? opts->frame_bytes : 2048) * XD_LINE;
	int rc;

	snprintf(name, sizeof(name), "pktgen%u", e->port.ethdev);
	if (room > UINT16_MAX)
		return xd_fail(err, -EINVAL, "dpdk:%s: frames of at most %u bytes", devargs,
			UINT16_MAX - RTE_PKTMBUF_HEADROOM - XD_LINE);
	e->pool = xd_pool_create(name, BUFFERS, room, opts->node, err);
	if (!e->pool)
		return -ENOMEM;
	rc = rte_eth_dev_info_get(e->port.ethdev, &info);
	if (!rc) {
		if (!opts->foreign_mbufs)
			conf.txmode.offloads =
				info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
		rc = rte_eth_dev_configure(e->port.ethdev, 1, 1, &conf);
	}
	if (!rc && opts->frame_bytes > RTE_ETHER_MTU + HEADER + VLAN)
		rte_eth_dev_set_mtu(e->port.ethdev, (uint16_t)(opts->frame_bytes - HEADER));
	if (!rc)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(e->port.ethdev, &nb_rx, &nb_tx);
	if (!rc)
		rc = rte_eth_rx_queue_setup(e->port.ethdev, 0, nb_rx, SOCKET_ID_ANY, NULL, e->pool);
	if (!rc)
		rc = rte_eth_tx_queue_setup(e->port.ethdev, 0, nb_tx, SOCKET_ID_ANY, NULL);
	if (!rc)
		rc = rte_eth_dev_start(e->port.ethdev);
	if (rc)
		return xd_fail(
			err, rc, "dpdk:%s cannot be started: %s", devargs, rte_strerror(-rc));
	e->started = true;
	if (rte_eth_dev_get_mtu(e->port.ethdev, &mtu))
		mtu = (uint16_t)(opts->frame_bytes - HEADER);
	e->port.max_frame = (uint32_t)mtu + HEADER + VLAN;
	if (opts->frame_bytes > e->port.max_frame)
		return xd_fail(err, -EINVAL,
			"dpdk:%s: frames of %u bytes are too long for it: its MTU is %u", devargs,
			opts->frame_bytes, mtu);
	describe_memory(e);
	rte_eth_promiscuous_enable(e->port.ethdev); /* some devices cannot, and need not */
	return 0;
}

static struct xd_gen_port *
port_open(const char *text, const struct xd_gen_port_opts *opts, struct xd_error *err)
{
	struct ethdev_port *e = aligned_alloc(64, (sizeof(*e) + 63) / 64 * 64);

	if (!e) {
		xd_fail(err, -ENOMEM, "dpdk port: no memory");
		return NULL;
	}
	memset(e, 0, sizeof(*e));
	e->port.ops = &ops;
	e->gather = malloc(GATHER);
	if (!e->gather) {
		port_close(&e->port);
		xd_fail(err, -ENOMEM, "dpdk port: no memory");
		return NULL;
	}
	if (probe(e, text, err) || configure(e, text, opts, err)) {
		port_close(&e->port);
		return NULL;
	}
	return &e->port;
}

const struct xd_gen_kind xd_gen_kind_ethdev = {
	.name = "dpdk",
	.needs_eal = true,
	.check = check,
	.open = port_open,
};
