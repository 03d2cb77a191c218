/* SPDX-License-Identifier: BSD-3-Clause */
/* Forwarding started and stopped, and its counts read while it runs. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/session/forward_parts.h"

#define LOOK_UP_S 0.02 /* between looks at whether the peers are there */
#define FIRST_S   0.1  /* for ports to take what is sent at the beginning */

struct xd_forward *
xd_forward_start(const struct xd_forward_plan *plan, struct xd_error *err)
{
	struct xd_forward *f = aligned_alloc(64, (sizeof(*f) + 63) / 64 * 64);
	int rc;

	if (!f) {
		xd_fail(err, -ENOMEM, "no memory to forward");
		return NULL;
	}
	memset(f, 0, sizeof(*f));
	f->first_bursts = plan->first_bursts;
	f->look_up_cycles = (uint64_t)(LOOK_UP_S * plan->tsc_hz);
	f->first_cycles = (uint64_t)(FIRST_S * plan->tsc_hz);
	rc = xd_forward_set_up(f, plan, err);
	if (!rc)
		rc = xd_forward_lanes_start(f, err);
	if (rc) {
		xd_forward_destroy(f);
		return NULL;
	}
	return f;
}

bool
xd_forward_running(struct xd_forward *f, struct xd_error *err)
{
	struct xd_forward_lane *failed = __atomic_load_n(&f->failed, __ATOMIC_ACQUIRE);

	if (failed && err)
		*err = failed->err;
	return !xd_forward_is_stopped(f);
}

void
xd_forward_stop(struct xd_forward *f)
{
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < f->nb_lanes; i++)
		if (f->lanes[i].started) {
			pthread_join(f->lanes[i].thread, NULL);
			f->lanes[i].started = false;
		}
}

void
xd_forward_destroy(struct xd_forward *f)
{
	if (!f)
		return;
	xd_forward_stop(f);
	for (unsigned i = 0; i < f->nb_streams; i++) {
		struct xd_forward_stream *s = &f->streams[i];

		for (unsigned k = 0; k < s->nb_made; k++)
			free(s->made[k].bytes);
		free(s->copies);
		free(s->received);
		free(s->sent);
	}
	free(f);
}

void
xd_forward_counts(const struct xd_forward *f, unsigned i, struct xd_forward_counts *counts)
{
	const uint64_t *from = (const uint64_t *)&f->streams[i].shown;
	uint64_t *to = (uint64_t *)counts;

	for (unsigned k = 0; k < sizeof(*counts) / sizeof(*to); k++)
		to[k] = __atomic_load_n(&from[k], __ATOMIC_RELAXED);
}

static bool
take_seen(struct xd_forward_ring *ring, struct xd_forward_seen *seen)
{
	if (!ring || ring->head == __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE))
		return false;
	*seen = ring->seen[ring->head & (XD_FORWARD_SEEN - 1)];
	__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
	return true;
}

static uint64_t
ring_missed(const struct xd_forward_ring *ring)
{
	return ring ? __atomic_load_n(&ring->missed, __ATOMIC_RELAXED) : 0;
}

bool
xd_forward_seen(struct xd_forward *f, struct xd_forward_seen *seen, uint64_t *missed)
{
	*missed = 0;
	for (unsigned i = 0; i < f->nb_streams; i++)
		*missed += ring_missed(f->streams[i].received) + ring_missed(f->streams[i].sent);
	for (unsigned i = 0; i < f->nb_streams; i++)
		if (take_seen(f->streams[i].received, seen) || take_seen(f->streams[i].sent, seen))
			return true;
	return false;
}
