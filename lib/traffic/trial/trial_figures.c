/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of a trial: from counters before and after it, trackers and histograms to rates, loss,
 * times, pacing, and what the bottleneck was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/frames/capture.h"
#include "traffic/frames/template.h"
#include "traffic/trial/trial_parts.h"

#define L1_EXTRA     24    /* bytes: preamble 8, FCS 4, gap 12 */
#define WAITING_MUCH 0.10  /* of the generator's time: the switch is what was measured */
#define REACHED      0.995 /* of the rate asked for */
#define BUSY         0.95  /* of a worker's time: it has none left */
#define LOST_MUCH    0.01  /* of the frames */
#define LATE_MUCH    0.05  /* of the frames: then even P95 is about the generator */
#define MISSED_MUCH  0.001 /* of the frames: then less was offered than was asked */
#define SOON_NS      500

void
xd_trial_counts(const struct xd_trial *t, struct xd_port_figures *figures)
{
	for (unsigned i = 0; i < t->nb_ports; i++) {
		figures[i].sent_frames = t->gen->ports[i]->sent;
		figures[i].received_frames = t->gen->ports[i]->received.frames;
		figures[i].foreign_frames = t->gen->ports[i]->received.foreign;
	}
}

/* Figures per port: within the time for rates, and with what came after it for counts. */
static void
fill_ports(const struct xd_trial *t, struct xd_rate_figures *f)
{
	struct xd_port_figures now[XD_GEN_PORTS_MAX];

	xd_trial_counts(t, now);
	f->nb_ports = t->nb_ports;
	for (unsigned i = 0; i < f->nb_ports; i++) {
		const struct xd_lane *lane = &t->lanes[i % xd_trial_lanes(t)];
		double s = (double)lane->elapsed_cycles / t->gen->tsc_hz;
		struct xd_port_figures *p = &f->ports[i];

		p->sent_frames = now[i].sent_frames - t->before[i].sent_frames;
		p->received_frames = now[i].received_frames - t->before[i].received_frames;
		p->foreign_frames = now[i].foreign_frames - t->before[i].foreign_frames;
		if (s <= 0)
			continue;
		p->sent_pps = (double)(t->at_end[i].sent_frames - t->before[i].sent_frames) / s;
		p->received_pps =
			(double)(t->at_end[i].received_frames - t->before[i].received_frames) / s;
	}
}

/* Whether frames of a flow that `from` sends end at `at`. */
static bool
ends_at(const struct xd_trial *t, unsigned from, uint32_t flow, unsigned at)
{
	const struct xd_trial_port *p = &t->ports[from];

	if (t->opts->pattern == XD_PATTERN_BROADCAST)
		return at != from;
	if (t->opts->echo)
		return at == from;
	return p->to[(flow - p->first_flow) % p->nb_to] == at;
}

/* Frames of each flow that were to come to `at`. */
static void
count_sent(const struct xd_trial *t, unsigned at, uint64_t *sent)
{
	memset(sent, 0, t->nb_flows * sizeof(*sent));
	for (unsigned i = 0; i < t->nb_ports; i++) {
		const struct xd_list_stream *list = t->gen->ports[i]->stream.list;

		for (uint32_t f = 0; t->ports[i].sends && f < list->nb_flows; f++) {
			uint32_t flow = list->first_flow + f;

			if (ends_at(t, i, flow, at))
				sent[flow] = list->flow_made[f] - t->flow_sent[flow];
		}
		/* A frame that was to be sent behind the next one (reorder) has its number; when
		 * the trial ends before there is a next one, it is never sent. */
		if (t->ports[i].sends && list->held && ends_at(t, i, list->hold.tag.flow, at))
			sent[list->hold.tag.flow]--;
	}
}

static void
fill_flows(const struct xd_trial *t, struct xd_row *row)
{
	struct xd_flow_figures *f = &row->flow_figures;
	uint64_t *sent = calloc(t->nb_flows, sizeof(*sent));
	struct xd_track_sums sums = {0};

	for (unsigned i = 0; i < t->nb_ports && sent; i++) {
		const struct xd_track *track = t->ports[i].track;
		const struct xd_list_stream *list = t->gen->ports[i]->stream.list;

		count_sent(t, i, sent);
		xd_track_sum(track, sent, &sums);
		f->wrong_payload += track->wrong;
		if (!list)
			continue;
		f->impaired_lost += list->lost;
		f->impaired_dup += list->duplicated;
		f->impaired_reordered += list->reordered;
	}
	free(sent);
	row->tracked = true;
	f->flows = t->nb_flows;
	f->checked = t->opts->verify;
	f->lost = sums.lost;
	f->reordered = sums.reordered;
	f->duplicated = sums.duplicated;
	f->flows_with_loss = sums.flows_with_loss;
	f->worst_flow = sums.worst_flow;
	f->worst_lost = sums.worst_lost;
}

static void
fill_times(const struct xd_trial *t, struct xd_row *row)
{
	struct xd_histogram *actual = xd_histogram_create(), *planned = xd_histogram_create();
	struct xd_latency_figures *f = &row->latency;
	double jitter = 0;
	unsigned receivers = 0;

	for (unsigned i = 0; i < t->nb_ports && actual && planned; i++) {
		const struct xd_track *track = t->ports[i].track;

		if (xd_histogram_count(track->actual) == 0)
			continue;
		xd_histogram_merge(actual, track->actual);
		xd_histogram_merge(planned, track->planned);
		jitter += (double)track->jitter_cycles_16 / 16 * track->ns_per_cycle;
		receivers++;
	}
	row->timed = true;
	f->way = t->opts->echo || t->opts->pattern == XD_PATTERN_REFLECT ? XD_TIMES_ROUND_TRIP
									 : XD_TIMES_ONE_WAY;
	if (actual && planned && receivers) {
		xd_times_of(&f->actual, actual);
		if (row->paced)
			xd_times_of(&f->planned, planned);
		f->count = f->actual.count;
		if (f->way == XD_TIMES_ROUND_TRIP)
			f->half_mean_ns = f->actual.mean_ns / 2;
		else
			f->rfc3550_jitter_ns = jitter / receivers;
		f->jitter = f->actual.p50_ns > 0 ? f->actual.p99_ns / f->actual.p50_ns : 0;
	}
	xd_histogram_destroy(actual);
	xd_histogram_destroy(planned);
}

static void
fill_pacing(const struct xd_trial *t, struct xd_row *row)
{
	struct xd_pacing_figures *f = &row->pacing;
	uint64_t sent = 0, very_late = 0;
	double planned, late;
	struct xd_histogram *all = xd_histogram_create();

	for (unsigned i = 0; i < xd_trial_lanes(t); i++) {
		const struct xd_lane *lane = &t->lanes[i];

		if (all && t->lateness[i])
			xd_histogram_merge(all, t->lateness[i]);
		for (unsigned k = 0; k < lane->nb_senders; k++) {
			const struct xd_lane_sender *s = &lane->senders[k];

			sent += s->sent;
			f->late_frames += s->late;
			f->blocked_frames += s->blocked;
			very_late += s->very_late;
			f->skipped_frames += s->skipped;
			f->missed_frames += s->missed;
			if (s->max_burst > f->max_burst)
				f->max_burst = s->max_burst;
		}
	}
	row->paced = true;
	planned = (double)(sent + f->skipped_frames + f->missed_frames);
	late = (double)(f->late_frames + f->missed_frames);
	f->sound_percentile = planned > 0 ? 100 * (1 - late / planned) : 100;
	if (all) {
		xd_times_of(&f->lateness, all);
		f->within_500ns = xd_histogram_share(all, SOON_NS);
	}
	xd_histogram_destroy(all);
	/* To a rate it does not matter that frames were a little late. */
	if (!t->opts->every)
		late = (double)(very_late + f->missed_frames);
	if (late <= LATE_MUCH * planned && (double)f->missed_frames <= MISSED_MUCH * planned)
		return;
	row->is_void = true;
	snprintf(row->void_reason, sizeof(row->void_reason),
		"the generator fell behind its schedule: %.0f of %.0f frames were more than %s "
		"late; give it a core of its own, or a lower --rate",
		late, planned, t->opts->every ? "10 us" : "1 ms");
}

static double
waiting_share(const struct xd_lane *lane)
{
	return lane->elapsed_cycles ? (double)lane->waiting_cycles / (double)lane->elapsed_cycles
				    : 0;
}

static enum xd_bottleneck
of_the_switch(const struct xd_row *row, enum xd_bottleneck seen)
{
	return row->dut.known && row->dut.busy_share >= BUSY ? XD_BOTTLENECK_SWITCH_CORE : seen;
}

/* What this end alone knows of it. */
static enum xd_bottleneck
half_bottleneck(const struct xd_trial *t, const struct xd_row *row)
{
	double full = 0;

	for (unsigned i = 0; i < xd_trial_lanes(t); i++)
		full += (double)t->lanes[i].full_cycles;
	if (row->rate.waiting_share <= WAITING_MUCH)
		return XD_BOTTLENECK_GENERATOR;
	return of_the_switch(row, full > 0 ? XD_BOTTLENECK_RING_FULL : XD_BOTTLENECK_RING_EMPTY);
}

static enum xd_bottleneck
bottleneck(const struct xd_trial *t, const struct xd_row *row)
{
	const struct xd_rate_figures *f = &row->rate;
	unsigned lanes = xd_trial_lanes(t);
	double sender = 1, receiver = 1, full = 0;

	if (t->opts->half)
		return half_bottleneck(t, row);
	if (f->asked_pps > 0 && f->sent_pps >= REACHED * f->asked_pps * xd_trial_senders(t) &&
		(double)f->lost_frames <= LOST_MUCH * (double)f->sent_frames)
		return XD_BOTTLENECK_ASKED;
	for (unsigned i = 0; i < lanes; i++) {
		const struct xd_lane *lane = &t->lanes[i];
		double share = waiting_share(lane);

		if (lane->nb_senders) {
			sender = fmin(sender, share);
			full = fmax(full, (double)lane->full_cycles);
		}
		if (lane->nb_ports > lane->nb_senders)
			receiver = fmin(receiver, share);
	}
	if (sender > WAITING_MUCH && full > 0)
		return of_the_switch(row, XD_BOTTLENECK_RING_FULL);
	/* Whoever sends more than arrives is not what holds it up. */
	if ((double)f->lost_frames > LOST_MUCH * (double)f->sent_frames && receiver > WAITING_MUCH)
		return of_the_switch(row, XD_BOTTLENECK_RING_EMPTY);
	if (lanes == 1)
		return XD_BOTTLENECK_GENERATOR;
	return receiver < sender ? XD_BOTTLENECK_GENERATOR_RECEIVE : XD_BOTTLENECK_GENERATOR_SEND;
}

/* Of each sender; a capture at its own times has a mean. */
static double
asked_pps(const struct xd_trial *t)
{
	const struct xd_schedule *s = &t->gen->ports[0]->stream.schedule;

	if (t->pps > 0 || !s->list)
		return t->pps;
	return s->list->n / ((double)s->round / t->gen->tsc_hz);
}

/* What its frames came to, of the flows' own counts where there are some. */
static void
fill_rate(const struct xd_trial *t, struct xd_row *row)
{
	struct xd_rate_figures *f = &row->rate;
	double bytes = t->mean_bytes;
	uint64_t expected;

	fill_ports(t, f);
	f->asked_pps = asked_pps(t);
	f->waiting_share = 1;
	for (unsigned i = 0; i < f->nb_ports; i++) {
		if (t->ports[i].sends) {
			f->sent_frames += f->ports[i].sent_frames;
			f->sent_pps += f->ports[i].sent_pps;
		}
		if (!t->ports[i].echoes) {
			f->received_frames += f->ports[i].received_frames;
			f->pps += f->ports[i].received_pps;
		}
	}
	for (unsigned i = 0; i < xd_trial_lanes(t); i++)
		f->waiting_share = fmin(f->waiting_share, waiting_share(&t->lanes[i]));
	expected = f->sent_frames;
	if (t->opts->pattern == XD_PATTERN_BROADCAST)
		expected *= f->nb_ports - 1;
	if (t->opts->pattern == XD_PATTERN_SEND)
		expected = 0;
	f->lost_frames = (int64_t)(expected - f->received_frames);
	if (row->tracked)
		f->lost_frames = (int64_t)row->flow_figures.lost;
	f->l2_bps = f->pps * 8 * bytes;
	f->l1_bps = f->pps * 8 * (bytes + L1_EXTRA);
	f->learned_frames = t->learned.frames;
	f->learn_lost_frames = t->learned.lost;
	f->bottleneck = bottleneck(t, row);
}

void
xd_trial_describe(const struct xd_trial *t, struct xd_row *row)
{
	const struct xd_traffic_opts *o = t->opts;

	row->size = t->size;
	if (o->capture)
		snprintf(row->capture, sizeof(row->capture), "%s", xd_capture_path(o->capture));
	else if (t->mix->n > 1)
		snprintf(row->mix, sizeof(row->mix), "%s", t->mix->name);
	if (o->template)
		snprintf(row->template_text, sizeof(row->template_text), "%s",
			xd_template_text(o->template));
	row->flows = o->flows;
	row->flow_kind = o->flow_kind;
	row->direction = o->pattern == XD_PATTERN_PAIRS ? o->direction : XD_DIRECTION_ONE;
	row->pattern = o->pattern;
	row->touch = o->touch;
	for (unsigned i = 0; i < t->nb_ports; i++)
		xd_rings_add(&row->rings, t->gen->ports[i]);
}

void
xd_trial_figures(const struct xd_trial *t, struct xd_row *row)
{
	xd_trial_describe(t, row);
	if (t->pps > 0 || xd_trial_keeps_times(t))
		fill_pacing(t, row);
	if (t->flow_sent && t->opts->pattern != XD_PATTERN_SEND)
		fill_flows(t, row);
	if (t->flow_sent && t->opts->every)
		fill_times(t, row);
	fill_rate(t, row);
}
