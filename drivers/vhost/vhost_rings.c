/* SPDX-License-Identifier: BSD-3-Clause */
/* Brings the rings of a vhost-user port up and down, as the messages of the front end ask: workers
 * are paused before a message that changes rings or memory, and resumed after it. Control. */
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "drivers/vhost/vhost.h"

static bool
has(const struct xd_vu_state *state, unsigned bit)
{
	return state->features & (1ull << bit);
}

static void
drop_kick(struct xd_vhost_port *p, unsigned pair)
{
	if (p->kick_fds[pair] < 0)
		return;
	/* Fails when the descriptor was closed and so left the set by itself. */
	epoll_ctl(p->sleep_fds[pair], EPOLL_CTL_DEL, p->kick_fds[pair], NULL);
	p->kick_fds[pair] = -1;
}

/* The position in the form of GET_VRING_BASE. No turn is under way, so all that was taken has been
 * given back. */
static uint32_t
position(const struct xd_vq *vq)
{
	return vq->packed ? vq->used_idx | (uint32_t)vq->used_idx << 16 : vq->used_idx;
}

void
xd_vhost_pause(void *ctx)
{
	struct xd_vhost_port *p = ctx;
	bool was_up = false;

	__atomic_store_n(&p->port.nb_tx, 0, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 2 * p->nb_pairs; i++) {
		was_up |= p->vqs[i].size != 0;
		__atomic_store_n(&p->vqs[i].live, false, __ATOMIC_RELAXED);
	}
	if (!was_up)
		return;
	p->port.env->quiesce(p->port.env->ctx);
	for (unsigned i = 0; i < 2 * p->nb_pairs; i++) {
		if (p->vqs[i].size == 0)
			continue;
		xd_vu_backend_set_base(p->backend, i, position(&p->vqs[i]));
		p->vqs[i].size = 0;
		drop_kick(p, i / 2);
	}
}

/* -ENODATA: nothing to set up yet. */
static int
ring_up(struct xd_vhost_port *p, unsigned i, const struct xd_vu_state *state, struct xd_error *err)
{
	const struct xd_vu_vring *vring = &state->vrings[i];
	const bool log = state->log.bits != NULL;
	struct xd_vq_setup setup = {
		.size = (uint16_t)vring->size,
		.base = (uint16_t)vring->base,
		.packed = has(state, XD_VIRTIO_F_RING_PACKED),
		.in_order = has(state, XD_VIRTIO_F_IN_ORDER),
		.offloads = i % 2 ? xd_vhost_offloads_from(state->features)
				  : xd_vhost_offloads_to(state->features),
		.drops = &p->port.drops[i / 2],
		.record = xd_vu_vring_record(p->backend, i),
		.log = log ? &state->log : NULL,
		.log_ring = log && vring->log,
		.log_used_addr = vring->log_addr,
		.desc_addr = vring->desc_addr,
		.avail_addr = vring->avail_addr,
		.used_addr = vring->used_addr,
		.event_idx = has(state, XD_VIRTIO_RING_F_EVENT_IDX),
		.indirect = has(state, XD_VIRTIO_RING_F_INDIRECT_DESC),
		.mergeable = has(state, VIRTIO_NET_F_MRG_RXBUF),
		.call_fd = vring->call_fd,
	};
	int ret;

	if (!vring->started || !vring->enabled || !vring->has_addr || vring->size == 0 ||
		state->memory.n == 0)
		return -ENODATA;
	if (!has(state, XD_VIRTIO_F_VERSION_1))
		return xd_fail(err, -EPROTO, "the guest's driver is older than virtio 1.0");
	ret = xd_vq_setup(&p->vqs[i], &state->memory, &setup, err);
	if (ret < 0) {
		p->vqs[i].size = 0;
		return ret;
	}
	return 0;
}

static void
watch_kick(struct xd_vhost_port *p, unsigned pair, int kick_fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	if (kick_fd >= 0 && epoll_ctl(p->sleep_fds[pair], EPOLL_CTL_ADD, kick_fd, &event) == 0)
		p->kick_fds[pair] = kick_fd;
}

static bool
any_started(const struct xd_vu_state *state)
{
	for (unsigned i = 0; i < state->nb_vrings; i++) {
		if (state->vrings[i].started)
			return true;
	}
	return false;
}

static void
rings_up(struct xd_vhost_port *p, const struct xd_vu_state *state)
{
	uint16_t nb_tx = 0;

	for (unsigned pair = 0; pair < p->nb_pairs; pair++) {
		unsigned to = XD_VHOST_TO_GUEST(pair), from = XD_VHOST_FROM_GUEST(pair);
		struct xd_error err = {0};
		int ret = ring_up(p, to, state, &err);

		if (ret == 0)
			p->port.tx[nb_tx++] = (uint16_t)pair;
		if (ret == 0 || ret == -ENODATA)
			ret = ring_up(p, from, state, &err);
		if (ret < 0 && ret != -ENODATA && strcmp(p->setup_text, err.text)) {
			snprintf(p->setup_text, sizeof(p->setup_text), "%.150s", err.text);
			xd_log_limited(p->port.env->log, &p->lines[XD_VHOST_LINE_RINGS],
				XD_LOG_VHOST, XD_LOG_WARN, "%s: queue %u cannot be used: %s",
				p->port.config.name, pair, err.text);
		}
		if (ret == 0)
			watch_kick(p, pair, state->vrings[from].kick_fd);
		for (unsigned i = to; i <= from; i++) {
			if (p->vqs[i].size == 0)
				continue;
			__atomic_store_n(&p->vqs[i].live, true, __ATOMIC_RELEASE);
			xd_vu_backend_notify(p->backend, i);
		}
	}
	__atomic_store_n(&p->port.nb_tx, nb_tx, __ATOMIC_RELEASE);
}

void
xd_vhost_resume(void *ctx)
{
	static const uint64_t one = 1;
	struct xd_vhost_port *p = ctx;
	const struct xd_vu_state *state = xd_vu_backend_state(p->backend);
	bool was_up = p->port.up;
	uint64_t bytes = 0;

	/* A guest that starts over, by a reset of its driver or by a new connection, is taken at
	 * its word once more, but not on memory that has gone. */
	if (p->faulted && !any_started(state) &&
		!__atomic_load_n(&state->memory.lost, __ATOMIC_RELAXED)) {
		p->faulted = false;
		xd_log_limited(p->port.env->log, &p->lines[XD_VHOST_LINE_AGAIN], XD_LOG_VHOST,
			XD_LOG_INFO, "%s: the guest started over, the port is used again",
			p->port.config.name);
	}
	if (!any_started(state))
		p->setup_text[0] = '\0';
	if (!p->faulted)
		rings_up(p, state);
	for (unsigned i = 0; i < state->memory.n; i++)
		bytes += state->memory.regions[i].size;
	if (bytes != p->port.guest_bytes)
		p->port.node = -1; /* to be looked for */
	p->port.guest_bytes = bytes;
	p->port.up = p->port.nb_tx > 0;
	if (p->port.up && write(p->wake_fd, &one, sizeof(one)) < 0)
		return; /* a wake is pending already */
	if (p->port.up != was_up) {
		xd_log_limited(p->port.env->log, &p->lines[XD_VHOST_LINE_LINK], XD_LOG_VHOST,
			XD_LOG_INFO, "%s: %s", p->port.config.name, p->port.up ? "up" : "down");
		p->port.env->changed(p->port.env->ctx, &p->port);
	}
}

/* The port is used no more, until its guest starts over. */
static void
fault(struct xd_vhost_port *p, const char *text)
{
	p->faulted = true;
	p->nb_faults++;
	snprintf(p->fault_text, sizeof(p->fault_text), "%s", text);
	xd_log_limited(p->port.env->log, &p->lines[XD_VHOST_LINE_FAULT], XD_LOG_VHOST, XD_LOG_ERROR,
		"%s: stopped, the guest broke its %s; reset its driver or reconnect it to bring "
		"the port back",
		p->port.config.name, p->fault_text);
}

void
xd_vhost_rarp(void *ctx, const uint8_t mac[6])
{
	static const uint64_t one = 1;
	struct xd_vhost_port *p = ctx;
	static const uint8_t zero[6];

	/* Nobody's address. */
	if ((mac[0] & 1) || !memcmp(mac, zero, sizeof(zero)))
		return;
	memcpy(p->rarp_mac, mac, sizeof(p->rarp_mac));
	__atomic_store_n(&p->rarp_due, true, __ATOMIC_RELEASE);
	p->nb_rarps++;
	if (write(p->wake_fd, &one, sizeof(one)) < 0)
		return; /* a wake is pending already */
}

bool
xd_vhost_notified(void *ctx)
{
	struct xd_vhost_port *p = ctx;
	bool any = false;

	for (unsigned i = 0; i < 2 * p->nb_pairs; i++) {
		if (!__atomic_load_n(&p->vqs[i].told, __ATOMIC_RELAXED))
			continue;
		__atomic_store_n(&p->vqs[i].told, false, __ATOMIC_RELAXED);
		any = true;
	}
	return any;
}

void
xd_vhost_on_fault(void *ctx, uint32_t events)
{
	struct xd_vhost_port *p = ctx;
	const struct xd_vu_state *state = xd_vu_backend_state(p->backend);
	char text[sizeof(p->fault_text)];
	uint64_t count;

	(void)events;
	if (read(p->fault_fd, &count, sizeof(count)) < 0)
		return;
	if (__atomic_load_n(&state->memory.lost, __ATOMIC_RELAXED) && !p->faulted)
		fault(p, "memory: its file was truncated while in use, it has to be shared anew");
	for (unsigned i = 0; i < 2 * p->nb_pairs && !p->faulted; i++) {
		enum xd_vq_fault rule = __atomic_load_n(&p->vqs[i].fault, __ATOMIC_RELAXED);

		if (p->vqs[i].size == 0 || rule == XD_VQ_OK)
			continue;
		snprintf(text, sizeof(text), "%s queue %u: %s", i % 2 ? "transmit" : "receive",
			i / 2, xd_vq_fault_text(rule));
		fault(p, text);
	}
	xd_vhost_pause(p);
	xd_vhost_resume(p);
}
