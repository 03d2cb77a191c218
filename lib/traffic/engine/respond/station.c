/* SPDX-License-Identifier: BSD-3-Clause */
/* A station as a port's sink and source (port/receive.h, frames/source.h): answers are written into
 * a queue as questions come, and sent from it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/respond/station.h"

#define QUEUE         256 /* frames, a power of two */
#define ANNOUNCEMENTS 2   /* of each address: RFC 5227, section 1.1 */

/* Where the next answer is made; NULL: the queue is full. */
static uint8_t *
slot_of(struct xd_respond_station *s, uint16_t at)
{
	return s->frames + (size_t)(at & (QUEUE - 1)) * s->stride;
}

static void
push(struct xd_respond_station *s, uint32_t len)
{
	s->lens[s->tail++ & (QUEUE - 1)] = len;
}

static void
count(struct xd_respond_figures *f, enum xd_respond_kind kind)
{
	uint64_t *const figures[XD_RESPOND_KINDS] = {
		[XD_RESPOND_WRONG] = &f->wrong,
		[XD_RESPOND_ARP] = &f->arp,
		[XD_RESPOND_NEIGHBOUR] = &f->neighbour,
		[XD_RESPOND_ECHO] = &f->echo,
		[XD_RESPOND_ECHO6] = &f->echo6,
	};

	if (figures[kind])
		++*figures[kind];
}

/* It is looked at and answered in a copy: the peer can change what is in the ring. */
static void
take(void *ctx, const struct xd_arrival *frame)
{
	const uint8_t summed = VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID;
	struct xd_respond_station *s = ctx;
	uint32_t len = frame->len;
	enum xd_respond_kind kind;

	if (s->wants && !s->found)
		s->found = xd_respond_is_answer(&s->wanted, frame->data, len, s->wanted_mac);
	if (xd_respond_station_waiting(s) == QUEUE || len > s->room) {
		s->figures.not_sent++;
		return;
	}
	memcpy(slot_of(s, s->tail), frame->data, len);
	kind = xd_respond_answer(&s->host, slot_of(s, s->tail), &len, frame->header.flags & summed);
	count(&s->figures, kind);
	if (kind != XD_RESPOND_NOT_OURS && kind != XD_RESPOND_WRONG)
		push(s, len);
}

static uint16_t
ready(void *ctx, uint16_t n)
{
	uint16_t there = xd_respond_station_waiting(ctx);

	return there < n ? there : n;
}

static uint32_t
write_next(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct xd_respond_station *s = ctx;
	uint32_t len = s->lens[s->head & (QUEUE - 1)];

	(void)room; /* it is the queue's, or more */
	(void)header;
	memcpy(data, slot_of(s, s->head++), len);
	return len;
}

static void
announce(struct xd_timer *timer, void *ctx)
{
	struct xd_respond_announcement *a = (struct xd_respond_announcement *)timer;
	struct xd_respond_station *s = a->station;

	if (xd_respond_station_waiting(s) < QUEUE)
		push(s, xd_respond_announce(&s->host, a->address, slot_of(s, s->tail)));
	if (--a->left)
		xd_timer_arm(ctx, timer, timer->due + s->interval);
}

void
xd_respond_station_send(struct xd_respond_station *s, const uint8_t *frame, uint32_t len)
{
	if (xd_respond_station_waiting(s) == QUEUE)
		return;
	memcpy(slot_of(s, s->tail), frame, len);
	push(s, len);
}

void
xd_respond_station_ask(struct xd_respond_station *s, const struct xd_respond_target *target)
{
	uint8_t frame[XD_RESPOND_ROOM];

	s->wanted = *target;
	s->wants = true;
	xd_respond_station_send(s, frame, xd_respond_ask(&s->host, target, frame));
}

void
xd_respond_station_announce(
	struct xd_respond_station *s, struct xd_timers *timers, uint64_t interval)
{
	s->interval = interval;
	for (unsigned i = 0; i < xd_respond_host_addresses(&s->host); i++) {
		s->announcements[i] = (struct xd_respond_announcement){
			.timer.run = announce,
			.station = s,
			.address = i,
			.left = ANNOUNCEMENTS,
		};
		xd_timer_arm(timers, &s->announcements[i].timer, timers->now);
	}
}

int
xd_respond_station_init(struct xd_respond_station *s, uint32_t room, struct xd_error *err)
{
	s->room = room;
	s->stride = room > XD_RESPOND_ROOM ? room : XD_RESPOND_ROOM;
	s->source = (struct xd_source){ready, write_next, s};
	s->sink = (struct xd_sink){.take = take, .ctx = s};
	s->lens = calloc(QUEUE, sizeof(*s->lens));
	s->frames = calloc(QUEUE, s->stride);
	if (s->lens && s->frames)
		return 0;
	xd_respond_station_fini(s);
	return xd_fail(err, -ENOMEM, "no memory for answers");
}

void
xd_respond_station_fini(struct xd_respond_station *s)
{
	free(s->lens);
	free(s->frames);
	s->lens = NULL;
	s->frames = NULL;
}
