/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue's socket: its memory, its four rings, and the interface's queue that it is bound to.
 * Control. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/af_xdp/af_xdp.h"
#include "memory/memory.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69 /* Linux 5.11 */
#define SO_BUSY_POLL_BUDGET 70
#endif
#ifndef XDP_UMEM_TX_METADATA_LEN
#define XDP_UMEM_TX_METADATA_LEN (1 << 2) /* Linux 6.11 */
#endif

/* A queue is free again a little after the socket that had it was closed: the kernel has a thread
 * of its own do that. */
#define BUSY_TRIES   30
#define BUSY_WAIT_US 10000

/* Bytes that the kernel may have of the transmit ring's frames before they have arrived. */
#define SEND_BYTES (8 << 20)

/* struct xdp_umem_reg as Linux 6.8 has it; older ones read what they know. */
struct umem_reg {
	uint64_t addr;
	uint64_t len;
	uint32_t chunk_size;
	uint32_t headroom;
	uint32_t flags;
	uint32_t tx_metadata_len;
};

/* ---- What can be wrong ---- */

static int
fail(const struct xd_af_xdp_port *p, int code, const char *what, struct xd_error *err)
{
	return xd_fail(err, code, "port %s: %s: %s", p->port.config.name, what, strerror(-code));
}

static int
fail_socket(const struct xd_af_xdp_port *p, int code, struct xd_error *err)
{
	const char *port = p->port.config.name;

	if (code == -EAFNOSUPPORT)
		return xd_fail(err, code,
			"port %s: this kernel has no AF_XDP (CONFIG_XDP_SOCKETS): use another, or "
			"type: dpdk with net_af_packet",
			port);
	if (code == -EPERM)
		return xd_fail(err, code,
			"port %s: no permission to open AF_XDP sockets: run crossdockd as root, or "
			"give it CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF",
			port);
	return fail(p, code, "AF_XDP socket", err);
}

static int
fail_umem(const struct xd_af_xdp_port *p, int code, struct xd_error *err)
{
	if (code == -ENOBUFS || code == -ENOMEM)
		return xd_fail(err, code,
			"port %s: too little memory may be locked for its frames: ulimit -l "
			"unlimited, or give crossdockd CAP_IPC_LOCK",
			p->port.config.name);
	return fail(p, code, "memory of an AF_XDP socket", err);
}

static int
fail_bind(const struct xd_af_xdp_port *p, unsigned queue, int code, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const bool zero = xd_af_xdp_config(config)->copy == XD_AF_XDP_COPY_ZERO;
	const char *ifname = p->dev.ifname;

	if (code == -EBUSY)
		return xd_port_config_fail(err, code, config, "queues",
			"queue %u of interface %s is in use by another AF_XDP socket: end its "
			"program first",
			queue, ifname);
	if (code == -EINVAL && queue > 0)
		return xd_port_config_fail(err, code, config, "queues",
			"interface %s has no queue %u: write queues: %u, or ethtool -L %s combined "
			"%u (a veth: rx %u tx %u)",
			ifname, queue, queue, ifname, config->queues, config->queues,
			config->queues);
	if ((code == -EOPNOTSUPP || code == -EINVAL) && zero)
		return xd_port_config_fail(err, code, config, "copy",
			"the driver of interface %s has no zero copy%s: write copy: auto", ifname,
			p->in_pieces ? " for frames of this mtu" : "");
	if (code == -EOPNOTSUPP && p->in_pieces)
		return xd_port_config_fail(err, code, config, "mtu",
			"the driver of interface %s takes no frames in pieces, which its mtu "
			"needs: ip link set %s mtu 1500",
			ifname, ifname);
	if (code == -ENETDOWN)
		return xd_port_config_fail(err, code, config, "ifname",
			"interface %s is down, and its driver wants it up first: ip link set %s up",
			ifname, ifname);
	return xd_port_config_fail(err, code, config, "ifname",
		"queue %u of interface %s does not take an AF_XDP socket: %s", queue, ifname,
		strerror(-code));
}

/* ---- Memory ---- */

static uint64_t
umem_bytes(const struct xd_af_xdp_port *p)
{
	return (uint64_t)(XD_AF_XDP_RX_CHUNKS + XD_AF_XDP_TX_CHUNKS) * p->chunk;
}

/* Snapshots are read in whole lines, also of a frame that ends the last chunk. */
static uint64_t
all_bytes(const struct xd_af_xdp_queue *q)
{
	return q->umem_bytes + XD_HEAD;
}

/* A kernel that cannot be asked for checksums takes no memory with room for the question. */
static int
register_umem(struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q)
{
	struct umem_reg reg = {.addr = (uintptr_t)q->umem,
		.len = q->umem_bytes,
		.chunk_size = p->chunk,
		.flags = XDP_UMEM_TX_METADATA_LEN,
		.tx_metadata_len = XD_AF_XDP_METADATA};

	p->ask_csum = setsockopt(q->dev.fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) == 0;
	if (p->ask_csum)
		return 0;
	if (errno != EINVAL)
		return -errno;
	reg.flags = reg.tx_metadata_len = 0;
	return setsockopt(q->dev.fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(struct xdp_umem_reg)) == 0
		       ? 0
		       : -errno;
}

static int
make_umem(struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, struct xd_error *err)
{
	int ret;

	q->umem_bytes = umem_bytes(p);
	q->umem = xd_memory_alloc(all_bytes(q), XD_NODE_ANY);
	if (q->umem == NULL)
		return fail_umem(p, -ENOMEM, err);
	ret = register_umem(p, q);
	return ret == 0 ? 0 : fail_umem(p, ret, err);
}

/* ---- Rings ---- */

static int
map_ring(const struct xd_af_xdp_queue *q, struct xd_xsk_ring *ring,
	const struct xdp_ring_offset *offset, uint32_t entries, size_t entry_bytes, uint64_t at)
{
	ring->map_bytes = offset->desc + entries * entry_bytes;
	ring->map = mmap(NULL, ring->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		q->dev.fd, (off_t)at);
	if (ring->map == MAP_FAILED) {
		ring->map = NULL;
		return -errno;
	}
	ring->producer = (uint32_t *)((uint8_t *)ring->map + offset->producer);
	ring->consumer = (uint32_t *)((uint8_t *)ring->map + offset->consumer);
	ring->flags = (uint32_t *)((uint8_t *)ring->map + offset->flags);
	ring->entries = (uint8_t *)ring->map + offset->desc;
	ring->size = entries;
	ring->mask = entries - 1;
	ring->at = 0;
	return 0;
}

static int
set_sizes(int fd)
{
	static const struct {
		int option;
		int entries;
	} rings[] = {
		{XDP_UMEM_FILL_RING, XD_AF_XDP_RX_CHUNKS},
		{XDP_UMEM_COMPLETION_RING, XD_AF_XDP_TX_CHUNKS},
		{XDP_RX_RING, XD_AF_XDP_RX_CHUNKS},
		{XDP_TX_RING, XD_AF_XDP_TX_CHUNKS},
	};

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		if (setsockopt(fd, SOL_XDP, rings[i].option, &rings[i].entries,
			    sizeof(rings[i].entries)) < 0)
			return -errno;
	}
	return 0;
}

/* All chunks for frames that come in are the kernel's to begin with, those for others are free. */
static void
hand_out_chunks(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q)
{
	for (uint32_t i = 0; i < XD_AF_XDP_RX_CHUNKS; i++)
		q->fill.addrs[i] = (uint64_t)i * p->chunk;
	q->fill.at = XD_AF_XDP_RX_CHUNKS;
	xd_xsk_ring_produced(&q->fill);
	for (uint32_t i = 0; i < XD_AF_XDP_TX_CHUNKS; i++)
		q->free[i] = XD_AF_XDP_TX_CHUNKS - 1 - i;
	q->nb_free = XD_AF_XDP_TX_CHUNKS;
	q->unsent = false;
}

static int
make_rings(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, struct xd_error *err)
{
	struct xdp_mmap_offsets offsets;
	socklen_t len = sizeof(offsets);
	int ret = set_sizes(q->dev.fd);

	if (ret == 0 && getsockopt(q->dev.fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &len) < 0)
		ret = -errno;
	/* A kernel without flags, before 5.4, tells shorter offsets. */
	if (ret == 0 && len != sizeof(offsets))
		ret = -EOPNOTSUPP;
	if (ret == 0)
		ret = map_ring(q, &q->fill, &offsets.fr, XD_AF_XDP_RX_CHUNKS, sizeof(uint64_t),
			XDP_UMEM_PGOFF_FILL_RING);
	if (ret == 0)
		ret = map_ring(q, &q->completion, &offsets.cr, XD_AF_XDP_TX_CHUNKS,
			sizeof(uint64_t), XDP_UMEM_PGOFF_COMPLETION_RING);
	if (ret == 0)
		ret = map_ring(q, &q->rx, &offsets.rx, XD_AF_XDP_RX_CHUNKS, sizeof(struct xdp_desc),
			XDP_PGOFF_RX_RING);
	if (ret == 0)
		ret = map_ring(q, &q->tx, &offsets.tx, XD_AF_XDP_TX_CHUNKS, sizeof(struct xdp_desc),
			XDP_PGOFF_TX_RING);
	if (ret < 0)
		return fail(p, ret, "rings of an AF_XDP socket", err);
	hand_out_chunks(p, q);
	return 0;
}

/* ---- Binding ---- */

static int
set_options(const struct xd_af_xdp_port *p, const struct xd_af_xdp_queue *q, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	const int busy_us = (int)xd_af_xdp_config(config)->busy_poll_us, yes = 1, budget = 64;
	int bytes = SEND_BYTES;

	/* Without the permission it is as much as anybody may have. */
	if (setsockopt(q->dev.fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(q->dev.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (busy_us == 0)
		return 0;
	if (setsockopt(q->dev.fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &yes, sizeof(yes)) == 0 &&
		setsockopt(q->dev.fd, SOL_SOCKET, SO_BUSY_POLL, &busy_us, sizeof(busy_us)) == 0 &&
		setsockopt(q->dev.fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget)) ==
			0)
		return 0;
	return xd_port_config_fail(err, -errno, config, "busy_poll_us",
		"this kernel does not poll for the port: %s%s", strerror(errno),
		errno == EPERM ? " (it needs CAP_NET_ADMIN)" : "; Linux 5.11 does");
}

static int
bind_socket(const struct xd_af_xdp_port *p, const struct xd_af_xdp_queue *q, unsigned queue)
{
	const struct xd_af_xdp_config *xdp = xd_af_xdp_config(&p->port.config);
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
		.sxdp_ifindex = (uint32_t)p->dev.index,
		.sxdp_queue_id = queue};

	if (xdp->copy == XD_AF_XDP_COPY_FORCE || p->generic)
		address.sxdp_flags |= XDP_COPY;
	else if (xdp->copy == XD_AF_XDP_COPY_ZERO)
		address.sxdp_flags |= XDP_ZEROCOPY;
	if (xdp->need_wakeup == XD_AF_XDP_WAKEUP_YES)
		address.sxdp_flags |= XDP_USE_NEED_WAKEUP;
	if (p->in_pieces)
		address.sxdp_flags |= XDP_USE_SG;
	return bind(q->dev.fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
}

static bool
is_zero_copy(const struct xd_af_xdp_queue *q)
{
	struct xdp_options options = {0};
	socklen_t len = sizeof(options);

	return getsockopt(q->dev.fd, SOL_XDP, XDP_OPTIONS, &options, &len) == 0 &&
	       options.flags & XDP_OPTIONS_ZEROCOPY;
}

int
xd_af_xdp_socket_open(struct xd_af_xdp_port *p, unsigned queue, struct xd_error *err)
{
	struct xd_af_xdp_queue *q = &p->queues[queue];
	int ret;

	q->dev.fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (q->dev.fd < 0)
		return fail_socket(p, -errno, err);
	ret = make_umem(p, q, err);
	if (ret == 0)
		ret = make_rings(p, q, err);
	if (ret == 0)
		ret = set_options(p, q, err);
	if (ret < 0)
		return ret;
	for (unsigned i = 0; (ret = bind_socket(p, q, queue)) == -EBUSY && i < BUSY_TRIES; i++)
		usleep(BUSY_WAIT_US);
	if (ret < 0)
		return fail_bind(p, queue, ret, err);
	p->zero_copy = is_zero_copy(q);
	/* Drivers say by other means whether they can be asked. */
	p->ask_csum = p->ask_csum && !p->zero_copy;
	ret = xd_netdev_queue_watch(&q->dev);
	return ret < 0 ? fail(p, ret, "epoll", err) : 0;
}

static void
unmap_ring(struct xd_xsk_ring *ring)
{
	if (ring->map != NULL)
		munmap(ring->map, ring->map_bytes);
	*ring = (struct xd_xsk_ring){0};
}

void
xd_af_xdp_socket_close(struct xd_af_xdp_queue *q)
{
	if (q->dev.fd >= 0)
		close(q->dev.fd);
	q->dev.fd = -1;
	unmap_ring(&q->rx);
	unmap_ring(&q->fill);
	unmap_ring(&q->tx);
	unmap_ring(&q->completion);
	xd_memory_free(q->umem, q->umem != NULL ? all_bytes(q) : 0);
	q->umem = NULL;
}
