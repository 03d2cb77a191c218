/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that take too much of a worker's time: the rules by a made-up clock, and a worker whose
 * ports' calls take as long as they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <rte_cycles.h>

#include "base/clock.h"
#include "one_worker.h"
#include "worker/worker.h"

/* ---- The rules: a cycle is a microsecond ---- */

#define HZ 1000000

static const uint64_t call = XD_BUDGET_CALL_US, burst = XD_BUDGET_BURST_US;

static void
short_calls_cost_nothing(void **state)
{
	const struct xd_budget_limits limits = xd_budget_limits(HZ);
	struct xd_budget b = {0};

	(void)state;
	for (uint64_t now = 0; now < 1000000; now += call)
		assert_false(xd_budget_charge(&b, &limits, XD_BUDGET_RECEIVE, now, call));
	assert_int_equal(b.nb_slow[XD_BUDGET_RECEIVE], 0);
	assert_int_equal(b.debt, 0);
}

static void
a_burst_is_forgiven_in_time(void **state)
{
	const struct xd_budget_limits limits = xd_budget_limits(HZ);
	struct xd_budget b = {0};

	(void)state;
	/* Once in two seconds ten milliseconds. */
	for (uint64_t now = 0; now < 100 * HZ; now += 2 * HZ)
		assert_false(xd_budget_charge(&b, &limits, XD_BUDGET_TRANSMIT, now, call + burst));
	assert_int_equal(b.nb_slow[XD_BUDGET_TRANSMIT], 50);
	assert_int_equal(b.longest[XD_BUDGET_TRANSMIT], call + burst);
	assert_int_equal(b.nb_rests, 0);
	/* Twice as often is too much. */
	assert_true(xd_budget_charge(&b, &limits, XD_BUDGET_TRANSMIT, 99 * HZ, call + burst));
	assert_int_equal(b.nb_rests, 1);
}

/* Whatever its calls take, a port has no more than its part of the time, and a burst. */
static void
no_port_has_more_than_its_share(void **state)
{
	static const uint64_t takes[] = {2, 5, 12, 33, 52, 116, 1000};
	const struct xd_budget_limits limits = xd_budget_limits(HZ);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(takes); i++) {
		const uint64_t took = takes[i] * 1000, all = 6000ull * HZ;
		struct xd_budget b = {0};
		uint64_t now = 0, over = 0;

		while (now < all) {
			now += took;
			over += took - call;
			if (xd_budget_charge(&b, &limits, XD_BUDGET_NOTIFY, now, took)) {
				assert_true(b.until_tsc > now);
				now = b.until_tsc;
			}
		}
		/* One call more, because it is not known before. */
		assert_true(over <= all / XD_BUDGET_SHARE + burst + took);
	}
}

static void
no_rest_is_for_ever(void **state)
{
	const struct xd_budget_limits limits = xd_budget_limits(HZ);
	struct xd_budget b = {0};

	(void)state;
	assert_true(xd_budget_charge(&b, &limits, XD_BUDGET_RECEIVE, 5, 3600ull * HZ));
	assert_int_equal(b.until_tsc, 5 + XD_BUDGET_REST_US);
	assert_true(xd_budget_charge(
		&b, &limits, XD_BUDGET_RECEIVE, b.until_tsc, call + HZ / XD_BUDGET_SHARE));
	assert_int_equal(b.until_tsc, 5 + XD_BUDGET_REST_US + HZ);
}

static void
what_others_took_is_not_its_own(void **state)
{
	(void)state;
	assert_int_equal(xd_budget_own(5000, 100000, 100000, 0, false), 5000);
	/* Preempted for a part of it, or for all. */
	assert_int_equal(xd_budget_own(5000, 100000, 97000, 0, false), 2000);
	assert_int_equal(xd_budget_own(5000, 100000, 50000, 0, false), 0);
	/* It slept: in the call, because nothing else sleeps. */
	assert_int_equal(xd_budget_own(5000, 100000, 95000, 0, true), 5000);
	/* And then waited for a core, for a part of it or for all. */
	assert_int_equal(xd_budget_own(5000, 100000, 95000, 3000, true), 2000);
	assert_int_equal(xd_budget_own(5000, 100000, 95000, 5000, true), 0);
	/* What it waited before is not the call's; and is no wait on top of being preempted. */
	assert_int_equal(xd_budget_own(5000, 100000, 98000, 9000, true), 3000);
	assert_int_equal(xd_budget_own(5000, 100000, 97000, 3000, false), 2000);
	/* Two clocks never quite agree. */
	assert_int_equal(xd_budget_own(5000, 100000, 100007, 0, false), 5000);
}

/* ---- A worker ---- */

#define NB_PORTS 3
#define SLOW_US  6000
#define VERY_US  60000
#define LIMIT_US 2000

/* One guest: whoever it sends to gets 200 bytes, the first 128 in the snapshot. */
struct fake {
	struct xd_port port; /* first */
	unsigned sends, to;  /* frames to be sent, and to whom */
	bool long_frames;
	uint8_t memory[XD_BATCH][200];
	struct xd_seg segs[XD_BATCH];
	bool slow_rx, slow_tx, slow_release, slow_notify, slow_room;
	bool very; /* so slow that it is looked out for longer */
	unsigned nb_rx, nb_tx, nb_told, nb_got;
	const uint8_t *seen; /* where the rest of the last frame lay */
};

struct world {
	struct fake *fakes;
	struct xd_plan_port plan_ports[NB_PORTS];
	uint16_t members[NB_PORTS];
	struct xd_plan_bridge bridge;
	struct xd_plan_queue queues[NB_PORTS];
	struct xd_plan plan;
	const struct xd_plan *published;
	struct rte_rcu_qsbr *qsbr;
	struct xd_worker *worker;
};

/* What the processor does for this thread, so that a busy machine makes it no longer. */
static void
take_time(const struct fake *p, bool really)
{
	const uint64_t ns = (p->very ? VERY_US : SLOW_US) * 1000ull;
	struct timespec ts;
	uint64_t start, now;

	if (!really)
		return;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	start = (uint64_t)ts.tv_sec * XD_NS_PER_S + (uint64_t)ts.tv_nsec;
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
		now = (uint64_t)ts.tv_sec * XD_NS_PER_S + (uint64_t)ts.tv_nsec;
	} while (now - start < ns);
}

static uint16_t
fake_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct fake *p = (struct fake *)port;
	uint32_t len = p->long_frames ? 200 : 64;

	(void)queue;
	p->nb_rx++;
	take_time(p, p->slow_rx);
	for (batch->n = 0; batch->n < XD_BATCH && batch->n < p->sends; batch->n++) {
		struct xd_frame *f = &batch->frames[batch->n];
		uint8_t *data = f->buf + XD_HEADROOM;

		xd_frame_init(f, len, (uint8_t)RTE_MIN(len, XD_HEAD), p->long_frames);
		memset(data, 0, XD_HEAD);
		data[0] = data[6] = 2;
		data[5] = (uint8_t)(1 + p->to);
		data[11] = (uint8_t)(1 + port->index);
		data[12] = 8;
		memset(p->memory[batch->n], 0x5a, sizeof(p->memory[0]));
		p->segs[batch->n] = (struct xd_seg){p->memory[batch->n], len - f->head_len};
		f->segs = &p->segs[batch->n];
	}
	batch->nb_done = batch->n;
	return batch->n;
}

static void
fake_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct fake *p = (struct fake *)port;

	(void)queue;
	take_time(p, p->slow_release);
	p->sends -= batch->nb_done;
}

static void
fake_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	(void)port;
	(void)queue;
	batch->n = batch->nb_done = n;
}

static uint16_t
fake_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct fake *p = (struct fake *)port;

	(void)worker;
	p->nb_tx++;
	take_time(p, p->slow_tx);
	for (uint16_t i = 0; i < n; i++) {
		uint8_t bytes[200];

		xd_frame_gather(frames[i], bytes);
		if (frames[i]->len > XD_HEAD)
			assert_int_equal(bytes[199], 0x5a);
		p->seen = frames[i]->nb_segs ? frames[i]->segs[0].addr : NULL;
	}
	p->nb_got += n;
	return n;
}

static uint16_t
fake_room(struct xd_port *port, unsigned worker, uint16_t wanted)
{
	(void)worker;
	take_time((struct fake *)port, ((struct fake *)port)->slow_room);
	return wanted;
}

static void
fake_notify_tx(struct xd_port *port, unsigned worker)
{
	struct fake *p = (struct fake *)port;
	uint64_t start = rte_rdtsc();

	p->nb_told++;
	take_time(p, p->slow_notify);
	port->counters[worker].notify_cycles += rte_rdtsc() - start;
}

static void
fake_notify_rx(struct xd_port *port, uint16_t queue, unsigned worker)
{
	(void)queue;
	fake_notify_tx(port, worker);
}

static const struct xd_driver driver = {.type = "fake",
	.rx = fake_rx,
	.rewind = fake_rewind,
	.release = fake_release,
	.tx = fake_tx,
	.room = fake_room,
	.notify_rx = fake_notify_rx,
	.notify_tx = fake_notify_tx};

/* Cycles of the time stamp counter a second, as well as ten milliseconds show it. */
static uint64_t
tsc_hz(void)
{
	static uint64_t hz;
	uint64_t ns = xd_clock_ns(), tsc = rte_rdtsc();

	if (hz)
		return hz;
	while (xd_clock_ns() - ns < 10000000)
		;
	hz = (rte_rdtsc() - tsc) * XD_NS_PER_S / (xd_clock_ns() - ns);
	return hz;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct xd_worker_env env = {
		.plan = &w->published, .tsc_hz = tsc_hz(), .tsc_base = rte_rdtsc()};
	struct xd_error err;

	w->fakes = aligned_alloc(64, NB_PORTS * sizeof(*w->fakes));
	memset(w->fakes, 0, NB_PORTS * sizeof(*w->fakes));
	w->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 64, .ageing_s = 300, .node = -1}, &err);
	w->bridge.members = w->members;
	w->bridge.nb_members = NB_PORTS;
	w->plan.slow_us = LIMIT_US;
	w->plan.workers[0].queues = w->queues;
	w->plan.workers[0].nb_queues = NB_PORTS;
	for (uint16_t i = 0; i < NB_PORTS; i++) {
		struct xd_plan_port *p = &w->plan_ports[i];
		uint8_t mac[8] = {2, 0, 0, 0, 0, (uint8_t)(1 + i)};
		uint64_t key = xd_fdb_key(mac, 0);

		w->fakes[i].port.index = p->index = i;
		p->port = &w->fakes[i].port;
		p->driver = &driver;
		p->config.slow_us = LIMIT_US;
		p->bridge = &w->bridge;
		w->members[i] = i;
		w->plan.ports[i] = p;
		w->queues[i].port = w->queues[i].in = p;
		xd_fdb_learn(w->bridge.fdb, key, xd_fdb_hash(w->bridge.fdb, key), i, 0);
	}
	w->published = &w->plan;
	w->worker = create_one_worker(&env, &w->qsbr);
	/* One call is enough, and a rest is a matter of a second. */
	w->worker->watch.limits.burst = 0;
	/* From the first run on, the worker's times are known. */
	xd_worker_run(w->worker, 1);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	xd_worker_destroy(w->worker);
	xd_fdb_destroy(w->bridge.fdb);
	free(w->qsbr);
	free(w->fakes);
	free(w);
	return 0;
}

static void
send(struct world *w, unsigned from, unsigned to, unsigned n)
{
	w->fakes[from].to = to;
	w->fakes[from].sends += n;
	xd_worker_run(w->worker, 1);
}

static bool
rests(const struct world *w, unsigned port)
{
	return w->fakes[port].port.budgets[0].until_tsc != 0;
}

/* Port 1 is the only one that rests, and others do not notice. */
static void
assert_only_port_1_rests(struct world *w)
{
	unsigned nb_rx = w->fakes[1].nb_rx, nb_tx = w->fakes[1].nb_tx, nb_got = w->fakes[2].nb_got;
	const uint64_t *drops = &w->fakes[1].port.drops[0].n[XD_DROP_TOO_SLOW], before = *drops;

	assert_true(rests(w, 1));
	assert_false(rests(w, 0));
	assert_false(rests(w, 2));
	w->fakes[1].sends = 1;
	send(w, 0, 2, 5);
	assert_int_equal(w->fakes[2].nb_got, nb_got + 5);
	send(w, 0, 1, 5);
	assert_int_equal(*drops, before + 5);
	/* Nothing of its memory is touched. */
	assert_int_equal(w->fakes[1].nb_rx, nb_rx);
	assert_int_equal(w->fakes[1].nb_tx, nb_tx);
	w->fakes[1].sends = 0;
}

static void
who_receives_slowly(void **state)
{
	struct world *w = *state;

	w->fakes[1].slow_tx = true;
	/* The first time says that something is slow, the next time whose fault it is. */
	send(w, 0, 1, 1);
	assert_true(w->worker->wary);
	assert_false(rests(w, 1));
	send(w, 0, 1, 1);
	assert_int_equal(w->fakes[1].port.budgets[0].nb_slow[XD_BUDGET_TRANSMIT], 1);
	assert_only_port_1_rests(w);
}

static void
whose_ring_is_slow_to_read(void **state)
{
	struct world *w = *state;

	w->fakes[1].slow_rx = true;
	send(w, 1, 2, 1);
	send(w, 1, 2, 1);
	assert_int_equal(w->fakes[1].port.budgets[0].nb_slow[XD_BUDGET_RECEIVE], 1);
	assert_only_port_1_rests(w);
}

static void
whose_ring_is_slow_to_write(void **state)
{
	struct world *w = *state;

	w->fakes[1].slow_release = true;
	send(w, 1, 2, 1);
	send(w, 1, 2, 1);
	assert_only_port_1_rests(w);
}

static void
whose_room_is_slow_to_see(void **state)
{
	struct world *w = *state;

	w->plan_ports[1].wait_us = 1000;
	w->plan.any_waits = true;
	w->fakes[1].slow_room = true;
	send(w, 0, 1, 1);
	send(w, 0, 1, 1);
	assert_only_port_1_rests(w);
}

/* A system call: known the first time, and without being wary. */
static void
who_is_slow_to_be_told(void **state)
{
	struct world *w = *state;

	w->fakes[1].slow_notify = true;
	send(w, 0, 1, 1);
	assert_int_equal(w->fakes[1].port.budgets[0].nb_slow[XD_BUDGET_NOTIFY], 1);
	assert_only_port_1_rests(w);
}

/* What others took before a call may be taken for what they took of it, but only once. */
static void
a_busy_core_hides_one_call(void **state)
{
	struct world *w = *state;

	w->fakes[1].slow_notify = true;
	w->worker->watch.base_tsc -= 10 * tsc_hz();
	send(w, 0, 1, 1);
	assert_false(rests(w, 1));
	send(w, 0, 1, 1);
	assert_only_port_1_rests(w);
	/* Nor does what others took long before. */
	w->worker->watch.base_tsc -= 10 * tsc_hz();
	w->fakes[0].slow_notify = true;
	send(w, 2, 0, 1);
	assert_true(rests(w, 0));
}

/* A transmit that reads the sender's memory does not say whose fault it is; then the sender's is
 * read apart. */
static void
memory_of_sender_or_receiver(void **state)
{
	struct world *w = *state;

	w->fakes[0].long_frames = true;
	w->fakes[1].slow_tx = true;
	for (unsigned i = 0; i < 2; i++) {
		send(w, 0, 1, XD_BATCH);
		assert_false(rests(w, 0));
		assert_false(rests(w, 1));
		assert_ptr_equal(w->fakes[1].seen, w->fakes[0].memory[XD_BATCH - 1]);
	}
	send(w, 0, 1, XD_BATCH);
	assert_in_range((uintptr_t)w->fakes[1].seen, (uintptr_t)w->worker->watch.copy,
		(uintptr_t)w->worker->watch.copy + XD_BATCH_BYTES);
	assert_int_equal(w->fakes[1].nb_got, 3 * XD_BATCH);
	assert_only_port_1_rests(w);
}

/* Slow again when nobody looks any more, it would never be known whose that is. */
static void
who_is_slow_once_in_a_while(void **state)
{
	struct world *w = *state;
	const uint64_t share = VERY_US * (tsc_hz() / 1000000) * XD_BUDGET_SHARE;
	const struct xd_budget *from = w->fakes[0].port.budgets, *other = w->fakes[2].port.budgets;
	uint64_t now = rte_rdtsc();

	assert_true(share > XD_WATCH_S * tsc_hz());
	w->fakes[0].long_frames = true;
	w->fakes[1].slow_tx = w->fakes[1].very = true;
	send(w, 0, 1, XD_BATCH);
	assert_true(w->worker->watch.until_tsc > now + share);
	assert_true(from->copy_until_tsc == 0);
	now = rte_rdtsc();
	w->worker->watch.until_tsc = now + tsc_hz();
	send(w, 0, 1, XD_BATCH);
	assert_true(from->copy_until_tsc > now + share);
	assert_true(w->worker->watch.until_tsc > now + share);
	/* Others' frames stay where they are. */
	assert_true(other->copy_until_tsc == 0);
	send(w, 0, 1, XD_BATCH);
	assert_only_port_1_rests(w);
}

static void
a_rest_ends(void **state)
{
	struct world *w = *state;
	unsigned told;

	w->fakes[1].slow_notify = true;
	send(w, 0, 1, 1);
	assert_true(rests(w, 1));
	w->fakes[1].slow_notify = false;
	told = w->fakes[1].nb_told;
	send(w, 0, 1, 1);
	assert_int_equal(w->fakes[1].nb_told, told);
	assert_true(xd_watch_rest_ms(w->worker) > 0);
	w->fakes[1].port.budgets[0].until_tsc = w->worker->watch.resume_tsc = rte_rdtsc();
	xd_worker_run(w->worker, 1);
	assert_false(rests(w, 1));
	assert_int_equal(xd_watch_rest_ms(w->worker), -1);
	/* Told of what it may have missed, in both directions. */
	assert_int_equal(w->fakes[1].nb_told, told + 2);
	send(w, 0, 1, 1);
	assert_int_equal(w->fakes[1].nb_got, 2);
	/* Nothing happens any more: no clock is looked at for it. */
	w->worker->watch.until_tsc = 0;
	xd_worker_run(w->worker, 1);
	assert_false(w->worker->wary);
}

/* Each port by its own limit, of which the least makes the worker look. */
static void
what_is_slow_is_set_by_port(void **state)
{
	struct world *w = *state;

	w->plan_ports[1].config.slow_us = w->plan_ports[2].config.slow_us = XD_BUDGET_CALL_MAX_US;
	w->fakes[0].slow_tx = w->fakes[1].slow_tx = true;
	for (unsigned i = 0; i < 3; i++)
		send(w, 2, 1, 1);
	assert_true(w->worker->wary);
	assert_int_equal(w->fakes[1].port.budgets[0].nb_slow[XD_BUDGET_TRANSMIT], 0);
	send(w, 2, 0, 1);
	assert_int_equal(w->fakes[0].port.budgets[0].nb_slow[XD_BUDGET_TRANSMIT], 1);
	assert_true(rests(w, 0));
	assert_false(rests(w, 1));
	/* A plan in which none is so strict. */
	w->plan.slow_us = XD_BUDGET_CALL_MAX_US;
	w->worker->wary = false;
	send(w, 2, 1, 1);
	assert_false(w->worker->wary);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_calls_cost_nothing),
		cmocka_unit_test(a_burst_is_forgiven_in_time),
		cmocka_unit_test(no_port_has_more_than_its_share),
		cmocka_unit_test(no_rest_is_for_ever),
		cmocka_unit_test(what_others_took_is_not_its_own),
		cmocka_unit_test_setup_teardown(who_receives_slowly, setup, teardown),
		cmocka_unit_test_setup_teardown(whose_ring_is_slow_to_read, setup, teardown),
		cmocka_unit_test_setup_teardown(whose_ring_is_slow_to_write, setup, teardown),
		cmocka_unit_test_setup_teardown(whose_room_is_slow_to_see, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_slow_to_be_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_busy_core_hides_one_call, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_of_sender_or_receiver, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_slow_is_set_by_port, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_slow_once_in_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(a_rest_ends, setup, teardown),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
