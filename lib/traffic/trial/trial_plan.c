/* SPDX-License-Identifier: BSD-3-Clause */
/* Who sends to whom by the pattern asked for, the list of frames for each sender, and a tracker for
 * each receiver. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "traffic/frames/capture.h"
#include "traffic/frames/template.h"
#include "traffic/trial/trial_parts.h"

static int
check_ports(const struct xd_trial *t, struct xd_error *err)
{
	enum xd_pattern pattern = t->opts->pattern;

	bool alone = pattern == XD_PATTERN_REFLECT || pattern == XD_PATTERN_SEND;

	if (t->opts->half && (pattern != XD_PATTERN_PAIRS || t->opts->echo || t->opts->track ||
				     t->opts->verify || t->opts->every || t->opts->capture))
		return xd_fail(err, -EINVAL,
			"halves of pairs send and count frames: only both ends know what became "
			"of each");
	if (t->opts->half)
		return 0;
	if (!alone && t->nb_ports < 2)
		return xd_fail(err, -EINVAL,
			"one port alone: give --port twice, or --pattern reflect when what is "
			"behind it sends frames back, or --pattern send when it swallows them");
	if (pattern == XD_PATTERN_SEND && (t->opts->track || t->opts->verify || t->opts->every))
		return xd_fail(err, -EINVAL,
			"with --pattern send nothing is received that could be tracked or timed");
	if (pattern == XD_PATTERN_PAIRS && t->nb_ports % 2)
		return xd_fail(err, -EINVAL,
			"%u ports do not make pairs; give one more or less, or --pattern mesh, "
			"fan-in or broadcast",
			t->nb_ports);
	if (t->opts->echo && (t->nb_ports != 2 || pattern != XD_PATTERN_PAIRS))
		return xd_fail(err, -EINVAL,
			"round trips need two ports (or one with --pattern reflect), not %u",
			t->nb_ports);
	if (t->opts->echo && xd_impair_any(&t->opts->impair[1]))
		return xd_fail(err, -EINVAL,
			"--impair: port 1 sends back what it gets, as it gets it; impair port 0 "
			"alone, as in --impair 0:loss=1%%");
	if (t->opts->echo && t->mix->n > 1)
		return xd_fail(err, -EINVAL, "a mix of sizes goes one way: give --way one-way");
	return 0;
}

/* Buffers that are sent as they are hold one frame each. */
static int
check_touch(const struct xd_trial *t, struct xd_error *err)
{
	if (t->opts->touch != XD_TOUCH_NONE)
		return 0;
	if (t->listed)
		return xd_fail(err, -EINVAL,
			"touch none sends buffers as they are, which hold no list of frames; give "
			"--touch stamp");
	for (unsigned i = 0; i < t->nb_ports; i++)
		if (t->opts->flows > 1 && t->gen->ports[i]->ring_size &&
			t->opts->flows > t->gen->ports[i]->ring_size)
			return xd_fail(err, -EINVAL,
				"touch none sends buffers as they are: %s holds %u different "
				"flows, not %u; give --touch stamp",
				t->gen->ports[i]->name, t->gen->ports[i]->ring_size,
				t->opts->flows);
	return 0;
}

static void
send_to(struct xd_trial_port *p, unsigned to)
{
	p->to[p->nb_to++] = (uint8_t)to;
}

/* Who sends to whom. */
static void
lay_out(struct xd_trial *t)
{
	for (unsigned i = 0; i < t->nb_ports; i++) {
		struct xd_trial_port *p = &t->ports[i];
		unsigned number;

		switch (t->opts->pattern) {
		case XD_PATTERN_PAIRS:
			number = xd_trial_number(t, i);
			p->sends = number % 2 == 0 || t->opts->direction == XD_DIRECTION_BOTH;
			p->echoes = number % 2 && t->opts->echo;
			send_to(p, number ^ 1);
			break;
		case XD_PATTERN_FAN_IN:
			p->sends = i > 0;
			send_to(p, i > 0 ? 0 : 1);
			break;
		case XD_PATTERN_SEND:
		case XD_PATTERN_REFLECT:
			p->sends = true;
			send_to(p, i);
			break;
		case XD_PATTERN_BROADCAST:
			p->sends = i == 0;
			send_to(p, i == 0);
			break;
		case XD_PATTERN_MESH:
			p->sends = true;
			for (unsigned k = 0; k < t->nb_ports; k++)
				if (k != i)
					send_to(p, k);
			break;
		}
	}
}

/* One frame where a template has them by the million: the flows of one port. */
static int
build_list(struct xd_trial *t, unsigned port, struct xd_error *err)
{
	struct xd_trial_port *p = &t->ports[port];
	struct xd_template_build build = {
		.mix = t->mix,
		.flows = t->opts->flows,
		.flow_kind = t->opts->flow_kind,
		.broadcast = t->opts->pattern == XD_PATTERN_BROADCAST,
		.from = (uint8_t)xd_trial_number(t, port),
		.nb_to = p->nb_to,
		.to = p->to,
	};

	p->first_flow = t->nb_flows;
	if (p->echoes) /* the flows are those of the other end */
		p->first_flow = t->ports[port ^ 1].first_flow;
	build.first_flow = p->first_flow;
	xd_frame_list_init(&p->list, true);
	if (xd_template_build(t->opts->template, &build, &p->list, err))
		return err->code ? err->code : -EINVAL;
	if (p->list.nb_flows > t->nb_flows)
		t->nb_flows = p->list.nb_flows;
	return 0;
}

static void
learn_payloads(struct xd_trial *t, const struct xd_frame_list *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct xd_list_frame *f = &list->frames[i];
		uint32_t vlans = xd_tag_vlans(xd_list_bytes(list, f));

		if (f->payload_at)
			t->payload_at[f->flow] =
				(uint16_t)(f->payload_at - vlans * XD_TAG_VLAN_BYTES);
	}
}

static int
track(struct xd_trial *t, struct xd_error *err)
{
	struct xd_track_opts o = {
		.nb_flows = t->nb_flows,
		.every = t->opts->every,
		.verify = t->opts->verify,
		.tsc_hz = t->gen->tsc_hz,
	};

	t->flow_sent = calloc(t->nb_flows, sizeof(*t->flow_sent));
	if (t->opts->verify)
		t->payload_at = calloc(t->nb_flows, sizeof(*t->payload_at));
	if (!t->flow_sent || (t->opts->verify && !t->payload_at))
		return xd_fail(err, -ENOMEM, "no memory to track %u flows", t->nb_flows);
	o.payload_at = t->payload_at;
	for (unsigned i = 0; i < t->nb_ports; i++) {
		if (t->payload_at && t->ports[i].sends)
			learn_payloads(t, &t->ports[i].list);
		t->ports[i].track = xd_track_create(&o, err);
		if (!t->ports[i].track)
			return -ENOMEM;
	}
	return 0;
}

static int
make_lists(struct xd_trial *t, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < t->nb_ports && !rc; i++)
		if (t->ports[i].sends || t->ports[i].echoes || t->opts->half)
			rc = build_list(t, i, err);
	if (!rc && t->opts->echo) {
		t->echo = xd_echo_create(65536);
		if (!t->echo)
			rc = xd_fail(err, -ENOMEM, "no memory for frames to be sent back");
	}
	return rc || t->opts->half ? rc : track(t, err);
}

int
xd_trial_plan(struct xd_trial *t, struct xd_error *err)
{
	int rc = check_ports(t, err);

	if (!rc)
		rc = check_touch(t, err);
	if (rc)
		return rc;
	lay_out(t);
	if (t->opts->capture)
		t->mean_bytes = xd_capture_list(t->opts->capture)->mean_len;
	else
		t->mean_bytes = xd_size_mix_mean(t->mix);
	t->size = (uint32_t)lround(t->mean_bytes);
	if (t->listed && !t->opts->capture)
		rc = make_lists(t, err);
	return rc;
}

void
xd_trial_load_of(struct xd_trial *t, unsigned port, struct xd_gen_load *load,
	struct xd_stream_opts *stream, struct xd_list_stream_opts *list)
{
	struct xd_trial_port *p = &t->ports[port];

	*load = (struct xd_gen_load){.touch = t->opts->touch};
	if (!t->listed) {
		*stream = (struct xd_stream_opts){
			.size = t->size,
			.flows = t->opts->flows,
			.flow_kind = t->opts->flow_kind,
			.broadcast = t->opts->pattern == XD_PATTERN_BROADCAST,
			.from = (uint8_t)xd_trial_number(t, port),
			.to = p->to[0],
		};
		load->stream = stream;
		return;
	}
	*list = (struct xd_list_stream_opts){
		.list = t->opts->capture ? xd_capture_list(t->opts->capture) : &p->list,
		.impair = &t->opts->impair[xd_trial_number(t, port)],
		.echo = p->echoes ? t->echo : NULL,
	};
	load->list = list;
}
