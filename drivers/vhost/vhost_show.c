/* SPDX-License-Identifier: BSD-3-Clause */
/* A vhost-user port in words, for `port show`. Control. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/vhost/vhost.h"
#include "port/describe.h"
#include "vhost_user/message.h"

static const struct {
	unsigned bit;
	const char *name;
} features[] = {
	{XD_VIRTIO_NET_F_MTU, "mtu"},
	{XD_VIRTIO_NET_F_MRG_RXBUF, "mrg_rxbuf"},
	{XD_VIRTIO_NET_F_CTRL_VQ, "ctrl_vq"},
	{XD_VIRTIO_NET_F_MQ, "mq"},
	{XD_VIRTIO_RING_F_INDIRECT_DESC, "indirect_desc"},
	{XD_VIRTIO_RING_F_EVENT_IDX, "event_idx"},
	{XD_VIRTIO_F_VERSION_1, "version_1"},
};

static void
tell_features(struct xd_teller *t, const struct xd_vu_state *state)
{
	char text[256] = "";
	size_t used = 0;

	for (unsigned i = 0; i < RTE_DIM(features); i++) {
		if (state->features & (1ull << features[i].bit))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
				used ? " " : "", features[i].name);
	}
	xd_tell(t, "features", "%s", text);
}

static void
tell_ring(struct xd_teller *t, const struct xd_vhost_port *p, const struct xd_vu_state *state,
	unsigned i)
{
	const struct xd_vq *vq = &p->vqs[i];
	const struct xd_vu_vring *vring = &state->vrings[i];
	char key[32];

	snprintf(key, sizeof(key), "%s_queue_%u", i % 2 ? "transmit" : "receive", i / 2);
	if (vq->size)
		xd_tell(t, key, "split ring of %u, %s", vq->size,
			vring->kick_fd < 0 ? "polled" : "kicked");
	else
		xd_tell(t, key, "%s",
			!vring->started   ? "not started"
			: !vring->enabled ? "disabled"
					  : "not in use");
}

void
xd_vhost_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	struct xd_vhost_port *p = (struct xd_vhost_port *)port;
	const struct xd_vu_state *state = xd_vu_backend_state(p->backend);
	uint64_t since_s = (xd_clock_ns() - state->connected_at_ns) / XD_NS_PER_S;
	struct xd_teller t = {fn, ctx};

	xd_tell(&t, "connection", "%s for %" PRIu64 " s",
		state->connected                        ? "connected"
		: port->config.mode == XD_SOCKET_SERVER ? "waiting for a front end"
							: "trying to connect",
		since_s);
	xd_tell(&t, "connects", "%" PRIu64, state->nb_connects);
	if (state->nb_bad_messages)
		xd_tell(&t, "bad_messages", "%" PRIu64, state->nb_bad_messages);
	if (p->nb_faults)
		xd_tell(&t, "faults", "%" PRIu64, p->nb_faults);
	if (p->faulted)
		xd_tell(&t, "fault",
			"the guest broke its %s; reset its driver or reconnect it to bring the "
			"port back",
			p->fault_text);
	if (p->setup_text[0])
		xd_tell(&t, "problem", "%s", p->setup_text);
	if (!state->connected)
		return;
	tell_features(&t, state);
	xd_tell(&t, "memory", "%u regions, %" PRIu64 " MiB", state->memory.n,
		port->guest_bytes >> 20);
	for (unsigned i = 0; i < 2 * p->nb_pairs; i++)
		tell_ring(&t, p, state, i);
}
