/* SPDX-License-Identifier: BSD-3-Clause */
/* The respond engine: a station behind each port, and lanes that run until the time is over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/respond/station.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/counts.h"
#include "traffic/trial/lane.h"

#define FOREVER_S  (10 * 365 * 86400.0)
#define ANNOUNCE_S 2  /* between announcements: RFC 5227, section 1.1 */
#define TICK       16 /* a tick is 2^16 cycles: some 25 us */

#define FIGURE(name, ...)                                                                          \
	{                                                                                          \
#name, XD_FIGURE_COUNT,                                                            \
			.offset = offsetof(struct xd_row, own) +                                   \
				  offsetof(struct xd_respond_figures, name),                       \
			__VA_ARGS__                                                                \
	}
#define HEAD .head

static const struct xd_figure figures[] = {
	FIGURE(arp, HEAD = "ARP", .unit = "answers"),
	FIGURE(neighbour, HEAD = "NDP", .unit = "answers"),
	FIGURE(echo, HEAD = "ICMP", .unit = "answers"),
	FIGURE(echo6, HEAD = "ICMPv6", .unit = "answers"),
	FIGURE(wrong, HEAD = "wrong", .unit = "frames"),
	FIGURE(not_sent, HEAD = "not sent", .unit = "frames"),
	{.key = NULL},
};

const struct xd_engine xd_respond_engine = {
	.name = "respond",
	.section = "respond",
	.figures = figures,
};

_Static_assert(sizeof(struct xd_respond_figures) <= sizeof(((struct xd_row *)0)->own),
	"the figures do not fit a row");

struct responder {
	struct xd_gen *gen;
	const struct xd_respond_opts *opts;
	struct xd_respond_station *stations; /* by port */
	struct xd_lane lanes[XD_GEN_CORES_MAX];
	struct xd_timers *timers; /* by lane */
};

static unsigned
nb_lanes(const struct xd_gen *gen)
{
	return gen->nb_cores < gen->nb_ports ? gen->nb_cores : gen->nb_ports;
}

static int
prepare_port(struct responder *r, unsigned i, struct xd_error *err)
{
	struct xd_gen_port *port = r->gen->ports[i];
	struct xd_respond_station *s = &r->stations[i];
	int rc = xd_respond_host_init(&s->host, i, r->opts->addresses[i], err);

	if (!rc)
		rc = xd_respond_station_init(s, port->max_frame, err);
	if (!rc)
		rc = xd_gen_port_attach(port, &s->source, &s->sink, XD_TOUCH_STAMP, err);
	return rc;
}

static void
lay_lanes(struct responder *r)
{
	struct xd_gen *gen = r->gen;
	double seconds = r->opts->time_s > 0 ? r->opts->time_s : FOREVER_S;
	uint64_t interval = (uint64_t)(ANNOUNCE_S * gen->tsc_hz) >> TICK;

	for (unsigned i = 0; i < nb_lanes(gen); i++) {
		xd_timers_init(&r->timers[i], xd_tsc() >> TICK, &r->timers[i]);
		r->lanes[i].gen = gen;
		r->lanes[i].core = gen->cores[i];
		r->lanes[i].cycles = (uint64_t)(seconds * gen->tsc_hz);
		r->lanes[i].timers = &r->timers[i];
		r->lanes[i].tick_shift = TICK;
	}
	r->lanes[0].what = "answering";
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		struct xd_lane *lane = &r->lanes[i % nb_lanes(gen)];

		lane->ports[lane->nb_ports++] = gen->ports[i];
		lane->senders[lane->nb_senders++].port = gen->ports[i];
		xd_respond_station_announce(&r->stations[i], lane->timers, interval);
	}
}

static void
fill_own(const struct responder *r, struct xd_row *row)
{
	struct xd_respond_figures sum = {0};

	for (unsigned i = 0; i < r->gen->nb_ports; i++) {
		const struct xd_respond_figures *f = &r->stations[i].figures;

		sum.arp += f->arp;
		sum.neighbour += f->neighbour;
		sum.echo += f->echo;
		sum.echo6 += f->echo6;
		sum.wrong += f->wrong;
		sum.not_sent += f->not_sent;
	}
	memcpy(row->own, &sum, sizeof(sum));
}

static int
answer(struct responder *r, struct xd_error *err)
{
	struct xd_row row = {.engine = &xd_respond_engine, .trial = 1};
	struct xd_surroundings before;
	struct xd_gen_counts after;
	bool cancelled = false;
	int rc;

	lay_lanes(r);
	xd_gen_look_before(r->gen, &before);
	rc = xd_lanes_run(r->lanes, nb_lanes(r->gen), err);
	for (unsigned i = 0; i < nb_lanes(r->gen); i++)
		cancelled |= r->lanes[i].cancelled;
	if (!rc && cancelled && r->opts->time_s > 0)
		rc = xd_fail(err, -EINTR, "interrupted");
	row.time_s = (double)r->lanes[0].elapsed_cycles / r->gen->tsc_hz;
	row.partial = rc != 0;
	if (row.time_s <= 0)
		return rc;
	xd_gen_look_after(r->gen, &before, &row);
	xd_gen_count(r->gen, &after);
	xd_gen_fill_rate(r->gen, &(struct xd_gen_counts){0}, &after, &row);
	fill_own(r, &row);
	return xd_gen_keep_row(r->gen, &row, rc, err);
}

static void
clean_up(struct responder *r)
{
	for (unsigned i = 0; r->stations && i < r->gen->nb_ports; i++) {
		xd_gen_port_detach(r->gen->ports[i]);
		xd_respond_station_fini(&r->stations[i]);
	}
	free(r->stations);
	free(r->timers);
	free(r);
}

int
xd_respond_run(struct xd_gen *gen, const struct xd_respond_opts *opts, struct xd_error *err)
{
	struct responder *r = calloc(1, sizeof(*r));
	int rc = 0;

	if (!r)
		return xd_fail(err, -ENOMEM, "no memory for hosts");
	r->gen = gen;
	r->opts = opts;
	r->stations = calloc(gen->nb_ports, sizeof(*r->stations));
	r->timers = calloc(nb_lanes(gen), sizeof(*r->timers));
	if (!r->stations || !r->timers)
		rc = xd_fail(err, -ENOMEM, "no memory for hosts");
	for (unsigned i = 0; i < gen->nb_ports && !rc; i++)
		rc = prepare_port(r, i, err);
	if (!rc)
		rc = answer(r, err);
	clean_up(r);
	return rc;
}
