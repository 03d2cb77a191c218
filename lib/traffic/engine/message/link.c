/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ends in step, and their two rows made one. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "traffic/engine/message/lanes.h"

#define MEET_S  30.0  /* for the other end to come to a point, or to hand its row over */
#define PART_S  3.0   /* the same of a row that was cut short */
#define SLICE_S 0.001 /* between looks */

const char *
xd_message_point_name(enum xd_message_point point)
{
	static const char *const names[] = {
		"ready", "connected", "quiet", "zeroed", "begin", "end", "done"};

	return names[point];
}

int
xd_message_meet_by(const struct xd_message_link *link, enum xd_message_point point, double more_s,
	int (*run)(void *ctx, double seconds, struct xd_error *err), void *ctx,
	struct xd_error *err)
{
	const double most_s = MEET_S + more_s;
	const uint64_t begun = xd_clock_ns();
	int rc, there = 0;

	if (!link)
		return 0;
	rc = link->tell(link->ctx, point, err);
	while (!rc && !(there = link->told(link->ctx, point, err))) {
		if ((double)(xd_clock_ns() - begun) > most_s * XD_NS_PER_S)
			return xd_fail(err, -ETIMEDOUT,
				"the other end has not come to \"%s\" within %g s",
				xd_message_point_name(point), most_s);
		rc = run(ctx, SLICE_S, err);
	}
	return rc ? rc : there < 0 ? there : 0;
}

static int
run_lanes(void *ctx, double seconds, struct xd_error *err)
{
	return xd_message_lanes_run(ctx, seconds, "waiting for the other end", err);
}

int
xd_message_meet(struct xd_message_lanes *lanes, enum xd_message_point point, struct xd_error *err)
{
	return xd_message_meet_by(lanes->link, point, 0, run_lanes, lanes, err);
}

/* Each port of the near end, then the one of its pair: as they are numbered. */
static void
merge_ports(struct xd_rate_figures *f, const struct xd_rate_figures *far)
{
	struct xd_port_figures near[XD_GEN_PORTS_MAX];
	const unsigned n = f->nb_ports;

	if (n != far->nb_ports || 2 * n > XD_GEN_PORTS_MAX) /* it says what it likes */
		return;
	memcpy(near, f->ports, sizeof(near));
	for (unsigned i = 0; i < n; i++) {
		f->ports[2 * i] = near[i];
		f->ports[2 * i + 1] = far->ports[i];
	}
	f->nb_ports = 2 * n;
}

/* What rows of all engines have. */
static void
merge_all(struct xd_row *row, const struct xd_row *far)
{
	struct xd_rate_figures *f = &row->rate;

	f->sent_frames += far->rate.sent_frames;
	f->received_frames += far->rate.received_frames;
	f->sent_pps += far->rate.sent_pps;
	f->pps += far->rate.pps;
	f->l2_bps += far->rate.l2_bps;
	f->l1_bps += far->rate.l1_bps;
	if (far->rate.waiting_share < f->waiting_share)
		f->waiting_share = far->rate.waiting_share;
	if (far->rate.bottleneck == XD_BOTTLENECK_GENERATOR)
		f->bottleneck = far->rate.bottleneck;
	merge_ports(f, &far->rate);
	row->far = (struct xd_far_figures){
		.known = true,
		.time_s = far->time_s,
		.cpu_s = far->cpu_s,
		.steal_s = far->steal_s,
		.rings = far->rings,
		.numa = far->numa,
	};
	row->partial = row->partial || far->partial;
}

static int
take(const struct xd_message_link *link, struct xd_row *row, int rc,
	void (*merge)(struct xd_row *row, const struct xd_row *far), struct xd_error *err)
{
	struct xd_row far;
	struct xd_error why = {0};
	int taken = link->take(link->ctx, &far, rc ? PART_S : MEET_S, &why);

	if (!taken && far.engine == row->engine) {
		merge_all(row, &far);
		if (merge)
			merge(row, &far);
		return rc;
	}
	row->partial = true;
	if (rc)
		return rc;
	if (taken)
		return xd_fail(err, taken, "%s", why.text);
	return xd_fail(err, -EPROTO, "the other end's row is of %s", far.engine->name);
}

int
xd_message_swap(const struct xd_message_link *link, struct xd_row *row, int rc,
	void (*merge)(struct xd_row *row, const struct xd_row *far), struct xd_error *err)
{
	int given;

	if (!link)
		return rc;
	if (rc)
		link->stop(link->ctx, rc == -EINTR ? "interrupted" : err ? err->text : "");
	if (!link->far)
		return take(link, row, rc, merge, err);
	given = link->give(link->ctx, row, rc ? NULL : err);
	return rc ? rc : given;
}
