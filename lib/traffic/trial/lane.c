/* SPDX-License-Identifier: BSD-3-Clause */
/* A lane's loop: each turn receives on all its ports, sends what is due on them, and notes how late
 * that is. The threads of a run are started and joined here. */
#include <errno.h>
#include <pthread.h>

#include <rte_lcore.h>

#include "traffic/host/cpu_time.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/lane.h"

#define LOOK_UP_S   0.02   /* between looks at whether to go on */
#define REPORT_EACH 10     /* looks */
#define BLOCKED_S   0.001  /* of frames that a switch did not take in time: they are sent late */
#define BEHIND_S    0.010  /* the same of frames that this thread did not come to */
#define START_S     0.0005 /* for all threads to get going */

/* What the loop needs beside the lane. */
struct turn {
	uint64_t now;
	uint64_t blocked, behind; /* cycles: what is later is given up */
	uint64_t late;            /* cycles */
	double ns_per_cycle;
};

static inline unsigned
receive_all(struct xd_lane *lane)
{
	unsigned moved = 0;

	for (unsigned i = 0; i < lane->nb_ports; i++)
		moved += xd_gen_port_receive(lane->ports[i], XD_GEN_BURST);
	return moved;
}

/* Frames that this sender was to have sent, as the schedule counts them. */
static inline uint64_t
offered(const struct xd_lane_sender *s)
{
	const struct xd_list_stream *list = s->port->stream.list;

	return list ? xd_list_stream_offered(list, s->sent) : s->sent;
}

/* Accounts for n frames sent at `at` whose number was k. */
static void
keep_lateness(struct xd_lane *lane, struct xd_lane_sender *s, const struct turn *turn, uint64_t at,
	uint64_t k, uint16_t n)
{
	const struct xd_schedule *schedule = &s->port->stream.schedule;

	for (uint16_t i = 0; i < n; i++) {
		int64_t late = (int64_t)(at - xd_schedule_planned(schedule, k + i));

		if (late < 0) /* a frame in the place of one that was lost on purpose */
			late = 0;
		xd_histogram_record(
			lane->lateness, (uint64_t)((double)late * turn->ns_per_cycle + 0.5));
		if ((uint64_t)late <= turn->late)
			continue;
		if (s->full) {
			s->blocked++;
		} else {
			s->late++;
			s->very_late += (uint64_t)late > turn->blocked;
		}
	}
	if (n > s->max_burst)
		s->max_burst = n;
}

/* What a switch did not take for too long is not made up for: else it would get it all at once. */
static void
skip_backlog(struct xd_lane_sender *s, const struct turn *turn, uint64_t at, uint64_t k)
{
	struct xd_schedule *schedule = &s->port->stream.schedule;
	uint64_t oldest = at - (s->full ? turn->blocked : turn->behind);
	uint64_t skipped = xd_schedule_overdue(schedule, k, oldest);

	schedule->passed += skipped;
	if (s->full)
		s->skipped += skipped;
	else
		s->missed += skipped;
}

static inline uint16_t
frames_due(struct xd_lane *lane, struct xd_lane_sender *s, const struct turn *turn, uint64_t at)
{
	const struct xd_schedule *schedule = &s->port->stream.schedule;
	const struct xd_list_stream *list = s->port->stream.list;
	uint16_t n = XD_GEN_BURST;

	if (__builtin_expect(xd_schedule_paced(schedule), 0)) {
		uint64_t k = offered(s);

		n = xd_schedule_due(schedule, k, at, XD_PACED_BURST);
		if (n == XD_PACED_BURST && lane->skip)
			skip_backlog(s, turn, at, k);
	} else if (schedule->delay) {
		n = xd_schedule_due(schedule, 0, at, n);
	}
	if (list)
		n = xd_list_stream_ready(list, n);
	if (s->limit && s->limit - s->sent < n)
		n = (uint16_t)(s->limit - s->sent);
	return n;
}

/* Returns the frames sent; *full is set when there was no room for all that were due. */
static inline unsigned
send_all(struct xd_lane *lane, const struct turn *turn, bool *full)
{
	unsigned moved = 0;

	for (unsigned i = 0; i < lane->nb_senders; i++) {
		struct xd_lane_sender *s = &lane->senders[i];
		struct xd_stream *stream = &s->port->stream;
		uint64_t at = turn->now - stream->schedule.delay, k;
		uint16_t n = frames_due(lane, s, turn, at), sent;

		if (n == 0) {
			/* A device that did not take what a source made has it offered again. */
			s->full = s->full && stream->list && stream->list->source &&
				  xd_gen_port_outstanding(s->port);
			continue;
		}
		if (stream->list)
			stream->list->now = at;
		k = offered(s);
		sent = xd_gen_port_send(s->port, n);
		s->sent += sent;
		if (lane->lateness && xd_schedule_paced(&stream->schedule))
			keep_lateness(lane, s, turn, at, k, sent);
		/* Until the schedule is caught up with, it is this that made frames late. */
		if (sent < n)
			s->full = *full = true;
		else if (n < XD_PACED_BURST)
			s->full = false;
		moved += sent;
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
	if (lane->over && __atomic_load_n(lane->over, __ATOMIC_RELAXED))
		return true;
	return lane->rc || lane->cancelled;
}

/* With limits, the run is over when every lane has sent its frames. */
static bool
all_sent(struct xd_lane *lane)
{
	if (lane->ends) {
		for (unsigned i = 0; i < lane->nb_senders; i++)
			if (lane->senders[i].sent < lane->senders[i].limit)
				return false;
		lane->ends = false;
		__atomic_fetch_sub(lane->sending, 1, __ATOMIC_RELAXED);
	}
	return __atomic_load_n(lane->sending, __ATOMIC_RELAXED) == 0;
}

static bool
on_a_schedule(const struct xd_lane *lane)
{
	for (unsigned i = 0; i < lane->nb_senders; i++)
		if (xd_schedule_paced(&lane->senders[i].port->stream.schedule))
			return true;
	return false;
}

static void
run(struct xd_lane *lane, uint64_t start)
{
	struct turn turn = {
		.blocked = (uint64_t)(BLOCKED_S * lane->gen->tsc_hz),
		.behind = (uint64_t)(BEHIND_S * lane->gen->tsc_hz),
		.late = (uint64_t)(XD_LATE_NS * 1e-9 * lane->gen->tsc_hz),
		.ns_per_cycle = 1e9 / lane->gen->tsc_hz,
	};
	uint64_t look_up_cycles = (uint64_t)(LOOK_UP_S * lane->gen->tsc_hz);
	uint64_t next_look = start + look_up_cycles;
	bool paced = on_a_schedule(lane);
	unsigned looks = 0;

	while ((int64_t)(xd_tsc() - start) < 0)
		__builtin_ia32_pause();
	turn.now = xd_tsc();
	do {
		uint64_t before = turn.now;
		bool full = false;
		unsigned moved = lane->send_only ? 0 : receive_all(lane);

		if (paced) /* what was received took its time */
			turn.now = xd_tsc();
		if (lane->timers)
			xd_timers_advance(lane->timers, turn.now >> lane->tick_shift);
		moved += send_all(lane, &turn, &full);
		notify_all(lane, moved == 0 || paced);
		turn.now = xd_tsc();
		if (moved == 0) {
			lane->waiting_cycles += turn.now - before;
			lane->full_cycles += full ? turn.now - before : 0;
			__builtin_ia32_pause();
		}
		if (moved == 0 && all_sent(lane))
			break;
		if (turn.now >= next_look) {
			next_look = turn.now + look_up_cycles;
			if (look_up(lane, ++looks,
				    (double)(turn.now - start) / (double)lane->cycles))
				break;
		}
	} while (turn.now - start < lane->cycles);
	lane->elapsed_cycles = turn.now - start;
	notify_all(lane, true);
}

struct thread {
	pthread_t id;
	struct xd_lane *lane;
	uint64_t start;
};

static void *
enter(void *arg)
{
	struct thread *thread = arg;

	if (thread->lane->core >= 0)
		xd_cpu_pin(thread->lane->core);
	rte_thread_register(); /* with an EAL: for caches of mbuf pools; without, it does nothing */
	run(thread->lane, thread->start);
	rte_thread_unregister();
	return NULL;
}

/* A schedule begins with this run: its frames are counted from here. */
static void
begin(struct xd_lane *lanes, unsigned n, uint64_t start, unsigned *sending)
{
	*sending = 0;
	for (unsigned i = 0; i < n; i++) {
		bool ends = lanes[i].nb_senders > 0;

		for (unsigned k = 0; k < lanes[i].nb_senders; k++) {
			struct xd_stream *stream = &lanes[i].senders[k].port->stream;

			stream->schedule.start = start;
			stream->schedule.passed = 0;
			if (stream->list)
				xd_list_stream_begin(stream->list);
			ends &= lanes[i].senders[k].limit > 0;
		}
		lanes[i].sending = sending;
		lanes[i].ends = ends;
		*sending += lanes[i].nb_senders > 0;
	}
	/* Where nobody sends, nobody will have sent all. */
	if (*sending == 0)
		*sending = 1;
}

int
xd_lanes_run(struct xd_lane *lanes, unsigned n, struct xd_error *err)
{
	struct thread threads[XD_GEN_CORES_MAX];
	uint64_t start = xd_tsc() + (uint64_t)(START_S * lanes[0].gen->tsc_hz);
	unsigned started = 1, sending;
	int rc = 0;

	begin(lanes, n, start, &sending);
	for (; started < n; started++) {
		threads[started].lane = &lanes[started];
		threads[started].start = start;
		rc = -pthread_create(&threads[started].id, NULL, enter, &threads[started]);
		if (rc) {
			xd_fail(err, rc, "cannot start a thread for core %d", lanes[started].core);
			break;
		}
	}
	if (!rc)
		run(&lanes[0], start);
	for (unsigned i = 1; i < started; i++)
		pthread_join(threads[i].id, NULL);
	for (unsigned i = 0; i < n && !rc; i++) {
		rc = lanes[i].rc;
		if (rc && err)
			*err = lanes[i].err;
	}
	return rc;
}
