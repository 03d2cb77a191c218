/* SPDX-License-Identifier: BSD-3-Clause */
/* The ping engine: one lane with the port, which finds the host and then pings it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/ping/caller.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/lane.h"

#define HOST_NUMBER 0x80 /* of our MAC address: none of engine respond's */
#define PEER_NUMBER 0x81 /* of the host behind a second port */
#define TICK        10   /* a tick is 2^10 cycles: some 0.4 us */
#define ASK_TIMES   3    /* RFC 4861, section 10: MAX_MULTICAST_SOLICIT, RETRANS_TIMER */
#define ASK_EVERY_S 1
#define ANNOUNCE_S  2
#define SLICE_S     0.02 /* between looks at whether all that was waited for has come */

static bool
has_any(const struct xd_row *row)
{
	struct xd_ping_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f.received > 0;
}

static bool
has_two(const struct xd_row *row)
{
	struct xd_ping_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f.received > 1;
}

/* The heads are those of mtr's report. */
#define FIGURE(name, what, ...)                                                                    \
	{                                                                                          \
		.key = #name, .kind = (what),                                                      \
		.offset = offsetof(struct xd_row, own) + offsetof(struct xd_ping_figures, name),   \
		__VA_ARGS__                                                                        \
	}
#define COUNT(name, title) FIGURE(name, XD_FIGURE_COUNT, .head = (title), .unit = "frames")
#define TIME(name, title, condition)                                                               \
	FIGURE(name, XD_FIGURE_REAL, .head = (title), .unit = "us", .scale = 1000,                 \
		.has = (condition))

static const struct xd_figure figures[] = {
	FIGURE(loss_ratio, XD_FIGURE_REAL, .head = "Loss", .unit = "%", .scale = 0.01),
	COUNT(sent, "Snt"),
	FIGURE(received, XD_FIGURE_COUNT, .head = NULL),
	FIGURE(lost, XD_FIGURE_COUNT, .head = NULL),
	TIME(last_ns, "Last", has_any),
	TIME(mean_ns, "Avg", has_any),
	TIME(best_ns, "Best", has_any),
	TIME(worst_ns, "Wrst", has_any),
	TIME(stdev_ns, "StDev", has_two),
	TIME(jitter_mean_ns, "Javg", has_two),
	TIME(jitter_max_ns, "Jmax", has_two),
	COUNT(late, "late"),
	COUNT(duplicated, "DUP"),
	COUNT(wrong, "wrong"),
	{.key = NULL},
};

const struct xd_engine xd_ping_engine = {
	.name = "ping",
	.section = "ping",
	.figures = figures,
};

_Static_assert(sizeof(struct xd_ping_figures) <= sizeof(((struct xd_row *)0)->own),
	"the figures do not fit a row");

struct pinger {
	struct xd_gen *gen;
	struct xd_gen_port *port, *second; /* second: NULL, there is none */
	struct xd_respond_station peer;    /* the host behind it; of a far end, behind port */
	const struct xd_ping_opts *opts;
	struct xd_timers timers;
	struct xd_lane lane;
	struct xd_ping_caller caller;
};

/* Whether it is pinged by another process. */
static bool
is_far(const struct pinger *p)
{
	return p->opts->link && p->opts->link->far;
}

/* -EINTR when it is told to stop. */
static int
run_for(struct pinger *p, double seconds, const char *what, struct xd_error *err)
{
	const struct xd_message_link *link = p->opts->link;
	int rc;

	if (link)
		link->look(link->ctx);
	p->lane = (struct xd_lane){
		.gen = p->gen,
		.core = p->gen->cores[0],
		.nb_ports = p->gen->nb_ports,
		.nb_senders = p->gen->nb_ports,
		.ports = {p->port, p->second},
		.senders = {{.port = p->port}, {.port = p->second}},
		.cycles = (uint64_t)(seconds * p->gen->tsc_hz),
		.timers = &p->timers,
		.tick_shift = TICK,
		.what = what,
	};
	rc = xd_lanes_run(&p->lane, 1, err);
	return !rc && p->lane.cancelled ? xd_fail(err, -EINTR, "interrupted") : rc;
}

static int
run_slice(void *ctx, double seconds, struct xd_error *err)
{
	return run_for(ctx, seconds, NULL, err);
}

static int
meet(struct pinger *p, enum xd_message_point point, double more_s, struct xd_error *err)
{
	return xd_message_meet_by(p->opts->link, point, more_s, run_slice, p, err);
}

static uint64_t
ticks(const struct pinger *p, double seconds)
{
	uint64_t n = (uint64_t)(seconds * p->gen->tsc_hz) >> TICK;

	return n ? n : 1;
}

/* Timers begin where the time is now: what was due before this is not made up for. */
static void
set_the_clock(struct pinger *p)
{
	xd_timers_advance(&p->timers, xd_tsc() >> TICK);
}

static int
find(struct pinger *p, struct xd_error *err)
{
	unsigned slices = (unsigned)(ASK_TIMES * ASK_EVERY_S / SLICE_S);
	int rc = 0;

	xd_respond_station_announce(&p->caller.station, &p->timers, ticks(p, ANNOUNCE_S));
	xd_ping_caller_ask(&p->caller, &p->timers, ASK_TIMES, ticks(p, ASK_EVERY_S));
	for (unsigned i = 0; i < slices && !p->caller.found && !rc; i++)
		rc = run_for(p, SLICE_S, NULL, err);
	xd_timer_cancel(&p->caller.timer);
	if (rc || p->caller.found)
		return rc;
	return xd_fail(err, -EHOSTUNREACH,
		"%s does not answer %s of %s: it must be behind the same switch, in the same VLAN, "
		"and up",
		p->opts->to, p->caller.path.to.v6 ? "neighbour solicitations" : "ARP requests",
		p->port->name);
}

/* Whether a reply may still come; or requests that were due could not be sent yet, for which there
 * is as much time. */
static bool
has_to_wait(const struct pinger *p, uint64_t planned_end)
{
	const struct xd_ping_caller *c = &p->caller;
	uint64_t now = xd_tsc();

	if (c->left + c->to_send)
		return (int64_t)(now - planned_end) < (int64_t)c->wait_cycles;
	return c->outstanding && now - c->last_sent < c->wait_cycles;
}

static int
send_and_wait(struct pinger *p, struct xd_error *err)
{
	double seconds = (double)p->opts->count * p->opts->interval_s;
	uint64_t end = xd_tsc() + (uint64_t)(seconds * p->gen->tsc_hz);
	int rc;

	set_the_clock(p);
	xd_ping_caller_send(&p->caller, &p->timers, p->opts->count, ticks(p, p->opts->interval_s));
	rc = run_for(p, seconds, "pinging", err);
	while (!rc && has_to_wait(p, end))
		rc = run_for(p, SLICE_S, NULL, err);
	xd_timer_cancel(&p->caller.timer);
	return rc;
}

/* Until all has been sent and waited for. */
static int
answer(struct pinger *p, struct xd_error *err)
{
	const struct xd_ping_opts *o = p->opts;

	return meet(p, XD_MESSAGE_END, (double)o->count * o->interval_s + 2 * o->wait_s, err);
}

static void
fill_times(const struct pinger *p, struct xd_row *row)
{
	const struct xd_ping_figures f = xd_ping_caller_figures(&p->caller);
	struct xd_latency_figures *times = &row->latency;

	memcpy(row->own, &f, sizeof(f));
	row->timed = true;
	times->way = XD_TIMES_ROUND_TRIP;
	times->count = f.received;
	times->lost = f.lost;
	xd_times_of(&times->actual, p->caller.histogram);
	times->half_mean_ns = times->actual.mean_ns / 2;
	times->jitter = times->actual.p50_ns > 0 ? times->actual.p99_ns / times->actual.p50_ns : 0;
}

static void
fill(const struct pinger *p, struct xd_row *row)
{
	snprintf(row->name, sizeof(row->name), "%s", p->opts->to);
	row->flows = 1;
	xd_rings_add(&row->rings, p->port);
	if (p->second)
		xd_rings_add(&row->rings, p->second);
	if (!is_far(p))
		fill_times(p, row);
}

static int
trial(struct pinger *p, uint32_t size, unsigned number, struct xd_error *err)
{
	struct xd_row row = {.engine = &xd_ping_engine, .trial = number, .size = size};
	struct xd_surroundings before;
	uint64_t start;
	int rc = meet(p, XD_MESSAGE_BEGIN, 0, err);

	if (rc)
		return rc;
	p->caller.size = size;
	xd_gen_look_before(p->gen, &before);
	start = xd_tsc();
	rc = is_far(p) ? answer(p, err) : send_and_wait(p, err);
	row.time_s = (double)(xd_tsc() - start) / p->gen->tsc_hz;
	row.partial = rc != 0;
	xd_gen_look_after(p->gen, &before, &row);
	fill(p, &row);
	if (!rc && !is_far(p))
		rc = meet(p, XD_MESSAGE_END, 0, err);
	rc = xd_message_swap(p->opts->link, &row, rc, NULL, err);
	return xd_gen_keep_row(p->gen, &row, rc, err);
}

/* The host that is pinged. */
static int
prepare_peer(struct pinger *p, struct xd_gen_port *port, struct xd_error *err)
{
	struct xd_respond_station *s = &p->peer;
	int rc = xd_respond_host_init(&s->host, PEER_NUMBER, p->opts->to, err);

	if (!rc)
		rc = xd_respond_station_init(s, port->max_frame, err);
	if (!rc)
		rc = xd_gen_port_attach(port, &s->source, &s->sink, XD_TOUCH_FULL, err);
	return rc;
}

static int
prepare_caller(struct pinger *p, struct xd_error *err)
{
	struct xd_ping_caller *c = &p->caller;
	int rc = xd_respond_host_init(&c->station.host, HOST_NUMBER, p->opts->addresses, err);

	if (!rc)
		rc = xd_ping_caller_init(c, p->opts->to, p->port->max_frame, err);
	for (unsigned i = 0; i < p->opts->sizes->n && !rc; i++)
		if (c->path.to.v6 && p->opts->sizes->mix[i].bytes[0] < XD_PING_SIZE_MIN6)
			rc = xd_fail(err, -EINVAL, "a ping of IPv6 has at least %d bytes, not %u",
				XD_PING_SIZE_MIN6, p->opts->sizes->mix[i].bytes[0]);
	c->ns_per_cycle = 1e9 / p->gen->tsc_hz;
	c->wait_cycles = (uint64_t)(p->opts->wait_s * p->gen->tsc_hz);
	if (!rc)
		rc = xd_gen_port_attach(p->port, &c->source, &c->sink, XD_TOUCH_FULL, err);
	return rc;
}

static int
prepare(struct pinger *p, struct xd_error *err)
{
	int rc = is_far(p) ? prepare_peer(p, p->port, err) : prepare_caller(p, err);

	xd_timers_init(&p->timers, xd_tsc() >> TICK, &p->timers);
	if (!rc && p->second)
		rc = prepare_peer(p, p->second, err);
	return rc;
}

static void
clean_up(struct pinger *p)
{
	for (unsigned i = 0; i < p->gen->nb_ports; i++) {
		xd_gen_port_detach(p->gen->ports[i]);
	}
	xd_respond_station_fini(&p->peer);
	xd_ping_caller_fini(&p->caller);
	free(p);
}

int
xd_ping_run(struct xd_gen *gen, const struct xd_ping_opts *opts, struct xd_error *err)
{
	struct pinger *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return xd_fail(err, -ENOMEM, "no memory to ping");
	p->gen = gen;
	p->port = gen->ports[0];
	p->second = gen->nb_ports > 1 ? gen->ports[1] : NULL;
	p->opts = opts;
	rc = prepare(p, err);
	if (!rc)
		rc = meet(p, XD_MESSAGE_READY, 0, err);
	if (!rc && !is_far(p))
		rc = find(p, err);
	for (unsigned i = 0; i < opts->sizes->n && !rc; i++)
		for (unsigned k = 1; k <= opts->trials && !rc; k++)
			rc = trial(p, opts->sizes->mix[i].bytes[0], k, err);
	clean_up(p);
	return rc;
}
