/* SPDX-License-Identifier: BSD-3-Clause */
/* A trial's life: made ready once, then run: lanes laid out for its load, warm-up, measured time,
 * and the wait for what is on its way. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "traffic/frames/capture.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/trial_parts.h"

#define QUIET_NS   (10 * 1000 * 1000ull) /* nothing more is on its way after so long */
#define STUCK_NS   (2 * XD_NS_PER_S)     /* for a switch to take what was sent */
#define ENDLESS_NS (5 * XD_NS_PER_S)     /* what comes for longer is not what was on its way */

static struct xd_trial *
create(struct xd_gen *gen, const struct xd_traffic_opts *opts, unsigned mix, unsigned nb_ports,
	bool listed, struct xd_error *err)
{
	struct xd_trial *t = calloc(1, sizeof(*t));

	if (!t) {
		xd_fail(err, -ENOMEM, "no memory for a trial");
		return NULL;
	}
	t->gen = gen;
	t->opts = opts;
	t->mix = &opts->sizes.mix[mix];
	t->nb_ports = nb_ports && nb_ports < gen->nb_ports ? nb_ports : gen->nb_ports;
	t->listed = listed || xd_traffic_is_list(opts, t->mix);
	if (xd_trial_plan(t, err) || xd_trial_learn(t, err)) {
		xd_trial_destroy(t);
		return NULL;
	}
	return t;
}

/* Whether the frames can be those of a list where the synthetic stream's are not known again. */
static bool
may_be_listed(const struct xd_gen *gen, const struct xd_traffic_opts *opts)
{
	bool may = opts->touch != XD_TOUCH_NONE;

	for (unsigned i = 0; i < gen->nb_ports; i++)
		may = may && !gen->ports[i]->offload.tso;
	return may;
}

struct xd_trial *
xd_trial_create(struct xd_gen *gen, const struct xd_traffic_opts *opts, unsigned mix,
	unsigned nb_ports, struct xd_error *err)
{
	struct xd_error own = {0};
	struct xd_trial *t = create(gen, opts, mix, nb_ports, false, &own);

	/* A tag at the end of a frame is found whatever VLAN tags are pushed and popped. */
	if (!t && own.code == -EXDEV && may_be_listed(gen, opts))
		t = create(gen, opts, mix, nb_ports, true, &own);
	if (!t && err)
		*err = own;
	return t;
}

void
xd_trial_destroy(struct xd_trial *t)
{
	if (!t)
		return;
	/* Ports keep what was loaded until the next load, but send nothing meanwhile. */
	for (unsigned i = 0; i < t->nb_ports; i++) {
		xd_gen_port_detach(t->gen->ports[i]);
		xd_frame_list_fini(&t->ports[i].list);
		xd_track_destroy(t->ports[i].track);
	}
	for (unsigned i = 0; i < XD_GEN_CORES_MAX; i++)
		xd_histogram_destroy(t->lateness[i]);
	xd_echo_destroy(t->echo);
	free(t->payload_at);
	free(t->flow_sent);
	free(t);
}

/* What each port sends and expects. */
int
xd_trial_ready(struct xd_trial *t, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < t->gen->nb_ports && !rc; i++) {
		const struct xd_trial_port *p = &t->ports[i];
		struct xd_gen_expect expect = {
			.kind = t->opts->capture ? XD_RECEIVE_ANY
				: t->listed      ? XD_RECEIVE_TAGGED
						 : XD_RECEIVE_OURS,
			.size = t->size,
			.track = p->echoes ? NULL : p->track,
			.echo = p->echoes ? t->echo : NULL,
		};
		struct xd_gen_load load = {.touch = t->opts->touch};
		struct xd_list_stream_opts list;
		struct xd_stream_opts stream;

		/* Nothing comes back from a sink. Its device may still hand up buffers that hold
		 * old frames of ours: of size 0, none of them counts. */
		if (t->opts->pattern == XD_PATTERN_SEND)
			expect = (struct xd_gen_expect){.kind = XD_RECEIVE_OURS};
		if (p->sends || p->echoes)
			xd_trial_load_of(t, i, &load, &stream, &list);
		rc = xd_gen_port_load(t->gen->ports[i], &load, err);
		if (p->track)
			xd_track_begin(p->track);
		xd_gen_port_expect(t->gen->ports[i], &expect);
	}
	return rc;
}

static struct xd_schedule
schedule_of(const struct xd_trial *t, unsigned port)
{
	const struct xd_trial_port *p = &t->ports[port];
	double delay_us = t->opts->impair[port].delay_us;
	struct xd_schedule s = {
		.delay = (uint64_t)(delay_us * 1e-6 * t->gen->tsc_hz),
	};

	if (p->echoes)
		return s;
	if (xd_trial_keeps_times(t)) {
		const struct xd_frame_list *list = xd_capture_list(t->opts->capture);
		/* Round after round, with the mean gap in between. */
		double span_ns = (double)list->span_ns;

		s.list = list;
		s.cycles_per_ns = t->gen->tsc_hz * 1e-9;
		s.round = (uint64_t)((span_ns + (list->n > 1 ? span_ns / (list->n - 1) : 1e9)) *
				     s.cycles_per_ns);
		if (s.round == 0)
			s.round = 1;
	} else if (t->pps > 0) {
		s.interval = t->gen->tsc_hz / t->pps;
	}
	return s;
}

static int
make_lateness(struct xd_trial *t, struct xd_error *err)
{
	for (unsigned i = 0; i < xd_trial_lanes(t); i++) {
		if (!t->lateness[i])
			t->lateness[i] = xd_histogram_create();
		if (!t->lateness[i])
			return xd_fail(err, -ENOMEM, "no memory for a histogram");
		xd_histogram_reset(t->lateness[i]);
	}
	return 0;
}

static void
lay_lanes(struct xd_trial *t, const struct xd_trial_load *load, double seconds, uint64_t frames)
{
	struct xd_gen *gen = t->gen;
	unsigned lanes = xd_trial_lanes(t);

	memset(t->lanes, 0, sizeof(t->lanes));
	for (unsigned i = 0; i < lanes; i++) {
		t->lanes[i].gen = gen;
		t->lanes[i].core = gen->cores[i];
		t->lanes[i].cycles = (uint64_t)(seconds * gen->tsc_hz);
		t->lanes[i].lateness = t->lateness[i];
		/* Times from the plan need every frame of it. */
		t->lanes[i].send_only = t->opts->pattern == XD_PATTERN_SEND;
		t->lanes[i].skip = t->opts->every == 0 && !frames;
	}
	t->lanes[0].what = load->what;
	for (unsigned i = 0; i < t->nb_ports; i++) {
		struct xd_lane *lane = &t->lanes[i % lanes];

		lane->ports[lane->nb_ports++] = gen->ports[i];
		if (!t->ports[i].sends && !t->ports[i].echoes)
			continue;
		gen->ports[i]->stream.schedule = schedule_of(t, i);
		lane->senders[lane->nb_senders].port = gen->ports[i];
		lane->senders[lane->nb_senders++].limit = t->ports[i].echoes ? 0 : frames;
	}
}

static int
run_lanes(struct xd_trial *t, struct xd_error *err)
{
	int rc = xd_lanes_run(t->lanes, xd_trial_lanes(t), err);

	for (unsigned i = 0; i < xd_trial_lanes(t) && !rc; i++)
		if (t->lanes[i].cancelled)
			rc = xd_fail(err, -EINTR, "interrupted");
	return rc;
}

/* Sends back what has come; returns how many frames came or went, and in *waits whether some are
 * still to be taken. */
static unsigned
send_back_once(struct xd_trial *t, bool *waits)
{
	struct xd_gen_port *end = t->gen->ports[1];
	unsigned moved = 0;
	uint32_t there;

	for (unsigned i = 0; i < t->nb_ports; i++)
		moved += xd_gen_port_receive(t->gen->ports[i], XD_GEN_BURST);
	there = t->echo->tail - t->echo->head;
	end->stream.list->now = xd_tsc();
	if (there)
		moved += xd_gen_port_send(
			end, there < XD_GEN_BURST ? (uint16_t)there : XD_GEN_BURST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*waits = t->echo->tail != t->echo->head;
	for (unsigned i = 0; i < t->nb_ports; i++) {
		xd_gen_port_notify(t->gen->ports[i], true);
		*waits |= xd_gen_port_outstanding(t->gen->ports[i]) > 0;
	}
	return moved;
}

/* Until nothing has come for a while. Time alone does not say so: neither this thread nor the
 * switch may have run meanwhile. */
static void
send_back(struct xd_trial *t)
{
	uint64_t last = xd_clock_ns(), now = last;
	const uint64_t end = last + ENDLESS_NS;
	unsigned idle = 0; /* looks in a row that found nothing, nor anything that waits */
	bool waits;

	while (now < end && now - last < STUCK_NS && (idle < 2 || now - last < QUIET_NS)) {
		const unsigned moved = send_back_once(t, &waits);

		now = xd_clock_ns();
		idle = moved || waits ? 0 : idle + 1;
		if (moved)
			last = now;
	}
}

static int
warm_up(struct xd_trial *t, const struct xd_trial_load *load, struct xd_error *err)
{
	struct xd_trial_load warm = *load;
	int rc;

	if (load->warmup_s <= 0)
		return 0;
	warm.what = "warm-up";
	lay_lanes(t, &warm, load->warmup_s, 0);
	rc = run_lanes(t, err);
	if (t->echo && !rc)
		send_back(t);
	return rc ? rc : xd_gen_drain(t->gen, err);
}

/* Counts of flows from here on. */
static void
note_flows(struct xd_trial *t)
{
	for (unsigned i = 0; i < t->nb_ports; i++) {
		const struct xd_list_stream *list = t->gen->ports[i]->stream.list;

		if (t->ports[i].track)
			xd_track_reset(t->ports[i].track);
		if (!list || !t->flow_sent || !t->ports[i].sends)
			continue;
		memcpy(t->flow_sent + list->first_flow, list->flow_made,
			list->nb_flows * sizeof(*t->flow_sent));
	}
}

/* What the other end sent last comes, too. */
static int
meet(struct xd_trial *t, const struct xd_trial_load *load, enum xd_trial_stage stage,
	struct xd_error *err)
{
	int rc = load->meet ? load->meet(load->ctx, stage, err) : 0;

	return rc || !load->meet ? rc : xd_gen_drain(t->gen, err);
}

/* The measured time. The row is worth having even when this fails. */
static int
measure(struct xd_trial *t, const struct xd_trial_load *load, struct xd_row *row,
	struct xd_error *err)
{
	struct xd_surroundings before;
	int rc, drained = 0;

	note_flows(t);
	for (unsigned i = 0; i < xd_trial_lanes(t); i++)
		if (t->lateness[i])
			xd_histogram_reset(t->lateness[i]);
	rc = meet(t, load, XD_TRIAL_SETTLED, err);
	xd_gen_look_before(t->gen, &before);
	xd_trial_counts(t, t->before);
	if (!rc && load->meet)
		rc = load->meet(load->ctx, XD_TRIAL_COUNTED, err);
	if (rc)
		return rc;
	lay_lanes(t, load, load->time_s, load->frames);
	rc = run_lanes(t, err);
	xd_trial_counts(t, t->at_end);
	row->time_s = (double)t->lanes[0].elapsed_cycles / t->gen->tsc_hz;
	if (t->echo && rc != -EPIPE)
		send_back(t);
	if (rc != -EPIPE)
		drained = xd_gen_drain(t->gen, rc ? NULL : err);
	if (!rc && !drained)
		drained = meet(t, load, XD_TRIAL_SENT, err);
	if (row->time_s > 0)
		xd_gen_look_after(t->gen, &before, row);
	xd_trial_figures(t, row);
	if (!rc)
		rc = drained;
	row->partial = rc != 0;
	return rc;
}

int
xd_trial_run(struct xd_trial *t, const struct xd_trial_load *load, struct xd_row *row,
	struct xd_error *err)
{
	int rc = xd_trial_ready(t, err);

	memset(row, 0, sizeof(*row));
	t->pps = load->pps;
	if (!rc && (load->pps > 0 || xd_trial_keeps_times(t)))
		rc = make_lateness(t, err);
	if (!rc)
		rc = warm_up(t, load, err);
	return rc ? rc : measure(t, load, row, err);
}
