/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream of a list's frames: made, and the slow parts of sending it: echoes, frames of a source,
 * and faults made on purpose. */
#include <stdlib.h>
#include <string.h>

#include "traffic/frames/list_stream.h"

#define LOST_AT_ONCE 4096 /* frames in a row at most: a loss of nearly all must end, too */

struct xd_echo *
xd_echo_create(uint32_t tags)
{
	struct xd_echo *echo = calloc(1, sizeof(*echo));

	if (!echo)
		return NULL;
	echo->mask = tags - 1;
	echo->tags = calloc(tags, sizeof(*echo->tags));
	if (!echo->tags) {
		free(echo);
		return NULL;
	}
	return echo;
}

void
xd_echo_destroy(struct xd_echo *echo)
{
	if (!echo)
		return;
	free(echo->tags);
	free(echo);
}

static void
find_flows(struct xd_list_stream *s)
{
	uint32_t first = UINT32_MAX, last = 0;

	for (uint32_t i = 0; i < s->list->n; i++) {
		uint32_t flow = s->list->frames[i].flow;

		first = flow < first ? flow : first;
		last = flow > last ? flow : last;
	}
	s->first_flow = first;
	s->nb_flows = last - first + 1;
}

struct xd_list_stream *
xd_list_stream_create(const struct xd_list_stream_opts *opts)
{
	struct xd_list_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->list = opts->list;
	s->source = opts->source;
	s->echo = opts->echo;
	if (s->source)
		return s;
	find_flows(s);
	s->flow_made = calloc(s->nb_flows, sizeof(*s->flow_made));
	s->echo_frame = calloc(s->nb_flows, sizeof(*s->echo_frame));
	if (!s->flow_made || !s->echo_frame) {
		xd_list_stream_destroy(s);
		return NULL;
	}
	for (uint32_t i = s->list->n; i-- > 0;)
		s->echo_frame[s->list->frames[i].flow - s->first_flow] = i;
	s->direct = !opts->impair || !xd_impair_any(opts->impair);
	if (!s->direct) {
		s->impair = *opts->impair;
		s->random = xd_impair_begin(opts->impair);
	}
	return s;
}

void
xd_list_stream_destroy(struct xd_list_stream *s)
{
	if (!s)
		return;
	free(s->flow_made);
	free(s->echo_frame);
	free(s);
}

void
xd_list_stream_begin(struct xd_list_stream *s)
{
	s->made = 0;
	s->at = 0;
	s->again = s->held = false;
	s->lost = s->duplicated = s->reordered = 0;
}

uint32_t
xd_list_stream_write_source(struct xd_list_stream *s, uint8_t *dst)
{
	struct virtio_net_hdr_v1 header = {.num_buffers = 0};
	uint32_t len = s->source->write(s->source->ctx, dst, s->room, &header);

	s->made++;
	if (s->headers)
		memcpy(dst - XD_SOURCE_HEADER, &header, sizeof(header));
	return len;
}

/* The next frame that is not lost. */
static void
take_kept(struct xd_list_stream *s, const struct xd_schedule *schedule, struct xd_list_next *next)
{
	xd_list_stream_take(s, schedule, next);
	for (unsigned i = 0; i < LOST_AT_ONCE && xd_impair_happens(&s->random, s->impair.loss);
		i++) {
		s->lost++;
		xd_list_stream_take(s, schedule, next);
	}
}

void
xd_list_stream_impair(
	struct xd_list_stream *s, const struct xd_schedule *schedule, struct xd_list_next *next)
{
	if (s->again) {
		s->again = false;
		*next = s->last;
		s->duplicated++;
		return;
	}
	if (s->held) {
		s->held = false;
		*next = s->hold;
	} else {
		take_kept(s, schedule, next);
		/* One that overtakes is not held back itself: of all frames it is to be the share.
		 */
		if (xd_impair_happens(&s->random, s->impair.reorder / (1 - s->impair.reorder))) {
			s->hold = *next;
			s->held = true;
			s->reordered++;
			take_kept(s, schedule, next);
		}
	}
	if (xd_impair_happens(&s->random, s->impair.dup)) {
		s->last = *next;
		s->again = true;
	}
}
