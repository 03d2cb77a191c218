/* SPDX-License-Identifier: BSD-3-Clause */
/* LACP's frames on their way out of a bond, while other frames keep its members' rings full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_cycles.h>

#include "drivers/bond/slow.h"
#include "one_worker.h"
#include "worker/worker.h"

enum { SENDER, FIRST, SECOND, BOND, NB_PORTS };

struct fake {
	struct xd_port port; /* first */
	unsigned room;
	unsigned nb_data, nb_slow; /* frames that it got */
};

struct world {
	struct fake *fakes;
	struct xd_bond bond;
	struct xd_bond_slow *slow;
	struct xd_plan_port plan_ports[NB_PORTS];
	uint16_t members[2];
	struct xd_plan_bridge bridge;
	struct xd_plan_queue queues[2];
	struct xd_plan plan;
	const struct xd_plan *published;
	struct rte_rcu_qsbr *qsbr;
	struct xd_worker *worker;
};

/* For the driver, which is given a port alone. */
struct bond_port {
	struct fake fake; /* first */
	struct world *world;
};

/* A batch of frames of many flows, whenever it is asked. */
static uint16_t
sender_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	for (batch->n = 0; batch->n < XD_BATCH; batch->n++) {
		struct xd_frame *f = &batch->frames[batch->n];

		xd_frame_init(f, 64, 64, 0);
		memset(f->buf + XD_HEADROOM, 0, 64);
		f->buf[XD_HEADROOM] = 2;
		f->buf[XD_HEADROOM + 5] = 9;
		f->buf[XD_HEADROOM + 6] = 2;
		f->buf[XD_HEADROOM + 11] = (uint8_t)(100 + batch->n);
		f->buf[XD_HEADROOM + 12] = 8;
	}
	batch->nb_done = batch->n;
	return batch->n;
}

static void
sender_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	(void)batch;
}

static uint16_t
bond_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)queue;
	batch->n = batch->nb_done = 0;
	xd_bond_slow_rx(((struct bond_port *)port)->world->slow, batch);
	return batch->n;
}

static void
bond_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct world *w = ((struct bond_port *)port)->world;

	(void)queue;
	xd_bond_slow_release(w->slow, &w->bond, batch);
}

static uint16_t
member_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct fake *p = (struct fake *)port;
	uint16_t i;

	(void)worker;
	for (i = 0; i < n && p->room; i++, p->room--) {
		if (xd_lacp_is_slow(xd_frame_data(frames[i])))
			p->nb_slow++;
		else
			p->nb_data++;
	}
	return i;
}

static const struct xd_driver sender = {
	.type = "sender", .rx = sender_rx, .release = sender_release, .tx = member_tx};
static const struct xd_driver bond = {
	.type = "bond", .rx = bond_rx, .release = bond_release, .tx = member_tx};

static void
make_ports(struct world *w)
{
	for (uint16_t i = 0; i < NB_PORTS; i++) {
		struct xd_plan_port *p = &w->plan_ports[i];

		p->port = i == BOND ? &((struct bond_port *)&w->fakes[i])->fake.port
				    : &w->fakes[i].port;
		p->port->index = p->index = i;
		p->driver = i == BOND ? &bond : &sender;
		p->config.slow_us = XD_BUDGET_CALL_MAX_US;
		p->bridge = i == SENDER || i == BOND ? &w->bridge : NULL;
		w->plan.ports[i] = p;
	}
	((struct bond_port *)&w->fakes[BOND])->world = w;
	memset(w->plan_ports[BOND].members, 0xff, sizeof(w->plan_ports[BOND].members));
	for (uint8_t m = 0; m < 2; m++) {
		w->plan_ports[BOND].members[m] = FIRST + m;
		w->plan_ports[FIRST + m].member_of = &w->plan_ports[BOND];
		w->plan_ports[FIRST + m].member = m;
	}
	w->plan_ports[BOND].bond = &w->bond;
	w->plan.any_bonds = true;
}

static int
setup(void **state)
{
	static const uint8_t mac[8] = {2, 0, 0, 0, 0, 9};
	struct world *w = calloc(1, sizeof(*w));
	struct xd_worker_env env = {.plan = &w->published, .tsc_hz = 2000000000};
	uint64_t key = xd_fdb_key(mac, 0);
	struct xd_error err;

	w->fakes = aligned_alloc(64, (NB_PORTS + 1) * sizeof(*w->fakes));
	memset(w->fakes, 0, (NB_PORTS + 1) * sizeof(*w->fakes));
	w->slow = xd_bond_slow_create();
	xd_bond_init(&w->bond, XD_BOND_BALANCE, 2);
	xd_bond_update(&w->bond, 3);
	w->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 1024, .ageing_s = 300, .node = -1}, &err);
	xd_fdb_learn(w->bridge.fdb, key, xd_fdb_hash(w->bridge.fdb, key), BOND, 0);
	w->members[0] = SENDER;
	w->members[1] = BOND;
	w->bridge.members = w->members;
	w->bridge.nb_members = 2;
	make_ports(w);
	/* The worst order: others' frames come first, and take what buffers there are. */
	w->queues[0].port = w->queues[0].in = &w->plan_ports[SENDER];
	w->queues[1].port = w->queues[1].in = &w->plan_ports[BOND];
	w->plan.slow_us = XD_BUDGET_CALL_MAX_US;
	w->plan.workers[0].queues = w->queues;
	w->plan.workers[0].nb_queues = 2;
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
	xd_bond_slow_destroy(w->slow);
	free(w->qsbr);
	free(w->fakes);
	free(w);
	return 0;
}

static void
put(struct world *w, unsigned member)
{
	uint8_t *place = xd_bond_slow_place(w->slow, member, XD_BOND_SLOW_LACP);

	assert_non_null(place);
	xd_lacp_encode(place, &(struct xd_lacp_pdu){0});
	xd_bond_slow_put(w->slow, member, XD_BOND_SLOW_LACP);
	assert_true(xd_bond_slow_again(w->slow));
}

static bool
is_sent(struct world *w, unsigned member)
{
	return xd_bond_slow_place(w->slow, member, XD_BOND_SLOW_LACP) != NULL;
}

/* A device that gives one buffer back a round, for which 32 frames a round compete. */
static void
no_load_keeps_it(void **state)
{
	struct world *w = *state;

	w->fakes[FIRST].room = w->fakes[SECOND].room = 5;
	for (unsigned i = 0; i < 20; i++)
		xd_worker_run(w->worker, 1);
	assert_int_equal(w->fakes[FIRST].room, 0);
	for (unsigned n = 1; n < 100; n++) {
		unsigned data = w->fakes[FIRST].nb_data;

		put(w, 0);
		for (unsigned i = 0; i < 2; i++) {
			w->fakes[FIRST].room++;
			xd_worker_run(w->worker, 1);
		}
		assert_int_equal(w->fakes[FIRST].nb_slow, n);
		assert_true(is_sent(w, 0));
		/* And then the others have theirs. */
		w->fakes[FIRST].room++;
		xd_worker_run(w->worker, 1);
		assert_int_equal(w->fakes[FIRST].nb_data, data + 2);
	}
	assert_true(w->plan_ports[FIRST].port->drops[0].n[XD_DROP_RING_FULL] > 0);
}

/* A device that gives none back is waited for a while only, and costs the other member nothing. */
static void
a_dead_member(void **state)
{
	struct world *w = *state;
	unsigned data;

	w->fakes[SECOND].room = UINT32_MAX;
	put(w, 0);
	put(w, 1);
	assert_true(xd_bond_slow_arm(w->slow, &w->bond));
	xd_worker_run(w->worker, 1);
	assert_int_equal(w->fakes[SECOND].nb_slow, 1);
	assert_int_equal(w->bond.waits, 1);
	assert_true(xd_bond_slow_arm(w->slow, &w->bond));
	data = w->fakes[SECOND].nb_data;
	while (w->bond.waits)
		xd_worker_run(w->worker, 1);
	assert_true(w->fakes[SECOND].nb_data > data);
	assert_false(xd_bond_slow_arm(w->slow, &w->bond));
	assert_false(is_sent(w, 0));
	/* It is tried still, and first of all once control says so. */
	assert_true(xd_bond_slow_again(w->slow));
	assert_true(xd_bond_slow_arm(w->slow, &w->bond));
	xd_worker_run(w->worker, 1);
	w->fakes[FIRST].room = 1;
	xd_worker_run(w->worker, 1);
	assert_int_equal(w->fakes[FIRST].nb_slow, 1);
	assert_false(xd_bond_slow_again(w->slow));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_load_keeps_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_member, setup, teardown),
	};

	return cmocka_run_group_tests_name("own_frames", tests, NULL, NULL);
}
