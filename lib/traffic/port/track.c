/* SPDX-License-Identifier: BSD-3-Clause */
/* Order, loss and times of each flow: a window of the last 64 frames tells late frames from
 * duplicates. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/port/track.h"

#define WINDOW    64    /* frames back that are remembered: the bits of `seen` */
#define COUNTDOWN 65536 /* bytes of the longest payload, tag included */

struct xd_track *
xd_track_create(const struct xd_track_opts *opts, struct xd_error *err)
{
	struct xd_track *t = calloc(1, sizeof(*t));

	if (t) {
		t->nb_flows = opts->nb_flows;
		t->every = opts->every;
		t->verify = opts->verify && opts->payload_at;
		t->payload_at = opts->payload_at;
		t->ns_per_cycle = 1e9 / opts->tsc_hz;
		t->flows = calloc(opts->nb_flows ? opts->nb_flows : 1, sizeof(*t->flows));
	}
	if (t && t->verify) {
		t->countdown = malloc(COUNTDOWN + 256);
		for (uint32_t i = 0; t->countdown && i < COUNTDOWN + 256; i++)
			t->countdown[i] = (uint8_t)-i;
	}
	if (t && opts->every) {
		t->actual = xd_histogram_create();
		t->planned = xd_histogram_create();
	}
	if (!t || !t->flows || (t->verify && !t->countdown) ||
		(opts->every && (!t->actual || !t->planned))) {
		xd_track_destroy(t);
		xd_fail(err, -ENOMEM, "no memory to track %u flows; give fewer --flows",
			opts->nb_flows);
		return NULL;
	}
	xd_track_reset(t);
	return t;
}

void
xd_track_destroy(struct xd_track *track)
{
	if (!track)
		return;
	xd_histogram_destroy(track->actual);
	xd_histogram_destroy(track->planned);
	free(track->flows);
	free(track->countdown);
	free(track);
}

void
xd_track_reset(struct xd_track *track)
{
	for (uint32_t i = 0; i < track->nb_flows; i++) {
		struct xd_track_flow *f = &track->flows[i];

		f->received = f->reordered = f->duplicated = 0;
	}
	track->wrong = track->strange = 0;
	track->jitter_cycles_16 = track->last_transit = 0;
	track->until_next = 1;
	if (!track->every)
		return;
	xd_histogram_reset(track->actual);
	xd_histogram_reset(track->planned);
}

void
xd_track_begin(struct xd_track *track)
{
	for (uint32_t i = 0; i < track->nb_flows; i++)
		track->flows[i].begun = false;
	xd_track_reset(track);
}

static void
follow(struct xd_track_flow *f, uint32_t seq)
{
	/* How far ahead of what was expected, in a circle of 24 bits. */
	int32_t ahead = (int32_t)((seq - f->next) << 8) >> 8;
	uint32_t back;

	if (!f->begun) {
		f->begun = true;
		ahead = 0;
		f->seen = 0;
	}
	if (ahead >= 0) {
		f->seen = ahead < WINDOW - 1 ? f->seen << (ahead + 1) | 1 : 1;
		f->next = (seq + 1) & XD_TAG_SEQ_MASK;
		f->received++;
		return;
	}
	back = (uint32_t)(-ahead - 1);
	if (back < WINDOW && f->seen >> back & 1) {
		f->duplicated++;
		return;
	}
	if (back < WINDOW)
		f->seen |= 1ull << back;
	f->received++;
	f->reordered++;
}

/* Whether the payload counts down to its end. */
static bool
intact(const struct xd_track *t, const uint8_t *frame, uint32_t len, uint32_t flow)
{
	uint32_t at = t->payload_at[flow];

	if (at == 0)
		return true;
	at += xd_tag_vlans(frame) * XD_TAG_VLAN_BYTES;
	if (at + XD_TAG_BYTES >= len)
		return true;
	if (len - at > COUNTDOWN)
		return false;
	return memcmp(frame + at, t->countdown + ((at - len) & 0xff), len - XD_TAG_BYTES - at) == 0;
}

static void
take_time(struct xd_track *t, const struct xd_tag *tag, uint64_t now)
{
	uint64_t planned = xd_tag_since(now, tag->planned_cycles);
	uint64_t actual = planned > tag->late_cycles ? planned - tag->late_cycles : 0;
	uint64_t change =
		actual > t->last_transit ? actual - t->last_transit : t->last_transit - actual;

	if (t->last_transit)
		t->jitter_cycles_16 += change - (t->jitter_cycles_16 + 8) / 16;
	t->last_transit = actual;
	if (--t->until_next)
		return;
	t->until_next = t->every;
	xd_histogram_record(t->actual, (uint64_t)((double)actual * t->ns_per_cycle + 0.5));
	xd_histogram_record(t->planned, (uint64_t)((double)planned * t->ns_per_cycle + 0.5));
}

bool
xd_track_frame(struct xd_track *track, const uint8_t *frame, uint32_t len, const struct xd_tag *tag,
	uint64_t now)
{
	if (tag->flow >= track->nb_flows) {
		track->strange++;
		return false;
	}
	if (track->verify && !intact(track, frame, len, tag->flow)) {
		track->wrong++;
		return false;
	}
	follow(&track->flows[tag->flow], tag->seq);
	if (track->every)
		take_time(track, tag, now);
	return true;
}

void
xd_track_sum(const struct xd_track *track, const uint64_t *sent, struct xd_track_sums *sums)
{
	for (uint32_t i = 0; i < track->nb_flows; i++) {
		const struct xd_track_flow *f = &track->flows[i];
		uint64_t lost = sent[i] > f->received ? sent[i] - f->received : 0;

		sums->received += f->received;
		sums->reordered += f->reordered;
		sums->duplicated += f->duplicated;
		sums->lost += lost;
		sums->flows_with_loss += lost > 0;
		if (lost > sums->worst_lost) {
			sums->worst_lost = lost;
			sums->worst_flow = i;
		}
	}
}
