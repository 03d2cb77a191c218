/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams between ports laid out over the threads, with what each needs: a frame, a ring of copies,
 * offloads that fit. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/session/forward_parts.h"

#define FLUSH_BURSTS 1024 /* of what came before the start, of each port */
#define SHORTEST     60   /* bytes that are made */

static int
make_frames(struct xd_forward_stream *s, const struct xd_forward_plan *plan, struct xd_error *err)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < plan->nb_parts; i++) {
		struct xd_forward_made *made = &s->made[s->nb_made];

		sum += plan->parts[i];
		if (!plan->some_parts && i + 1 < plan->nb_parts)
			continue;
		made->len = sum < SHORTEST ? SHORTEST : sum;
		if (made->len > s->room)
			return xd_fail(err, -EINVAL,
				"frames of %u bytes are too long for port %u: it carries %u; "
				"set txpkts says how long they are, --size how long they may be",
				made->len, s->tx_number, s->room);
		made->bytes = calloc(1, made->len);
		if (!made->bytes)
			return xd_fail(err, -ENOMEM, "no memory for frames");
		xd_forward_build(made->bytes, made->len, s->peer, s->mac);
		s->nb_made++;
	}
	return 0;
}

/* What a device leaves unfinished for its peer has to be finished by somebody. */
static int
check_offload(const struct xd_forward_stream *s, struct xd_error *err)
{
	const struct xd_stream_offload *in = &s->rx->offload, *out = &s->tx->offload;

	if (!s->passes || s->mode->answer || ((!in->csum || out->csum) && (!in->tso || out->tso)))
		return 0;
	return xd_fail(err, -EINVAL,
		"port %u has %s and port %u has not: nobody would finish such frames; give both "
		"or none of them",
		s->rx_number, in->tso && !out->tso ? "tso=on" : "csum=on", s->tx_number);
}

static int
load(struct xd_forward_port *p, struct xd_error *err)
{
	int rc = 0;

	if (!p->loaded)
		rc = xd_gen_port_attach(p->port, &p->source, &p->sink, XD_TOUCH_STAMP, err);
	p->loaded |= rc == 0;
	return rc;
}

static int
make_rings(struct xd_forward_stream *s, const struct xd_forward_plan *plan, struct xd_error *err)
{
	s->received = plan->show_received ? calloc(1, sizeof(*s->received)) : NULL;
	s->sent = plan->show_sent ? calloc(1, sizeof(*s->sent)) : NULL;
	if (s->mode->answer)
		s->copies = calloc(XD_GEN_BURST, s->room);
	if ((plan->show_received && !s->received) || (plan->show_sent && !s->sent) ||
		(s->mode->answer && !s->copies))
		return xd_fail(err, -ENOMEM, "no memory for frames");
	return 0;
}

static int
make_stream(struct xd_forward_stream *s, const struct xd_forward_plan *plan,
	const struct xd_forward_path *path, struct xd_error *err)
{
	struct xd_forward_port *tx = plan->mode->returns ? path->rx : path->tx;
	int rc;

	*s = (struct xd_forward_stream){
		.mode = plan->mode,
		.rx = path->rx->port,
		.tx = tx->port,
		.source = &tx->source,
		.rx_number = path->rx_number,
		.tx_number = plan->mode->returns ? path->rx_number : path->tx_number,
		.burst = (uint16_t)plan->burst,
		.passes = plan->mode->write && !plan->mode->makes,
		.moves = plan->mode->edit && path->rx->port->is_ethdev && tx->port->is_ethdev,
		.offload = tx->port->offload.csum,
		.retries = plan->retries,
		.delay_cycles = (uint64_t)(plan->delay_us * plan->tsc_hz / 1e6),
		.room = tx->port->max_frame,
		.flows = plan->flows,
		.random = 0x9e3779b9u + path->rx_number,
	};
	memcpy(s->mac, tx->mac, sizeof(s->mac));
	memcpy(s->peer, path->peer, sizeof(s->peer));
	rc = check_offload(s, err);
	if (!rc)
		rc = load(path->rx, err);
	if (!rc)
		rc = load(tx, err);
	if (!rc && (plan->first_bursts || plan->mode->makes))
		rc = make_frames(s, plan, err);
	return rc ? rc : make_rings(s, plan, err);
}

/* What came before nobody asked for; bounded, should more come all the time. */
static void
flush(struct xd_gen_port *port)
{
	for (unsigned i = 0; i < FLUSH_BURSTS && xd_gen_port_receive(port, XD_GEN_BURST); i++)
		;
	xd_gen_port_notify_of(port, XD_GEN_RECEIVING, true);
}

static void
drop(void *ctx, const struct xd_arrival *frame)
{
	(void)ctx;
	(void)frame;
}

/* From here on frames come to the streams. */
static void
connect_ports(struct xd_forward *f, const struct xd_forward_plan *plan)
{
	for (unsigned i = 0; i < plan->nb_paths; i++) {
		const struct xd_forward_path *path = &plan->paths[i];

		path->rx->sink = (struct xd_sink){.take = drop};
		flush(path->rx->port);
	}
	for (unsigned i = 0; i < plan->nb_paths; i++) {
		const struct xd_forward_path *path = &plan->paths[i];
		struct xd_forward_port *tx = plan->mode->returns ? path->rx : path->tx;

		path->rx->sink = (struct xd_sink){
			.take = xd_stream_take, .ctx = &f->streams[i], .end = xd_stream_end};
		tx->source = (struct xd_source){.write = plan->mode->write, .ctx = &f->streams[i]};
	}
}

static void
lay_lanes(struct xd_forward *f, const struct xd_forward_plan *plan)
{
	f->nb_lanes = plan->nb_cores < plan->nb_paths ? plan->nb_cores : plan->nb_paths;
	for (unsigned i = 0; i < f->nb_lanes; i++) {
		f->lanes[i].forward = f;
		f->lanes[i].core = plan->cores[i];
	}
	for (unsigned i = 0; i < plan->nb_paths; i++) {
		struct xd_forward_lane *lane = &f->lanes[i % f->nb_lanes];

		lane->streams[lane->nb_streams++] = &f->streams[i];
	}
}

int
xd_forward_set_up(struct xd_forward *f, const struct xd_forward_plan *plan, struct xd_error *err)
{
	int rc = 0;

	for (; f->nb_streams < plan->nb_paths && !rc; f->nb_streams++)
		rc = make_stream(
			&f->streams[f->nb_streams], plan, &plan->paths[f->nb_streams], err);
	if (rc)
		return rc;
	connect_ports(f, plan);
	lay_lanes(f, plan);
	return 0;
}
