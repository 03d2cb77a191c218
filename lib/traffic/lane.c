/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>

#include "traffic/cpu_time.h"
#include "traffic/lane.h"
#include "traffic/tsc.h"

#define LOOK_UP_S   0.02  /* between looks at whether to go on */
#define REPORT_EACH 10    /* looks */
#define BACKLOG_S   0.001 /* of frames that were not sent in time and are sent late */

/* Frames that a sender may send now: a token bucket on the time stamp counter. */
struct pace {
	double start; /* cycles, since the lane began, from which frames are counted */
	uint64_t sent;
};

static inline uint16_t
due(struct pace *p, double elapsed, double per_cycle, double backlog)
{
	double frames = (elapsed - p->start) * per_cycle - (double)p->sent;

	if (frames < 1)
		return 0;
	if (frames > backlog) { /* the device is too slow: what was missed is not made up for */
		p->start = elapsed - backlog / per_cycle;
		p->sent = 0;
	}
	return frames > XD_GEN_BURST ? XD_GEN_BURST : (uint16_t)frames;
}

static inline unsigned
receive_all(struct xd_lane *lane)
{
	unsigned moved = 0;

	for (unsigned i = 0; i < lane->nb_ports; i++)
		moved += xd_gen_port_receive(lane->ports[i], XD_GEN_BURST);
	return moved;
}

static inline unsigned
send_all(struct xd_lane *lane, struct pace *paces, double elapsed, double backlog)
{
	unsigned moved = 0;

	for (unsigned i = 0; i < lane->nb_senders; i++) {
		uint16_t n = XD_GEN_BURST;

		if (lane->frames_per_cycle > 0)
			n = due(&paces[i], elapsed, lane->frames_per_cycle, backlog);
		if (n == 0)
			continue;
		n = xd_gen_port_send(lane->senders[i], n);
		paces[i].sent += n;
		moved += n;
	}
	return moved;
}

static inline void
notify_all(struct xd_lane *lane, bool fenced)
{
	if (fenced)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < lane->nb_ports; i++)
		xd_gen_port_notify(lane->ports[i], fenced);
}

/* Whether the loop shall end early. */
static bool
look_up(struct xd_lane *lane, unsigned looks, double share)
{
	for (unsigned i = 0; i < lane->nb_ports && !lane->rc; i++)
		if (!xd_gen_port_alive(lane->ports[i]))
			lane->rc = xd_fail(&lane->err, -EPIPE, "%s: %s", lane->ports[i]->name,
				lane->ports[i]->fault);
	lane->cancelled = xd_gen_cancelled(lane->gen);
	if (lane->what && looks % REPORT_EACH == 0)
		xd_gen_progress(lane->gen, lane->what, share);
	return lane->rc || lane->cancelled;
}

static void
run(struct xd_lane *lane)
{
	struct pace paces[XD_GEN_PORTS_MAX] = {0};
	double backlog = lane->frames_per_cycle * BACKLOG_S * lane->gen->tsc_hz;
	uint64_t look_up_cycles = (uint64_t)(LOOK_UP_S * lane->gen->tsc_hz);
	uint64_t start = xd_tsc(), now = start, next_look = start + look_up_cycles;
	unsigned looks = 0;

	if (backlog < XD_GEN_BURST)
		backlog = XD_GEN_BURST;
	do {
		uint64_t before = now;
		unsigned moved = receive_all(lane);

		moved += send_all(lane, paces, (double)(now - start), backlog);
		notify_all(lane, moved == 0 || lane->frames_per_cycle > 0);
		now = xd_tsc();
		if (moved == 0) {
			lane->waiting_cycles += now - before;
			__builtin_ia32_pause();
		}
		if (now >= next_look) {
			next_look = now + look_up_cycles;
			if (look_up(lane, ++looks, (double)(now - start) / (double)lane->cycles))
				break;
		}
	} while (now - start < lane->cycles);
	lane->elapsed_cycles = now - start;
	notify_all(lane, true);
}

static void *
thread(void *arg)
{
	struct xd_lane *lane = arg;

	if (lane->core >= 0)
		xd_cpu_pin(lane->core);
	run(lane);
	return NULL;
}

int
xd_lanes_run(struct xd_lane *lanes, unsigned n, struct xd_error *err)
{
	pthread_t threads[XD_GEN_CORES_MAX];
	unsigned started = 1;
	int rc = 0;

	for (; started < n && !rc; started++) {
		rc = -pthread_create(&threads[started], NULL, thread, &lanes[started]);
		if (rc)
			return xd_fail(
				err, rc, "cannot start a thread for core %d", lanes[started].core);
	}
	run(&lanes[0]);
	for (unsigned i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < n && !rc; i++) {
		rc = lanes[i].rc;
		if (rc && err)
			*err = lanes[i].err;
	}
	return rc;
}
