/* SPDX-License-Identifier: BSD-3-Clause */
/* What streams send, and what becomes of what they get. */
#include <errno.h>

#include "traffic/engine/udp/talk.h"
#include "traffic/host/tsc.h"

/* ---- Streams that have something to send ---- */

static void
wake(struct xd_udp_talk *t, struct xd_udp_stream *s)
{
	const uint32_t i = (uint32_t)(s - t->streams.all);

	if (s->queued)
		return;
	s->queued = true;
	s->next_ready = XD_UDP_NO_STREAM;
	if (t->ready_tail == XD_UDP_NO_STREAM)
		t->ready_head = i;
	else
		t->streams.all[t->ready_tail].next_ready = i;
	t->ready_tail = i;
}

static struct xd_udp_stream *
next_ready(struct xd_udp_talk *t)
{
	struct xd_udp_stream *s;

	if (t->ready_head == XD_UDP_NO_STREAM)
		return NULL;
	s = &t->streams.all[t->ready_head];
	t->ready_head = s->next_ready;
	if (t->ready_head == XD_UDP_NO_STREAM)
		t->ready_tail = XD_UDP_NO_STREAM;
	s->queued = false;
	return s;
}

static double
ns_of(const struct xd_udp_talk *t, uint64_t tsc)
{
	return (double)tsc * t->ns_per_cycle;
}

/* ---- What is sent ---- */

/* Of the stream's bytes, as whoever asked or sends has them. */
static uint32_t
seed_of(uint16_t from_port, uint16_t to_port)
{
	return (uint32_t)from_port << 16 | to_port;
}

/* The stream's next message: false, there is none now. */
static bool
begin_message(struct xd_udp_talk *t, struct xd_udp_stream *s)
{
	if (t->stopped)
		return false;
	if (t->opts.role == XD_UDP_ASKS) {
		if (s->waits)
			return false;
		s->waits = true;
		s->sent_at = xd_tsc();
		s->deadline = s->sent_at + (uint64_t)(t->opts.wait_s * t->opts.tsc_hz);
		if (!xd_timer_is_armed(&s->timer))
			xd_timer_arm(
				t->opts.timers, &s->timer, (s->deadline >> t->opts.tick_shift) + 1);
	} else if (t->opts.role != XD_UDP_SENDS) {
		return false;
	}
	s->last = s->number + t->parts.n;
	return true;
}

static void
fill(struct xd_udp_talk *t, struct xd_udp_stream *s, struct xd_udp_sending *d)
{
	const struct xd_udp_parts *p = &t->parts;
	const bool answers = t->opts.role == XD_UDP_ANSWERS;
	const uint32_t seed =
		answers ? seed_of(s->peer_port, s->own_port) : seed_of(s->own_port, s->peer_port);
	const bool once = t->opts.role == XD_UDP_SENDS && !xd_udp_parts_marked(p);
	const uint64_t offset = once ? 0 : xd_udp_part_offset(p, s->number);

	d->route = s->route;
	d->from_port = s->own_port;
	d->to_port = s->peer_port;
	d->len = xd_udp_part_bytes(p, s->number);
	d->head_len = 0;
	if (xd_udp_parts_marked(p)) {
		d->head_len = XD_UDP_MARK;
		xd_udp_mark_write(d->head, s->number, (uint64_t)ns_of(t, xd_tsc()));
	} else if (answers) {
		d->head_len = d->len;
		memcpy(d->head, s->mark, d->len);
	}
	d->rest = xd_message_pattern_at(t->opts.pattern, seed, offset + d->head_len);
}

static bool
next(void *ctx, struct xd_udp_sending *d)
{
	struct xd_udp_talk *t = ctx;
	struct xd_udp_stream *s;

	while ((s = next_ready(t))) {
		if (s->number == s->last && !begin_message(t, s))
			continue;
		fill(t, s, d);
		s->number++;
		t->counts.sent += s->number == s->last;
		if (s->number < s->last || t->opts.role == XD_UDP_SENDS)
			wake(t, s);
		return true;
	}
	return false;
}

/* ---- What comes ---- */

static void
verify(struct xd_udp_talk *t, const struct xd_udp_datagram *d, uint32_t seed, uint64_t number)
{
	const uint32_t mark = xd_udp_parts_marked(&t->parts) ? XD_UDP_MARK : 0;
	const uint64_t offset = mark ? xd_udp_part_offset(&t->parts, number) + mark : 0;

	if (t->opts.verify)
		t->counts.wrong_bytes += xd_message_pattern_differ(
			t->opts.pattern, seed, offset, d->payload + mark, d->len - mark);
}

/* Whether a datagram, of that mark, is a new one; counts it when it is not. */
static bool
is_new(struct xd_udp_talk *t, struct xd_udp_stream *s, uint64_t number)
{
	const enum xd_udp_arrival arrival = xd_udp_order_take(&s->order, number);

	t->counts.reordered += arrival == XD_UDP_LATE;
	t->counts.duplicated += arrival == XD_UDP_AGAIN;
	return arrival != XD_UDP_AGAIN;
}

static void
take_message(struct xd_udp_talk *t, struct xd_udp_stream *s, const struct xd_udp_datagram *d,
	const uint8_t *mark)
{
	const uint64_t number = xd_udp_parts_marked(&t->parts) ? xd_udp_mark_number(mark) : 0;

	verify(t, d, seed_of(d->from_port, d->to_port), number);
	if (!xd_udp_parts_marked(&t->parts)) {
		t->counts.received++;
		return;
	}
	xd_udp_stream_jitter(s, (double)xd_udp_mark_ns(mark), ns_of(t, d->now));
	if (is_new(t, s, number))
		t->counts.received += xd_udp_stream_complete(s, &t->parts, number);
}

/* Answers go back when all of a request has come; what was still to be sent of the one before is
 * not waited for any more. */
static void
take_request(struct xd_udp_talk *t, struct xd_udp_stream *s, const struct xd_udp_datagram *d,
	const uint8_t *mark)
{
	const bool marked = xd_udp_parts_marked(&t->parts);
	const uint64_t number = marked ? xd_udp_mark_number(mark) : s->number;

	if (marked) {
		verify(t, d, seed_of(d->from_port, d->to_port), number);
		if (!is_new(t, s, number) || !xd_udp_stream_complete(s, &t->parts, number))
			return;
	}
	t->counts.received++;
	memcpy(s->mark, mark, d->len < XD_UDP_MARK ? d->len : XD_UDP_MARK);
	s->number = number - number % t->parts.n;
	s->last = s->number + t->parts.n;
	wake(t, s);
}

static void
take_answer(struct xd_udp_talk *t, struct xd_udp_stream *s, const struct xd_udp_datagram *d,
	const uint8_t *mark)
{
	const uint64_t now = xd_tsc(), asked = s->last - t->parts.n;
	const uint32_t seed = seed_of(s->own_port, s->peer_port);
	const bool marked = xd_udp_parts_marked(&t->parts);
	const uint64_t number = marked ? xd_udp_mark_number(mark) : asked;
	bool is_its = s->waits && number >= asked && number < s->last;

	if (!marked && is_its) /* its bytes say which it is of */
		is_its = !memcmp(mark,
			xd_message_pattern_at(
				t->opts.pattern, seed, xd_udp_part_offset(&t->parts, number)),
			d->len);
	if (!is_its) {
		t->counts.late++;
		return;
	}
	if (marked) {
		verify(t, d, seed, number);
		if (!is_new(t, s, number) || !xd_udp_stream_complete(s, &t->parts, number))
			return;
	}
	s->waits = false;
	t->counts.received++;
	xd_histogram_record(t->answers, (uint64_t)(ns_of(t, now - s->sent_at) + 0.5));
	wake(t, s);
}

static struct xd_udp_stream *
stream_of(struct xd_udp_talk *t, const struct xd_udp_datagram *d)
{
	struct xd_udp_stream *s = xd_udp_streams_find(&t->streams, d);
	struct xd_ip_route back;

	if (s || !t->opts.listens || d->to_port != t->opts.port)
		return s;
	xd_udp_host_way_back(t->opts.host, d, &back);
	return xd_udp_streams_add(&t->streams, &back, d->to_port, d->from_port);
}

static void
take(void *ctx, const struct xd_udp_datagram *d)
{
	struct xd_udp_talk *t = ctx;
	struct xd_udp_stream *s = stream_of(t, d);
	uint8_t mark[XD_UDP_MARK] = {0};
	uint64_t number = 0;

	memcpy(mark, d->payload, d->len < XD_UDP_MARK ? d->len : XD_UDP_MARK);
	if (xd_udp_parts_marked(&t->parts))
		number = xd_udp_mark_number(mark);
	if (!s || d->len != xd_udp_part_bytes(&t->parts, number)) {
		t->counts.strange++;
		return;
	}
	switch (t->opts.role) {
	case XD_UDP_ASKS:
		take_answer(t, s, d, mark);
		break;
	case XD_UDP_ANSWERS:
		take_request(t, s, d, mark);
		break;
	case XD_UDP_TAKES:
	case XD_UDP_SENDS:
		take_message(t, s, d, mark);
		break;
	}
}

/* ---- Answers that do not come ---- */

static void
on_timer(struct xd_timer *timer, void *ctx)
{
	struct xd_udp_stream *s = (struct xd_udp_stream *)timer;
	struct xd_udp_talk *t = s->ctx;

	(void)ctx;
	if (!s->waits)
		return;
	if (xd_tsc() < s->deadline) { /* it was for a request before this one */
		xd_timer_arm(t->opts.timers, timer, (s->deadline >> t->opts.tick_shift) + 1);
		return;
	}
	s->waits = false;
	s->number = s->last; /* what was not sent yet is not sent any more */
	t->counts.lost += s->sent_at >= t->begun_at;
	wake(t, s);
}

/* ---- Begin and end ---- */

int
xd_udp_talk_init(struct xd_udp_talk *t, const struct xd_udp_talk_opts *opts, struct xd_error *err)
{
	*t = (struct xd_udp_talk){
		.opts = *opts,
		.app = {take, next, t},
		.parts = xd_udp_parts_of(opts->message_bytes, opts->longest),
		.ready_head = XD_UDP_NO_STREAM,
		.ready_tail = XD_UDP_NO_STREAM,
		.ns_per_cycle = 1e9 / opts->tsc_hz,
	};
	if (opts->role == XD_UDP_ASKS && !(t->answers = xd_histogram_create()))
		return xd_fail(err, -ENOMEM, "no memory for a histogram");
	return xd_udp_streams_init(&t->streams, opts->streams, err);
}

void
xd_udp_talk_fini(struct xd_udp_talk *t)
{
	for (uint32_t i = 0; i < t->streams.n; i++)
		xd_timer_cancel(&t->streams.all[i].timer);
	xd_udp_streams_fini(&t->streams);
	xd_histogram_destroy(t->answers);
	t->answers = NULL;
}

int
xd_udp_talk_open(struct xd_udp_talk *t, const struct xd_ip_route *route, uint16_t own_port,
	uint16_t peer_port)
{
	struct xd_udp_stream *s = xd_udp_streams_add(&t->streams, route, own_port, peer_port);

	if (!s)
		return -ENOBUFS;
	s->ctx = t;
	s->timer.run = on_timer;
	wake(t, s);
	return 0;
}

void
xd_udp_talk_stop(struct xd_udp_talk *t, bool stop)
{
	t->stopped = stop;
	for (uint32_t i = 0; i < t->streams.n && !stop; i++)
		wake(t, &t->streams.all[i]);
}

void
xd_udp_talk_reset(struct xd_udp_talk *t)
{
	t->counts = (struct xd_udp_talk_counts){0};
	t->begun_at = xd_tsc();
}

void
xd_udp_talk_begin(struct xd_udp_talk *t)
{
	if (t->answers)
		xd_histogram_reset(t->answers);
	for (uint32_t i = 0; i < t->streams.n; i++) {
		t->streams.all[i].has_transit = false;
		t->streams.all[i].jitter_ns = 0;
	}
}

double
xd_udp_talk_jitter_ns(const struct xd_udp_talk *t)
{
	double sum = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->streams.n; i++) {
		sum += t->streams.all[i].jitter_ns;
		n += t->streams.all[i].has_transit;
	}
	return n ? sum / n : -1;
}
