/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much a front end may ask of the control thread, which serves all ports:
 *
 *   time     A message is carried out at once, but who has taken more than BURST_NS is not read
 *            from until it has become a quarter of the time again. What a message costs can depend
 *            on its sender: on what its memory is mapped to, on who else waits for an eventfd.
 *   reaper   What it handed over and took back is closed by threads for that. While much of its
 *            waits, the front end is not read from; if they do not get on, because a file of
 *            the front end's own makes it wait, the connection ends, and there is none after it
 *            before all is closed.
 *   arrival  A message that has begun to arrive has ARRIVAL_MS for the rest of it. Descriptors
 *            that came with it are held as long, and among them may be the other end of this very
 *            connection, whose owner could be gone without its being seen.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "vhost_user/backend_internal.h"

#define BURST_NS   (XD_NS_PER_S / 10)
#define PART       4 /* of the time is a front end's, beyond the burst */
#define NS_PER_MS  1000000u
#define ARRIVAL_MS 5000
#define REAPER_MS  20                 /* until it is looked at again */
#define STUCK_NS   (10 * XD_NS_PER_S) /* until it is given up */
#define FDS_MAX    128                /* with the reaper, while messages are read */
#define MAPS_MAX   (XD_GUEST_REGIONS_MAX + 3)

/* A message brings at most 253 descriptors, and the connection, its rings and its memory may end
 * with it. Each call descriptor may have to be written to first. */
static_assert(2 * FDS_MAX + 253 + XD_VU_MAX_VRINGS + 2 + 2 * XD_VU_MAX_VRINGS + MAPS_MAX +
			      XD_GUEST_REGIONS_MAX + 2 + XD_VU_TABLE_REGIONS <
		      XD_REAPER_MAX,
	"what a front end can have closed at once");

bool
xd_vu_pace_room(struct xd_vu_backend *be)
{
	struct xd_reaper_waiting waiting = xd_reaper_waiting(be->msg.reaper);

	/* The connection whose eventfd it writes to may have ended. */
	if (waiting.fds)
		xd_reaper_unblock(be->msg.reaper);
	if (waiting.fds > FDS_MAX || waiting.maps > MAPS_MAX) {
		if (!be->full_since_ns)
			be->full_since_ns = xd_clock_ns();
		return false;
	}
	be->full_since_ns = 0;
	be->full_logged = false;
	return true;
}

void
xd_vu_pace_spent(struct xd_vu_backend *be, uint64_t begin_ns)
{
	uint64_t now_ns = xd_clock_ns();
	uint64_t allowed = (now_ns - be->busy_at_ns) / PART;

	be->busy_ns = be->busy_ns > allowed ? be->busy_ns - allowed : 0;
	be->busy_ns += now_ns - begin_ns;
	be->busy_at_ns = now_ns;
}

static void
look_again(void *ctx)
{
	struct xd_vu_backend *be = ctx;
	struct xd_error err;

	xd_loop_timer_cancel(be->later);
	be->later = NULL;
	if (xd_vu_backend_watch(be))
		return;
	xd_fail(&err, -errno, "cannot watch the connection: %s", strerror(errno));
	xd_vu_backend_fail(be, err.code, &err);
}

static void
look_away(struct xd_vu_backend *be, uint32_t ms)
{
	struct xd_error err;

	xd_vu_pace_arrived(be); /* what is to come may be there by now */
	be->later = xd_loop_timer(be->opts.loop, ms, 0, look_again, be);
	if (!be->later) {
		xd_fail(&err, -ENOMEM, "no memory for a timer");
		xd_vu_backend_fail(be, err.code, &err);
		return;
	}
	xd_loop_remove(be->watch);
	be->watch = NULL;
}

/* The reaper has too much to do. */
static void
wait_for_reaper(struct xd_vu_backend *be)
{
	struct xd_error err;

	if (xd_clock_ns() - be->full_since_ns < STUCK_NS) {
		look_away(be, REAPER_MS);
		return;
	}
	xd_fail(&err, -EPROTO, "what the front end handed over before cannot be closed");
	xd_vu_backend_fail(be, err.code, &err);
}

bool
xd_vu_pace_go(struct xd_vu_backend *be)
{
	if (!xd_vu_pace_room(be)) {
		wait_for_reaper(be);
		return false;
	}
	if (be->busy_ns <= BURST_NS)
		return true;
	xd_vu_pace_spent(be, xd_clock_ns()); /* only to have what was allowed taken off */
	if (be->busy_ns <= BURST_NS)
		return true;
	look_away(be, (uint32_t)((be->busy_ns - BURST_NS) * PART / NS_PER_MS) + 1);
	return false;
}

static void
too_late(void *ctx)
{
	struct xd_vu_backend *be = ctx;
	struct xd_error err;

	xd_fail(&err, -EPROTO, "%u bytes of a message, and no more for %d s", be->msg.have,
		ARRIVAL_MS / 1000);
	xd_vu_backend_fail(be, err.code, &err);
}

void
xd_vu_pace_arriving(struct xd_vu_backend *be)
{
	if (!be->deadline)
		be->deadline = xd_loop_timer(be->opts.loop, ARRIVAL_MS, 0, too_late, be);
}

void
xd_vu_pace_arrived(struct xd_vu_backend *be)
{
	xd_loop_timer_cancel(be->deadline);
	be->deadline = NULL;
}
