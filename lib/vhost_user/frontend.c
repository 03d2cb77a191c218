/* SPDX-License-Identifier: BSD-3-Clause */
/* The front end's calls for opening a connection, negotiating, and sharing memory and rings. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost_user/frontend_internal.h"

#define CONNECT_RETRY_MS 20
#define CONFIG_BYTES     12 /* of virtio-net's configuration: up to and with mtu */
#define CONFIG_MTU_AT    10

/* ---- Opening ---- */

static int
connect_to_switch(struct xd_vu_frontend *fe, struct xd_error *err)
{
	uint64_t until_ns = xd_vu_fe_deadline_ns(fe);
	int ret;

	for (;;) {
		fe->sock = xd_vu_connect(fe->path);
		if (fe->sock >= 0)
			return 0;
		ret = fe->sock;
		if (ret != -ENOENT && ret != -ECONNREFUSED && ret != -EAGAIN)
			return xd_fail(
				err, ret, "cannot connect to %s: %s", fe->path, strerror(-ret));
		ret = xd_vu_fe_wait_some(fe, -1, 0, until_ns, CONNECT_RETRY_MS, err);
		if (ret == -ETIMEDOUT)
			return xd_fail(err, ret,
				"no switch answered on %s within %s: is it running, and is its "
				"port in server mode?",
				fe->path, xd_vu_fe_duration(fe->opts.timeout_ms).text);
		if (ret < 0)
			return ret;
	}
}

static int
accept_switch(struct xd_vu_frontend *fe, struct xd_error *err)
{
	uint64_t until_ns = xd_vu_fe_deadline_ns(fe);
	int ret = xd_vu_listen(&fe->listener, fe->path, NULL, err);

	if (ret)
		return ret;
	for (;;) {
		fe->sock = accept4(fe->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fe->sock >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return xd_fail(
				err, -errno, "cannot accept on %s: %s", fe->path, strerror(errno));
		ret = xd_vu_fe_wait(fe, fe->listener.fd, POLLIN, until_ns, err);
		if (ret == -ETIMEDOUT)
			return xd_fail(err, ret,
				"no switch connected to %s within %s: is it running, and is its "
				"port in client mode?",
				fe->path, xd_vu_fe_duration(fe->opts.timeout_ms).text);
		if (ret < 0)
			return ret;
	}
}

/* The MTU out of virtio-net's configuration space. */
static int
read_mtu(struct xd_vu_frontend *fe, struct xd_error *err)
{
	const uint32_t size = XD_VU_CONFIG_HEADER + CONFIG_BYTES;
	struct xd_vu_message m = {
		.header = {.request = XD_VU_GET_CONFIG, .size = size},
		.payload.config.size = CONFIG_BYTES,
	};
	int ret = xd_vu_fe_query(fe, &m, size, err);

	memcpy(&fe->mtu, m.payload.config.bytes + CONFIG_MTU_AT, sizeof(fe->mtu));
	return ret;
}

static int
negotiate_protocol(struct xd_vu_frontend *fe, struct xd_error *err)
{
	uint64_t offered, pairs;
	uint64_t wanted;
	int ret;

	ret = xd_vu_fe_query_u64(fe, XD_VU_GET_PROTOCOL_FEATURES, &offered, err);
	if (ret)
		return ret;
	wanted = fe->opts.protocol_features & offered;
	ret = xd_vu_fe_change_u64(fe, XD_VU_SET_PROTOCOL_FEATURES, wanted, err);
	if (ret)
		return ret;
	fe->protocol_features = wanted;
	if (xd_vu_fe_has(fe, XD_VU_PF_MQ)) {
		ret = xd_vu_fe_query_u64(fe, XD_VU_GET_QUEUE_NUM, &pairs, err);
		if (ret)
			return ret;
		if (pairs < 1 || pairs > UINT16_MAX)
			return xd_fail(err, -EPROTO, "the switch on %s has %llu queue pairs",
				fe->path, (unsigned long long)pairs);
		fe->max_queue_pairs = (unsigned)pairs;
	}
	return xd_vu_fe_has(fe, XD_VU_PF_CONFIG) ? read_mtu(fe, err) : 0;
}

static int
negotiate(struct xd_vu_frontend *fe, struct xd_error *err)
{
	struct xd_vu_message owner = {.header.request = XD_VU_SET_OWNER};
	uint64_t offered;
	int ret;

	ret = xd_vu_fe_query_u64(fe, XD_VU_GET_FEATURES, &offered, err);
	if (ret)
		return ret;
	ret = xd_vu_fe_change(fe, &owner, err);
	if (ret)
		return ret;
	fe->features = (fe->opts.features | XD_VU_F_PROTOCOL_FEATURES) & offered;
	if (offered & XD_VU_F_PROTOCOL_FEATURES) {
		ret = negotiate_protocol(fe, err);
		if (ret)
			return ret;
	}
	ret = xd_vu_fe_change_u64(fe, XD_VU_SET_FEATURES, fe->features, err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

struct xd_vu_frontend *
xd_vu_frontend_open(const struct xd_vu_frontend_opts *opts, struct xd_error *err)
{
	struct xd_vu_frontend *fe;
	int ret;

	if (strlen(opts->path) >= sizeof(fe->path)) {
		xd_fail(err, -ENAMETOOLONG, "socket path %s is longer than %zu bytes", opts->path,
			sizeof(fe->path) - 1);
		return NULL;
	}
	fe = calloc(1, sizeof(*fe));
	if (!fe) {
		xd_fail(err, -ENOMEM, "no memory for a vhost-user connection");
		return NULL;
	}
	fe->opts = *opts;
	snprintf(fe->path, sizeof(fe->path), "%s", opts->path);
	fe->opts.path = fe->path;
	fe->sock = -1;
	fe->listener.fd = -1;
	fe->max_queue_pairs = 1;
	ret = opts->server ? accept_switch(fe, err) : connect_to_switch(fe, err);
	if (!ret)
		ret = negotiate(fe, err);
	if (ret) {
		xd_vu_frontend_close(fe);
		return NULL;
	}
	return fe;
}

void
xd_vu_frontend_close(struct xd_vu_frontend *fe)
{
	if (!fe)
		return;
	if (fe->sock >= 0)
		close(fe->sock);
	xd_vu_unlisten(&fe->listener);
	free(fe);
}

uint64_t
xd_vu_frontend_features(const struct xd_vu_frontend *fe)
{
	return fe->features;
}

uint64_t
xd_vu_frontend_protocol_features(const struct xd_vu_frontend *fe)
{
	return fe->protocol_features;
}

unsigned
xd_vu_frontend_max_queue_pairs(const struct xd_vu_frontend *fe)
{
	return fe->max_queue_pairs;
}

uint16_t
xd_vu_frontend_mtu(const struct xd_vu_frontend *fe)
{
	return fe->mtu;
}

/* ---- Memory and rings ---- */

struct xd_vu_mem_region
xd_vu_fe_region(const struct xd_vu_frontend_region *r)
{
	return (struct xd_vu_mem_region){
		.guest_addr = r->guest_addr,
		.size = r->size,
		.user_addr = (uintptr_t)r->addr,
		.mmap_offset = r->fd_offset,
	};
}

int
xd_vu_frontend_set_memory(struct xd_vu_frontend *fe, const struct xd_vu_frontend_region *regions,
	unsigned n, struct xd_error *err)
{
	unsigned first = n < XD_VU_TABLE_REGIONS ? n : XD_VU_TABLE_REGIONS;
	struct xd_vu_message m = {
		.header = {.request = XD_VU_SET_MEM_TABLE,
			.size = 8 + first * (uint32_t)sizeof(struct xd_vu_mem_region)},
		.payload.table.nb_regions = first,
		.nb_fds = first,
	};
	int ret;

	if (n < 1 || (n > XD_VU_TABLE_REGIONS && !xd_vu_fe_has(fe, XD_VU_PF_CONFIGURE_MEM_SLOTS)))
		return xd_fail(err, -EINVAL, "%u memory regions, the switch on %s takes 1 to %d", n,
			fe->path, XD_VU_TABLE_REGIONS);
	for (unsigned i = 0; i < first; i++) {
		m.payload.table.regions[i] = xd_vu_fe_region(&regions[i]);
		m.fds[i] = regions[i].fd;
	}
	/* The table replaces whatever was there; the rest is added to it. */
	ret = xd_vu_fe_change(fe, &m, err);
	for (unsigned i = first; i < n && !ret; i++)
		ret = xd_vu_fe_add_region(fe, &regions[i], err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

static int
change_addr(struct xd_vu_frontend *fe, unsigned index, const struct xd_vu_frontend_ring *ring,
	struct xd_error *err)
{
	struct xd_vu_message addr = {
		.header = {.request = XD_VU_SET_VRING_ADDR, .size = sizeof(addr.payload.addr)},
		.payload.addr =
			{
				.index = index,
				.flags = ring->log ? XD_VU_VRING_F_LOG : 0,
				.desc = (uintptr_t)ring->desc,
				.used = (uintptr_t)ring->used,
				.avail = (uintptr_t)ring->avail,
				.log = ring->log_addr,
			},
	};

	return xd_vu_fe_change(fe, &addr, err);
}

int
xd_vu_frontend_set_ring_addr(struct xd_vu_frontend *fe, unsigned index,
	const struct xd_vu_frontend_ring *ring, struct xd_error *err)
{
	int ret = change_addr(fe, index, ring, err);

	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

int
xd_vu_frontend_set_ring(struct xd_vu_frontend *fe, unsigned index,
	const struct xd_vu_frontend_ring *ring, struct xd_error *err)
{
	int ret;

	ret = xd_vu_fe_change_state(fe, XD_VU_SET_VRING_NUM, index, ring->size, err);
	if (!ret)
		ret = xd_vu_fe_change_state(fe, XD_VU_SET_VRING_BASE, index, ring->base, err);
	if (!ret)
		ret = change_addr(fe, index, ring, err);
	if (!ret)
		ret = xd_vu_fe_change_ring_fd(fe, XD_VU_SET_VRING_CALL, index, ring->call_fd, err);
	if (!ret)
		ret = xd_vu_fe_change_ring_fd(fe, XD_VU_SET_VRING_KICK, index, ring->kick_fd, err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

int
xd_vu_frontend_enable(struct xd_vu_frontend *fe, unsigned index, bool on, struct xd_error *err)
{
	int ret;

	if (!(fe->features & XD_VU_F_PROTOCOL_FEATURES))
		return on ? 0
			  : xd_fail(err, -ENOTSUP,
				    "the switch on %s cannot disable a ring: it knows no "
				    "protocol features",
				    fe->path);
	ret = xd_vu_fe_change_state(fe, XD_VU_SET_VRING_ENABLE, index, on, err);
	return ret ? ret : xd_vu_fe_barrier(fe, err);
}

int
xd_vu_frontend_stop_ring_at(
	struct xd_vu_frontend *fe, unsigned index, uint32_t *base, struct xd_error *err)
{
	struct xd_vu_message m = {
		.header = {.request = XD_VU_GET_VRING_BASE, .size = sizeof(m.payload.state)},
		.payload.state.index = index,
	};
	int ret = xd_vu_fe_query(fe, &m, sizeof(m.payload.state), err);

	if (ret)
		return ret;
	if (m.payload.state.index != index)
		return xd_fail(err, -EPROTO, "the switch on %s: asked for ring %u, told of ring %u",
			fe->path, index, m.payload.state.index);
	*base = m.payload.state.num;
	return 0;
}

int
xd_vu_frontend_stop_ring(struct xd_vu_frontend *fe, unsigned index, struct xd_error *err)
{
	uint32_t base;
	int ret = xd_vu_frontend_stop_ring_at(fe, index, &base, err);

	if (ret)
		return ret;
	if (base > UINT16_MAX)
		return xd_fail(err, -EPROTO, "the switch on %s: ring %u stands at %u", fe->path,
			index, base);
	return (int)base;
}

bool
xd_vu_frontend_alive(struct xd_vu_frontend *fe)
{
	/* Acknowledgements were awaited and no back-end channel is negotiated, so nothing can be
	 * waiting to be read but the hang-up. */
	struct pollfd p = {.fd = fe->sock, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 0;
}

int
xd_vu_frontend_fd(const struct xd_vu_frontend *fe)
{
	return fe->sock;
}
