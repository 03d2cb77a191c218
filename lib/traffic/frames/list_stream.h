/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream whose frames are those of a list, in turn; each that is tagged is numbered within its
 * flow and says when it was planned and sent. Faults may be made on purpose (impair.h), and frames
 * may be sent back as they come (echo). Or they are an engine's own (source.h), and there is no
 * list.
 *
 * Made by control; used by the thread that sends, and by no other while it runs.
 */
#ifndef XD_TRAFFIC_FRAMES_LIST_STREAM_H
#define XD_TRAFFIC_FRAMES_LIST_STREAM_H

#include "traffic/frames/frame_list.h"
#include "traffic/frames/impair.h"
#include "traffic/frames/schedule.h"
#include "traffic/frames/source.h"
#include "traffic/frames/tag.h"
#include "traffic/frames/wide.h"

/* Tags that came, to be sent back. One thread. */
struct xd_echo {
	uint32_t head, tail, mask; /* head: next to be taken; free running */
	uint64_t overflows;        /* came with no room left */
	struct xd_tag *tags;
};

/* One frame that is to be sent. */
struct xd_list_next {
	uint32_t index; /* in the list */
	struct xd_tag tag;
};

struct xd_list_stream {
	const struct xd_frame_list *list; /* NULL: there is a source */
	const struct xd_source *source;
	uint32_t room;        /* bytes that a frame of the source may have */
	bool headers;         /* its virtio-net headers are sent, and lie before the frames */
	uint32_t at;          /* frame of the list that is next */
	uint64_t made;        /* frames, impaired ones included */
	uint64_t now;         /* time stamp counter, set before a burst */
	uint64_t *flow_made;  /* by flow: the same; also the next sequence number */
	struct xd_echo *echo; /* send what is in there, and nothing else; or NULL */
	uint32_t *echo_frame; /* by flow: frame of the list that stands for it */
	uint32_t first_flow, nb_flows; /* that the list has */
	/* Impairment. */
	bool direct; /* the list in turn: neither source nor impairment */
	struct xd_impair impair;
	uint64_t random;
	bool again, held; /* last is to be sent again; one is held back */
	struct xd_list_next last, hold;
	uint64_t lost, duplicated, reordered; /* on purpose */
};

struct xd_list_stream_opts {
	const struct xd_frame_list *list; /* kept by the caller; NULL: of the source */
	const struct xd_source *source;   /* the caller's; NULL: there is a list */
	const struct xd_impair *impair;   /* NULL: none */
	struct xd_echo *echo;             /* NULL: the list in turn */
};

/* NULL without memory. */
struct xd_list_stream *xd_list_stream_create(const struct xd_list_stream_opts *opts);
void xd_list_stream_destroy(struct xd_list_stream *s); /* NULL is fine */

/* Begins to count anew; sequence numbers go on. */
void xd_list_stream_begin(struct xd_list_stream *s);

struct xd_echo *xd_echo_create(uint32_t tags); /* a power of two */
void xd_echo_destroy(struct xd_echo *echo);    /* NULL is fine */

static inline void
xd_echo_put(struct xd_echo *echo, const struct xd_tag *tag)
{
	if (echo->tail - echo->head > echo->mask) {
		echo->overflows++;
		return;
	}
	echo->tags[echo->tail++ & echo->mask] = *tag;
}

/* Frames that were to be sent by now: those of the schedule that were lost on purpose count, those
 * sent twice do not. */
static inline uint64_t
xd_list_stream_offered(const struct xd_list_stream *s, uint64_t sent)
{
	return sent + s->lost - s->duplicated;
}

/* Frames that there are to be sent now, at most n, of what sends them as they come. */
static inline uint16_t
xd_list_stream_ready(const struct xd_list_stream *s, uint16_t n)
{
	uint32_t there;

	if (s->source)
		return s->source->ready(s->source->ctx, n);
	if (!s->echo)
		return n;
	there = s->echo->tail - s->echo->head;
	return there < n ? (uint16_t)there : n;
}

/* The next frame of the source, at dst. Returns its length. */
uint32_t xd_list_stream_write_source(struct xd_list_stream *s, uint8_t *dst);

/* Chooses the next frame with faults. */
void xd_list_stream_impair(
	struct xd_list_stream *s, const struct xd_schedule *schedule, struct xd_list_next *next);

/* The next frame of the list, in order. */
static inline void
xd_list_stream_take(
	struct xd_list_stream *s, const struct xd_schedule *schedule, struct xd_list_next *next)
{
	uint32_t flow = s->list->frames[s->at].flow;
	uint64_t planned = s->now;

	if (s->echo && s->echo->head != s->echo->tail) {
		next->tag = s->echo->tags[s->echo->head++ & s->echo->mask];
		flow = next->tag.flow - s->first_flow;
		next->index = flow < s->nb_flows ? s->echo_frame[flow] : 0;
		return;
	}
	next->index = s->at;
	s->at = s->at + 1 == s->list->n ? 0 : s->at + 1;
	if (xd_schedule_paced(schedule))
		planned = xd_schedule_planned(schedule, s->made);
	if ((int64_t)(s->now - planned) < 0) /* in the place of one that was lost on purpose */
		planned = s->now;
	s->made++;
	next->tag.flow = flow;
	next->tag.seq = (uint32_t)s->flow_made[flow - s->first_flow]++ & XD_TAG_SEQ_MASK;
	next->tag.planned_cycles = planned;
	next->tag.late_cycles = s->now - planned;
}

/* Writes the tag of a frame at dst, and the checksum that covers it. */
static inline void
xd_list_frame_tag(const struct xd_list_frame *f, uint8_t *dst, const struct xd_tag *tag)
{
	uint64_t sum = xd_tag_write(dst + f->len - XD_TAG_BYTES, tag);
	uint16_t word;

	if (!f->csum_at)
		return;
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	word = (uint16_t)sum;
	sum = (uint32_t)(f->tag_odd ? __builtin_bswap16(word) : word) + f->csum_base;
	sum = (sum & 0xffff) + (sum >> 16);
	word = (uint16_t)~sum;
	if (word == 0) /* for UDP it would say "none"; for the others it is as good */
		word = 0xffff;
	memcpy(dst + f->csum_at, &word, sizeof(word));
}

/* Writes the next frame at dst, which has room for whole lines, and returns its length. whole:
 * every byte of it; else the first line and the tag. */
static inline uint32_t
xd_list_stream_write(
	struct xd_list_stream *s, const struct xd_schedule *schedule, uint8_t *dst, bool whole)
{
	const struct xd_list_frame *f;
	struct xd_list_next next;

	if (__builtin_expect(s->direct, 1))
		xd_list_stream_take(s, schedule, &next);
	else if (s->source)
		return xd_list_stream_write_source(s, dst);
	else
		xd_list_stream_impair(s, schedule, &next);
	f = &s->list->frames[next.index];
	xd_lines_write(dst, xd_list_bytes(s->list, f), whole ? xd_lines(f->len) : 1);
	if (s->list->tagged)
		xd_list_frame_tag(f, dst, &next.tag);
	return f->len;
}

#endif
