/* SPDX-License-Identifier: BSD-3-Clause */
/* What `port show` says of a vhost-user port. Control. */
#include <errno.h>
#include <inttypes.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "drivers/vhost/vhost.h"
#include "port/describe.h"
#include "vhost_user/message.h"
#include "virtqueue/feature_names.h"

/* The node that a ring in use lies on, or -1. Its page is one that workers have brought in; only
 * such pages are known to move_pages, which brings none in itself: that could take as long as the
 * front end likes. */
static int
memory_node(const struct xd_vhost_port *p, const struct xd_vu_state *state)
{
	const uintptr_t page = ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);

	for (unsigned i = 0; i < state->nb_vrings; i++) {
		const struct xd_vu_vring *vring = &state->vrings[i];
		uint8_t *ring = p->vqs[i].size
					? xd_guest_user_ptr(&state->memory, vring->desc_addr, 1)
					: NULL;
		void *at = (void *)((uintptr_t)ring & page);
		int node = -1;

		if (ring && move_pages(0, 1, &at, NULL, &node, 0) == 0 && node >= 0)
			return node;
	}
	return -1;
}

static void
tell_memory(struct xd_teller *t, const struct xd_vhost_port *p, const struct xd_vu_state *state)
{
	const struct xd_guest_memory *mem = &state->memory;
	int node = memory_node(p, state);

	xd_tell(t, "memory", "%u region%s, %" PRIu64 " MiB", mem->n, mem->n == 1 ? "" : "s",
		p->port.guest_bytes >> 20);
	if (node >= 0)
		xd_tell(t, "memory_node", "%d", node);
}

static const char *
ring_state(const struct xd_vu_vring *vring)
{
	if (!vring->started)
		return "not started";
	return vring->enabled ? "not in use" : "disabled";
}

static void
tell_ring(struct xd_teller *t, const struct xd_vhost_port *p, const struct xd_vu_state *state,
	unsigned i)
{
	const struct xd_vq *vq = &p->vqs[i];
	const struct xd_vu_vring *vring = &state->vrings[i];
	uint64_t frames = __atomic_load_n(&vq->frames, __ATOMIC_RELAXED);
	uint64_t bytes = __atomic_load_n(&vq->bytes, __ATOMIC_RELAXED);
	char key[32];

	snprintf(key, sizeof(key), "%s_queue_%u", i % 2 ? "transmit" : "receive", i / 2);
	if (vq->size)
		xd_tell(t, key, "%s ring of %u, %s%s, %" PRIu64 " frames, %" PRIu64 " bytes",
			vq->packed ? "packed" : "split", vq->size,
			vring->kick_fd < 0 ? "polled" : "kicked",
			vring->call_fd < 0 ? ", no interrupts" : "", frames, bytes);
	else
		xd_tell(t, key, "%s, %" PRIu64 " frames, %" PRIu64 " bytes", ring_state(vring),
			frames, bytes);
}

/* Whether a worker can wait for a guest's kicks: Linux bounds the paths of nested epoll sets that
 * lead to a descriptor, and others may have used them up. */
static bool
can_wait(const struct xd_vhost_port *p, unsigned pair)
{
	int set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};
	bool can = set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, p->sleep_fds[pair], &event) == 0 ||
		   errno != EINVAL;

	if (set >= 0)
		close(set);
	return can;
}

static void
tell_wakes(struct xd_teller *t, const struct xd_vhost_port *p, const struct xd_vu_state *state)
{
	for (unsigned pair = 0; pair < p->nb_pairs; pair++) {
		unsigned from = XD_VHOST_FROM_GUEST(pair);

		if (p->vqs[from].size == 0 || (p->kick_fds[pair] >= 0 && can_wait(p, pair)))
			continue;
		xd_tell(t, "wakes",
			"not the worker: transmit queue %u has %s, and is looked at every %d ms "
			"while the worker sleeps",
			pair,
			state->vrings[from].kick_fd < 0
				? "no kick descriptor"
				: "too many others waiting for its kick descriptor",
			XD_NAP_MS);
		return;
	}
}

static void
tell_faults(struct xd_teller *t, const struct xd_vhost_port *p, const struct xd_vu_state *state)
{
	uint64_t left_out = xd_vu_backend_lines_left_out(p->backend);

	if (state->nb_bad_messages)
		xd_tell(t, "bad_messages", "%" PRIu64, state->nb_bad_messages);
	for (unsigned i = 0; i < XD_VHOST_LINES; i++)
		left_out += p->lines[i].left_out_in_all;
	if (left_out)
		xd_tell(t, "log_lines_left_out", "%" PRIu64, left_out);
	if (p->nb_faults)
		xd_tell(t, "faults", "%" PRIu64, p->nb_faults);
	if (p->faulted)
		xd_tell(t, "fault",
			"stopped: the guest broke its %s; reset its driver or reconnect it to "
			"bring the port back",
			p->fault_text);
	if (p->setup_text[0])
		xd_tell(t, "problem", "%s", p->setup_text);
}

void
xd_vhost_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	const struct xd_vu_state *state = xd_vu_backend_state(p->backend);
	uint64_t since_s = (xd_clock_ns() - state->connected_at_ns) / XD_NS_PER_S;
	struct xd_teller t = {fn, ctx};
	char features[XD_FEATURES_TEXT];

	xd_tell(&t, "connection", "%s for %" PRIu64 " s",
		state->connected ? "connected"
		: xd_vhost_config(&port->config)->mode == XD_SOCKET_SERVER
			? "waiting for a front end"
			: "trying to connect",
		since_s);
	if (state->problem[0])
		xd_tell(&t, "socket", "%s", state->problem);
	xd_tell(&t, "connects", "%" PRIu64, state->nb_connects);
	tell_faults(&t, p, state);
	if (!state->connected)
		return;
	xd_tell(&t, "features", "%s",
		xd_feature_text(state->features & ~XD_VU_F_PROTOCOL_FEATURES, ' ', features));
	tell_memory(&t, p, state);
	xd_tell(&t, "migration", "%s", state->log.bits ? "logging writes" : "no");
	if (p->nb_rarps)
		xd_tell(&t, "rarps", "%" PRIu64, p->nb_rarps);
	tell_wakes(&t, p, state);
	for (unsigned i = 0; i < 2 * p->nb_pairs; i++)
		tell_ring(&t, p, state, i);
}
