/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's turns over ports whose rings are arrays: what happens when one of them is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_cycles.h>

#include "bridge/vlan.h"
#include "one_worker.h"
#include "worker/worker.h"

#define NB_PORTS  4
#define RING      256
/* A clock by which a microsecond is a million cycles: what shall not be over is not. */
#define TSC_HZ    1000000000000ull
#define LONG_US   4000000000u
#define SHORT_US  1u
#define SHORT_TSC 1000000u

/* One guest: what it sends, and what it has received. */
struct fake {
	struct xd_port port; /* first */
	unsigned head, tail; /* of sent: numbers of frames given back, and sent */
	struct {
		uint8_t dst, src, vlan; /* 0xff: broadcast; 0: untagged */
	} sent[RING];
	unsigned room; /* buffers that it has */
	unsigned need; /* that each frame takes */
	unsigned n;
	struct {
		unsigned id;
		bool tagged;
	} got[4 * RING];
	unsigned nb_rx, nb_tx, nb_room; /* calls */
	bool made_up;                   /* what it sends lies in no ring */
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

static uint16_t
fake_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct fake *p = (struct fake *)port;

	(void)queue;
	p->nb_rx++;
	batch->n = 0;
	for (unsigned i = p->head; i < p->tail && batch->n < XD_BATCH; i++) {
		struct xd_frame *f = &batch->frames[batch->n++];
		uint8_t *data = f->buf + XD_HEADROOM;
		unsigned at = 14;

		xd_frame_init(f, 64, 64, 0);
		memset(data, 0, 64);
		memset(data, p->sent[i].dst == 0xff ? 0xff : 0, 6);
		data[0] |= 2;
		data[5] = p->sent[i].dst;
		data[6] = 2;
		data[11] = p->sent[i].src;
		data[12] = 8;
		if (p->sent[i].vlan) {
			data[12] = 0x81;
			data[15] = p->sent[i].vlan;
			data[16] = 8;
			at = 18;
		}
		data[at] = (uint8_t)i;
		data[at + 1] = (uint8_t)(i >> 8);
	}
	batch->nb_done = p->made_up ? 0 : batch->n;
	if (p->made_up)
		p->head += batch->n;
	return batch->n;
}

static void
fake_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	(void)port;
	(void)queue;
	assert_true(n < batch->n);
	batch->n = batch->nb_done = n;
}

static void
fake_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)queue;
	((struct fake *)port)->head += batch->nb_done;
}

static uint16_t
fake_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct fake *p = (struct fake *)port;
	uint16_t i;

	assert_true(n > 0);
	p->nb_tx++;
	for (i = 0; i < n && p->room >= p->need; i++, p->room -= p->need) {
		const uint8_t *data = xd_frame_data(frames[i]);
		bool tagged = xd_vlan_is_tagged(data);
		unsigned at = tagged ? 18 : 14;

		assert_true(p->n < RTE_DIM(p->got));
		p->got[p->n].id = data[at] | (unsigned)data[at + 1] << 8;
		p->got[p->n++].tagged = tagged;
		port->counters[worker].tx_frames++;
	}
	return i;
}

static uint16_t
fake_room(struct xd_port *port, unsigned worker, uint16_t wanted)
{
	struct fake *p = (struct fake *)port;

	(void)worker;
	p->nb_room++;
	return (uint16_t)RTE_MIN(p->room, (unsigned)wanted);
}

static const struct xd_driver guest = {.type = "fake",
	.rx = fake_rx,
	.rewind = fake_rewind,
	.release = fake_release,
	.tx = fake_tx,
	.room = fake_room};
static const struct xd_driver nic = {
	.type = "fake-nic", .rx = fake_rx, .release = fake_release, .tx = fake_tx};

/* Address 1 + i is behind port i, and the worker polls all of them. */
static void
learn_all(struct world *w)
{
	for (uint16_t i = 0; i < NB_PORTS; i++) {
		uint8_t mac[8] = {2, 0, 0, 0, 0, (uint8_t)(1 + i)};

		for (uint16_t vlan = 0; vlan <= 10; vlan += 10) {
			uint64_t key = xd_fdb_key(mac, vlan);

			xd_fdb_learn(w->bridge.fdb, key, xd_fdb_hash(w->bridge.fdb, key), i, 0);
		}
	}
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct xd_worker_env env = {.plan = &w->published, .tsc_hz = TSC_HZ};
	struct xd_error err;

	w->fakes = aligned_alloc(64, NB_PORTS * sizeof(*w->fakes));
	memset(w->fakes, 0, NB_PORTS * sizeof(*w->fakes));
	w->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 1024, .ageing_s = 300, .node = -1}, &err);
	w->bridge.members = w->members;
	w->bridge.nb_members = NB_PORTS;
	w->plan.slow_us = XD_BUDGET_CALL_US;
	w->plan.workers[0].queues = w->queues;
	w->plan.workers[0].nb_queues = NB_PORTS;
	for (uint16_t i = 0; i < NB_PORTS; i++) {
		struct xd_plan_port *p = &w->plan_ports[i];

		w->fakes[i].room = 100000;
		w->fakes[i].need = 1;
		w->fakes[i].port.index = p->index = i;
		p->port = &w->fakes[i].port;
		p->driver = &guest;
		p->config.slow_us = XD_BUDGET_CALL_US;
		p->bridge = &w->bridge;
		memset(p->tagged, 0xff, sizeof(p->tagged));
		p->tagged[0] &= ~1ull;
		w->members[i] = i;
		w->plan.ports[i] = p;
		w->queues[i].port = w->queues[i].in = p;
	}
	learn_all(w);
	w->published = &w->plan;
	env.tsc_base = rte_rdtsc();
	w->worker = create_one_worker(&env, &w->qsbr);
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
make_wait(struct world *w, unsigned port, uint32_t wait_us)
{
	w->plan_ports[port].wait_us = wait_us;
	w->plan.any_waits = true;
}

/* n frames from one port to address 1 + dst, or to all. */
static void
send(struct world *w, unsigned from, unsigned dst, unsigned n)
{
	struct fake *p = &w->fakes[from];

	for (unsigned i = 0; i < n; i++) {
		assert_true(p->tail < RING);
		p->sent[p->tail].dst = dst == 0xff ? 0xff : (uint8_t)(1 + dst);
		p->sent[p->tail++].src = (uint8_t)(1 + from);
	}
}

static void
send_tagged(struct world *w, unsigned from, unsigned dst, uint8_t vlan)
{
	send(w, from, dst, 1);
	w->fakes[from].sent[w->fakes[from].tail - 1].vlan = vlan;
}

static void
run(struct world *w)
{
	xd_worker_run(w->worker, 1);
}

static uint64_t
drops(const struct world *w, unsigned port, enum xd_drop reason)
{
	return w->fakes[port].port.drops[0].n[reason];
}

static const struct xd_counters *
counters(const struct world *w, unsigned port)
{
	return &w->fakes[port].port.counters[0];
}

/* What a port got: the sender's frames with these numbers, in order. */
static void
assert_got(const struct world *w, unsigned port, unsigned first, unsigned n)
{
	const struct fake *p = &w->fakes[port];

	assert_int_equal(p->n, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(p->got[i].id, first + i);
}

/* The frames at the head of a port's queue have waited for so long that they need not any more. */
static void
let_time_pass(struct world *w, unsigned from)
{
	assert_true(w->queues[from].wait_since_tsc != 0);
	while (rte_rdtsc() - w->queues[from].wait_since_tsc < SHORT_TSC)
		;
}

static void
all_goes_through(void **state)
{
	struct world *w = *state;

	send(w, 0, 1, 100);
	assert_int_equal(xd_worker_run(w->worker, 32), 100);
	assert_got(w, 1, 0, 100);
	assert_int_equal(w->fakes[0].head, 100);
	assert_int_equal(counters(w, 0)->rx_frames, 100);
	assert_int_equal(counters(w, 0)->waits, 0);
	assert_int_equal(w->fakes[1].nb_room, 0);
}

static void
a_full_ring_drops(void **state)
{
	struct world *w = *state;
	struct fake *full = &w->fakes[1];

	full->room = 10;
	send(w, 0, 1, 32);
	run(w);
	assert_got(w, 1, 0, 10);
	assert_int_equal(drops(w, 1, XD_DROP_RING_FULL), 22);
	assert_int_equal(full->nb_tx, 1 + XD_WORKER_TX_RETRIES);

	/* From then on it is not waited for, whether it takes nothing or a little. */
	for (unsigned i = 0; i < 3; i++) {
		full->nb_tx = 0;
		full->room = i;
		send(w, 0, 1, 32);
		run(w);
		assert_int_equal(full->nb_tx, 1);
	}
	assert_int_equal(drops(w, 1, XD_DROP_RING_FULL), 22 + 32 + 31 + 30);
	/* Until it takes all. */
	full->room = 32;
	send(w, 0, 1, 32);
	run(w);
	full->nb_tx = 0;
	send(w, 0, 1, 1);
	run(w);
	assert_int_equal(full->nb_tx, 1 + XD_WORKER_TX_RETRIES);
	assert_int_equal(drops(w, 1, XD_DROP_RING_FULL), 22 + 32 + 31 + 30 + 1);
	assert_int_equal(full->nb_room, 0);
}

static void
nothing_is_lost_to_a_slow_reader(void **state)
{
	struct world *w = *state;
	struct fake *slow = &w->fakes[1];
	unsigned turns = 0;

	make_wait(w, 1, LONG_US);
	send(w, 0, 1, 200);
	slow->room = 0;
	while (slow->n < 200) {
		slow->room += turns++ % 2 ? 7 : 0;
		run(w);
		assert_int_equal(slow->room, 0);
		assert_int_equal(w->fakes[0].head, slow->n);
		assert_int_equal(counters(w, 0)->rx_frames, slow->n);
		assert_int_equal(counters(w, 0)->rx_bytes, slow->n * 64);
		if (slow->n == 196)
			slow->room = 4;
	}
	assert_got(w, 1, 0, 200);
	assert_true(counters(w, 0)->waits > 0);
	for (unsigned r = 0; r < XD_DROP_REASONS; r++)
		assert_int_equal(drops(w, 1, (enum xd_drop)r), 0);
	/* All there is has passed: nothing waits, and the worker may sleep. */
	run(w);
	assert_int_equal(w->worker->nb_waiting, 0);
	assert_int_equal(w->queues[0].wait_since_tsc, 0);
}

/* A guest whose frames take several buffers each, more than it says there is room for. */
static void
long_frames_wait_too(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	w->fakes[1].need = 3;
	w->fakes[1].room = 0;
	for (unsigned i = 0; i < 20; i++) {
		send(w, 0, 1, 2);
		send(w, 0, 2, 1);
	}
	for (unsigned i = 0; i < 60; i++) {
		run(w);
		assert_int_equal(w->fakes[0].head, w->fakes[1].n + w->fakes[2].n);
		assert_int_equal(counters(w, 0)->rx_frames, w->fakes[0].head);
		w->fakes[1].room += 2;
	}
	run(w);
	assert_int_equal(w->fakes[1].n, 40);
	assert_int_equal(w->fakes[2].n, 20);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(w->fakes[1].got[i].id, i / 2 * 3 + i % 2);
	assert_int_equal(drops(w, 1, XD_DROP_RING_FULL), 0);
	/* Nor do they wait for ever. */
	w->fakes[1].room = 2;
	send(w, 0, 1, 1);
	send(w, 0, 2, 1);
	run(w);
	assert_int_equal(w->fakes[0].head, 60);
	w->plan_ports[1].wait_us = SHORT_US;
	let_time_pass(w, 0);
	run(w);
	assert_int_equal(w->fakes[0].head, 62);
	assert_int_equal(drops(w, 1, XD_DROP_WAITED), 1);
	assert_int_equal(w->fakes[2].n, 21);
}

/* When several ports are waited for, no frame comes twice to any of them. */
static void
long_floods_come_once(void **state)
{
	struct world *w = *state;

	for (unsigned i = 1; i < NB_PORTS; i++) {
		make_wait(w, i, LONG_US);
		w->fakes[i].need = 2;
		w->fakes[i].room = 10 - i;
	}
	send(w, 0, 0xff, 8);
	for (unsigned turn = 0; turn < 20; turn++) {
		run(w);
		for (unsigned i = 1; i < NB_PORTS; i++)
			w->fakes[i].room += turn % (i + 1);
	}
	assert_int_equal(w->fakes[0].head, 8);
	for (unsigned i = 1; i < NB_PORTS; i++) {
		const struct fake *p = &w->fakes[i];

		assert_int_equal(p->n + drops(w, i, XD_DROP_RING_FULL), 8);
		for (unsigned j = 1; j < p->n; j++)
			assert_true(p->got[j].id > p->got[j - 1].id);
	}
}

static void
others_go_on(void **state)
{
	struct world *w = *state;
	unsigned nb_rx;
	uint64_t busy;

	make_wait(w, 1, LONG_US);
	w->fakes[1].room = 0;
	send(w, 0, 1, 40);
	run(w);
	nb_rx = w->fakes[0].nb_rx;
	for (unsigned i = 0; i < 6; i++) {
		send(w, 2, 3, 32);
		run(w);
	}
	assert_got(w, 3, 0, 192);
	assert_int_equal(drops(w, 3, XD_DROP_RING_FULL), 0);
	/* The queue that waits costs a look at the full ring, and no receive. */
	assert_int_equal(w->fakes[0].nb_rx, nb_rx);
	assert_int_equal(w->fakes[0].head, 0);
	assert_int_equal(w->fakes[1].nb_tx, 0);
	/* Its worker is not idle, although no frame passes. */
	busy = w->worker->busy_tsc;
	assert_int_equal(xd_worker_run(w->worker, 1), 0);
	assert_int_equal(w->worker->nb_waiting, 1);
	assert_true(w->worker->busy_tsc > busy);
	/* There is room again. */
	w->fakes[1].room = 100;
	xd_worker_run(w->worker, 8);
	assert_got(w, 1, 0, 40);
	busy = w->worker->busy_tsc;
	run(w);
	run(w);
	assert_int_equal(w->worker->nb_waiting, 0);
	assert_int_equal(w->worker->busy_tsc, busy);
}

/* Before the first frame that has to stay, frames pass, wherever they go; behind it none does. */
static void
order_is_kept(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	w->fakes[1].room = 2;
	send(w, 0, 2, 3);
	send(w, 0, 1, 3);
	send(w, 0, 2, 3);
	run(w);
	assert_got(w, 2, 0, 3);
	assert_got(w, 1, 3, 2);
	assert_int_equal(w->fakes[0].head, 5);
	assert_int_equal(counters(w, 0)->rx_frames, 5);
	assert_int_equal(counters(w, 0)->waits, 1);
	w->fakes[1].room = 2;
	run(w);
	assert_got(w, 1, 3, 3);
	assert_int_equal(w->fakes[2].n, 6);
	assert_int_equal(w->fakes[2].got[3].id, 6);
	assert_int_equal(counters(w, 0)->rx_frames, 9);
}

static void
long_enough(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	w->fakes[1].room = 0;
	send(w, 0, 1, 2);
	send(w, 0, 2, 2);
	send(w, 0, 1, 2);
	run(w);
	assert_int_equal(w->fakes[0].head, 0);
	w->plan_ports[1].wait_us = SHORT_US;
	let_time_pass(w, 0);
	w->fakes[1].room = 1;
	run(w);
	/* What fits passes, the others go where they were going; the rest is dropped. */
	assert_got(w, 1, 0, 1);
	assert_got(w, 2, 2, 2);
	assert_int_equal(drops(w, 1, XD_DROP_WAITED), 3);
	assert_int_equal(drops(w, 1, XD_DROP_RING_FULL), 0);
	assert_int_equal(drops(w, 2, XD_DROP_WAITED), 0);
	assert_int_equal(w->fakes[0].head, 6);
	assert_int_equal(counters(w, 0)->rx_frames, 6);
	assert_int_equal(w->queues[0].wait_since_tsc, 0);
	/* And the time begins anew for those that come next. */
	w->plan_ports[1].wait_us = LONG_US;
	send(w, 0, 1, 1);
	run(w);
	run(w);
	assert_int_equal(w->fakes[0].head, 6);
	assert_int_equal(drops(w, 1, XD_DROP_WAITED), 3);
}

/* Progress starts the clock anew, too: it is that of the frame at the head. */
static void
the_clock_is_the_first_frames(void **state)
{
	struct world *w = *state;
	uint64_t since;

	make_wait(w, 1, LONG_US);
	w->fakes[1].room = 0;
	send(w, 0, 1, 3);
	run(w);
	since = w->queues[0].wait_since_tsc;
	run(w);
	assert_int_equal(w->queues[0].wait_since_tsc, since);
	w->fakes[1].room = 1;
	run(w);
	assert_true(w->queues[0].wait_since_tsc > since);
	assert_int_equal(w->fakes[0].head, 1);
}

/* Two full ports, one of which is to be waited for longer. */
static void
each_port_has_its_time(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	make_wait(w, 2, LONG_US);
	w->fakes[1].room = w->fakes[2].room = 0;
	send(w, 0, 1, 2);
	send(w, 0, 2, 1);
	send(w, 0, 1, 1);
	run(w);
	w->plan_ports[1].wait_us = SHORT_US;
	let_time_pass(w, 0);
	run(w);
	assert_int_equal(drops(w, 1, XD_DROP_WAITED), 2);
	assert_int_equal(drops(w, 2, XD_DROP_WAITED), 0);
	assert_int_equal(w->fakes[0].head, 2);
	/* The other way round, the first frame still waits, and nothing is dropped before it. */
	w->plan_ports[1].wait_us = LONG_US;
	w->plan_ports[2].wait_us = LONG_US;
	run(w);
	assert_int_equal(w->fakes[0].head, 2);
	w->plan_ports[1].wait_us = SHORT_US;
	let_time_pass(w, 0);
	run(w);
	assert_int_equal(w->fakes[0].head, 2);
	assert_int_equal(drops(w, 1, XD_DROP_WAITED), 2);
	w->fakes[2].room = 10;
	w->fakes[1].room = 10;
	run(w);
	assert_got(w, 2, 2, 1);
	assert_got(w, 1, 3, 1);
}

static void
two_ports_are_late(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	make_wait(w, 2, LONG_US);
	w->fakes[1].room = 0;
	w->fakes[2].room = 1;
	send(w, 0, 1, 2);
	send(w, 0, 2, 3);
	run(w);
	assert_int_equal(w->fakes[0].head, 0);
	w->plan_ports[1].wait_us = w->plan_ports[2].wait_us = SHORT_US;
	let_time_pass(w, 0);
	run(w);
	assert_int_equal(drops(w, 1, XD_DROP_WAITED), 2);
	assert_int_equal(drops(w, 2, XD_DROP_WAITED), 2);
	assert_int_equal(drops(w, 2, XD_DROP_RING_FULL), 0);
	assert_got(w, 2, 2, 1);
	assert_int_equal(w->fakes[0].head, 5);
}

/* A frame to several ports waits for all of them or is sent to all of them. */
static void
floods_are_whole(void **state)
{
	struct world *w = *state;

	make_wait(w, 2, LONG_US);
	w->fakes[2].room = 1;
	/* Port 3 wants them tagged: clones. */
	for (unsigned i = 0; i < 3; i++)
		w->plan_ports[i].pvid = w->plan_ports[i].untagged_vlan = 10;
	w->plan_ports[3].pvid = w->plan_ports[3].untagged_vlan = XD_VLAN_NONE;
	send(w, 0, 0xff, 3);
	run(w);
	for (unsigned i = 1; i < NB_PORTS; i++)
		assert_got(w, i, 0, 1);
	assert_false(w->fakes[1].got[0].tagged);
	assert_true(w->fakes[3].got[0].tagged);
	w->fakes[2].room = 2;
	run(w);
	for (unsigned i = 1; i < NB_PORTS; i++)
		assert_got(w, i, 0, 3);

	/* The full port is the one that gets the clones. */
	make_wait(w, 3, LONG_US);
	w->fakes[2].room = 100;
	w->fakes[3].room = 1;
	send(w, 0, 0xff, 2);
	run(w);
	for (unsigned i = 1; i < NB_PORTS; i++)
		assert_got(w, i, 0, 4);
	/* After too long only the full one does without. */
	w->plan_ports[3].wait_us = SHORT_US;
	let_time_pass(w, 0);
	run(w);
	assert_got(w, 1, 0, 5);
	assert_got(w, 2, 0, 5);
	assert_got(w, 3, 0, 4);
	assert_int_equal(drops(w, 3, XD_DROP_WAITED), 1);
	assert_int_equal(drops(w, 2, XD_DROP_WAITED), 0);
}

/* Frames whose form was changed before they had to wait are counted as they came, and frames that
 * the bridge drops are counted once, however often they come. */
static void
what_waits_is_not_counted(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	w->plan_ports[1].pvid = w->plan_ports[1].untagged_vlan = 10;
	w->fakes[1].room = 0;
	send_tagged(w, 0, 1, 10);
	send(w, 0, 0, 1); /* to itself */
	send(w, 0, 0xff, 1);
	for (unsigned i = 0; i < 5; i++) {
		w->queues[0].wait_since_tsc = 0;
		run(w);
		assert_int_equal(w->fakes[0].head, 0);
		assert_int_equal(counters(w, 0)->rx_frames, 0);
		assert_int_equal(counters(w, 0)->rx_bytes, 0);
		assert_int_equal(drops(w, 0, XD_DROP_SAME_PORT), 0);
	}
	w->fakes[1].room = 10;
	run(w);
	assert_int_equal(w->fakes[1].n, 1); /* the other is of no VLAN */
	assert_false(w->fakes[1].got[0].tagged);
	assert_int_equal(counters(w, 0)->rx_frames, 3);
	assert_int_equal(counters(w, 0)->rx_bytes, 3 * 64);
	assert_int_equal(drops(w, 0, XD_DROP_SAME_PORT), 1);
}

/* A NIC's queue cannot be rewound: some retries, and it is dropped. */
static void
a_nic_does_not_wait(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	w->plan_ports[0].driver = &nic;
	w->fakes[1].room = 3;
	send(w, 0, 1, 5);
	run(w);
	assert_got(w, 1, 0, 3);
	assert_int_equal(w->fakes[1].nb_tx, 1 + XD_WORKER_TX_RETRIES);
	assert_int_equal(drops(w, 1, XD_DROP_WAITED), 2);
	assert_int_equal(drops(w, 1, XD_DROP_RING_FULL), 0);
	assert_int_equal(w->fakes[0].head, 5);
}

/* Nor can a frame that the driver announces a guest with. */
static void
what_lies_in_no_ring_does_not_wait(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	w->fakes[0].made_up = true;
	w->fakes[1].room = 0;
	send(w, 0, 0xff, 1);
	run(w);
	assert_int_equal(w->fakes[2].n, 1);
	assert_int_equal(drops(w, 1, XD_DROP_RING_FULL), 1);
	assert_int_equal(counters(w, 0)->rx_frames, 1);
	assert_int_equal(w->worker->nb_waiting, 0);
}

/* The sender is gone, with what it had sent: nobody waits any more. */
static void
a_sender_that_is_gone(void **state)
{
	struct world *w = *state;

	make_wait(w, 1, LONG_US);
	w->fakes[1].room = 0;
	send(w, 0, 1, 5);
	run(w);
	assert_int_equal(w->worker->nb_waiting, 1);
	w->fakes[0].tail = w->fakes[0].head;
	w->fakes[1].room = 1;
	run(w);
	assert_int_equal(w->worker->nb_waiting, 0);
	assert_int_equal(w->queues[0].wait_since_tsc, 0);

	/* And so when it is the receiver that leaves the plan. */
	w->fakes[1].room = 0;
	send(w, 0, 1, 5);
	run(w);
	assert_int_equal(w->worker->nb_waiting, 1);
	w->plan.ports[1] = NULL;
	w->bridge.nb_members = 1;
	run(w);
	assert_int_equal(w->worker->nb_waiting, 0);
	assert_int_equal(drops(w, 0, XD_DROP_NO_PORT), 5);
}

/* Senders to one slow reader take turns. */
static void
senders_take_turns(void **state)
{
	struct world *w = *state;

	make_wait(w, 3, LONG_US);
	w->fakes[3].room = 0;
	for (unsigned i = 0; i < 3; i++)
		send(w, i, 3, 64);
	for (unsigned i = 0; i < 30; i++) {
		run(w);
		w->fakes[3].room = 2;
	}
	run(w);
	assert_int_equal(w->fakes[3].n, 60);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(w->fakes[i].head, 12, 28);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_goes_through, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_ring_drops, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_lost_to_a_slow_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(long_frames_wait_too, setup, teardown),
		cmocka_unit_test_setup_teardown(long_floods_come_once, setup, teardown),
		cmocka_unit_test_setup_teardown(others_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(order_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(long_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(the_clock_is_the_first_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(each_port_has_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(two_ports_are_late, setup, teardown),
		cmocka_unit_test_setup_teardown(floods_are_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_is_not_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_nic_does_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_lies_in_no_ring_does_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sender_that_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(senders_take_turns, setup, teardown),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
