/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for a bond on their way to its members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "bridge/bridge.h"
#include "turn_env.h"

#define BOND  2
#define FIRST 5 /* and the port behind it: the members */
#define OTHER 9

struct rig {
	struct xd_turn *turn;
	struct xd_batch *batch;
	struct xd_plan *plan;
	struct xd_plan_port ports[10];
	struct xd_port *port; /* the bond's */
	struct xd_bond bond;
};

/* An IPv4 datagram of a flow; with an offset it is a later fragment of one. */
static void
make_frame(struct xd_frame *f, uint8_t flow, uint16_t offset)
{
	uint8_t *data = f->buf + XD_HEADROOM;

	xd_frame_init(f, 60, 60, 0);
	memset(data, 0, 60);
	memset(data, 2, 12);
	xd_put16(data + 12, 0x0800);
	data[14] = 0x45;
	xd_put16(data + 16, 46);
	xd_put16(data + 20, offset);
	data[23] = 17;
	data[29] = 1;
	data[33] = 2;
	xd_put16(data + 34, offset ? 0x55u * flow : 1000u + flow);
	xd_put16(data + 36, 53);
	xd_put16(data + 38, 26);
}

static void
start(struct rig *r, enum xd_bond_mode mode, uint32_t up)
{
	memset(r, 0, sizeof(*r));
	r->turn = make(sizeof(*r->turn));
	r->batch = make(sizeof(*r->batch));
	r->plan = make(sizeof(*r->plan));
	r->port = make(sizeof(*r->port));
	xd_bond_init(&r->bond, mode, 2);
	xd_bond_update(&r->bond, up);
	for (unsigned i = 0; i < 10; i++) {
		r->plan->ports[i] = &r->ports[i];
		r->ports[i].index = (uint16_t)i;
	}
	memset(r->ports[BOND].members, 0xff, sizeof(r->ports[BOND].members));
	r->ports[BOND].members[0] = FIRST;
	r->ports[BOND].members[1] = FIRST + 1;
	r->ports[BOND].bond = &r->bond;
	r->ports[BOND].port = r->port;
	r->turn->plan = r->plan;
	r->turn->batch = r->batch;
	r->turn->in = r->turn->from = &r->ports[0];
	r->turn->n = r->batch->n = XD_BATCH;
	for (uint16_t i = 0; i < XD_BATCH; i++) {
		r->turn->frames[i] = &r->batch->frames[i];
		make_frame(r->turn->frames[i], (uint8_t)(i % 8), 0);
	}
}

static void
end(struct rig *r)
{
	free(r->turn);
	free(r->batch);
	free(r->plan);
	free(r->port);
}

/* What the outputs of members have: every frame once, in order, each flow by one member. */
static void
check(const struct rig *r, uint16_t n)
{
	uint16_t of_flow[8] = {0};
	uint16_t sum = 0;

	for (uint16_t port = FIRST; port < FIRST + 2; port++) {
		const struct xd_output *out = &r->turn->outputs[port];
		int last = -1;

		for (uint16_t i = 0; i < out->n; i++) {
			int number = xd_turn_number(r->turn, out->frames[i]);

			assert_true(number > last);
			last = number;
			assert_true(of_flow[number % 8] == 0 || of_flow[number % 8] == port);
			of_flow[number % 8] = port;
		}
		sum += out->n;
	}
	assert_int_equal(sum, n);
	assert_int_equal(r->turn->outputs[BOND].n, 0);
	for (uint16_t i = 0; i < r->turn->nb_busy; i++) {
		assert_int_not_equal(r->turn->busy[i], BOND);
		assert_int_not_equal(r->turn->outputs[r->turn->busy[i]].n, 0);
	}
}

static void
test_flows(void **state)
{
	struct rig r;

	(void)state;
	start(&r, XD_BOND_BALANCE, 3);
	xd_turn_send(r.turn, BOND, r.turn->frames, XD_BATCH);
	xd_turn_send(r.turn, OTHER, r.turn->frames, 3);
	xd_bridge_bond_out(r.turn);
	check(&r, XD_BATCH);
	assert_int_not_equal(r.turn->outputs[FIRST].n, 0);
	assert_int_not_equal(r.turn->outputs[FIRST + 1].n, 0);
	assert_int_equal(r.turn->outputs[OTHER].n, 3);
	assert_int_equal(r.turn->nb_busy, 3);
	end(&r);
}

/* Fragments have ports in the first alone, and all go the same way. */
static void
test_fragments(void **state)
{
	struct rig r;

	(void)state;
	start(&r, XD_BOND_BALANCE, 3);
	for (uint16_t i = 0; i < XD_BATCH; i++)
		make_frame(r.turn->frames[i], (uint8_t)i, i ? i : 0x2000);
	xd_turn_send(r.turn, BOND, r.turn->frames, XD_BATCH);
	xd_bridge_bond_out(r.turn);
	assert_int_equal(r.turn->nb_busy, 1);
	assert_int_equal(r.turn->outputs[r.turn->busy[0]].n, XD_BATCH);
	end(&r);
}

static void
test_nobody_is_up(void **state)
{
	struct rig r;

	(void)state;
	start(&r, XD_BOND_BALANCE, 0);
	xd_turn_send(r.turn, BOND, r.turn->frames, XD_BATCH);
	xd_bridge_bond_out(r.turn);
	check(&r, 0);
	assert_int_equal(r.turn->nb_busy, 0);
	assert_int_equal(r.port->drops[0].n[XD_DROP_PORT_DOWN], XD_BATCH);
	end(&r);
}

/* While the configuration changes, a member may be missing from the plan. */
static void
test_member_not_there(void **state)
{
	struct rig r;

	(void)state;
	start(&r, XD_BOND_ACTIVE_BACKUP, 3);
	r.ports[BOND].members[0] = XD_PORT_NONE;
	xd_turn_send(r.turn, BOND, r.turn->frames, XD_BATCH);
	xd_bridge_bond_out(r.turn);
	check(&r, 0);
	assert_int_equal(r.port->drops[0].n[XD_DROP_PORT_DOWN], XD_BATCH);
	end(&r);
}

/* Of a backup's frames none counts. */
static void
test_in(void **state)
{
	struct rig r;

	(void)state;
	start(&r, XD_BOND_ACTIVE_BACKUP, 3);
	r.turn->in = &r.ports[BOND];
	r.turn->from = &r.ports[FIRST];
	xd_bridge_bond_in(r.turn);
	assert_int_equal(r.turn->n, XD_BATCH);
	r.turn->from = &r.ports[FIRST + 1];
	r.ports[FIRST + 1].member = 1;
	xd_bridge_bond_in(r.turn);
	assert_int_equal(r.turn->n, 0);
	assert_int_equal(r.turn->nb_lost, XD_BATCH);
	assert_int_equal(r.turn->lost[0].reason, XD_DROP_BOND_BACKUP);
	end(&r);
}

/* By one that retires those still count that are for one receiver, and come from the other side. */
static void
test_retiring(void **state)
{
	static const uint8_t remote[8] = {2, 0, 0, 0, 0, 1}, own[8] = {2, 0, 0, 0, 0, 2},
			     unknown[8] = {2, 0, 0, 0, 0, 3};
	static const struct {
		const uint8_t *source;
		bool group, counts;
	} rows[] = {{remote, false, true}, {remote, true, false}, {own, false, false},
		{own, true, false}, {unknown, false, true}, {unknown, true, false}};
	struct xd_plan_bridge bridge = {0};
	struct rig r;

	(void)state;
	start(&r, XD_BOND_ACTIVE_BACKUP, 3);
	bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 64, .ageing_s = 300, .node = -1}, NULL);
	assert_non_null(bridge.fdb);
	xd_fdb_learn(bridge.fdb, xd_fdb_key(remote, 0),
		xd_fdb_hash(bridge.fdb, xd_fdb_key(remote, 0)), BOND, 0);
	xd_fdb_learn(bridge.fdb, xd_fdb_key(own, 0), xd_fdb_hash(bridge.fdb, xd_fdb_key(own, 0)),
		OTHER, 0);
	r.ports[BOND].bridge = &bridge;
	r.turn->in = &r.ports[BOND];
	r.turn->from = &r.ports[FIRST];
	xd_bond_activate(&r.bond, 1);
	/* Of each row one and a repeat of it. */
	r.turn->n = 2 * sizeof(rows) / sizeof(rows[0]);
	for (unsigned i = 0; i < r.turn->n; i++) {
		if (i % 2) {
			r.turn->repeats |= 1u << i;
			continue;
		}
		xd_look_at(bridge.fdb, &r.turn->src[i], xd_fdb_key(rows[i / 2].source, 0), 0);
		r.turn->dst[i].key = !rows[i / 2].group;
	}
	xd_bridge_bond_in(r.turn);
	assert_int_equal(r.turn->n, 4);
	for (uint16_t i = 0; i < r.turn->n; i++)
		assert_true(rows[xd_turn_number(r.turn, r.turn->frames[i]) / 2].counts);
	assert_int_equal(r.turn->nb_lost, 8);
	xd_bond_retired(&r.bond);
	xd_bridge_bond_in(r.turn);
	assert_int_equal(r.turn->n, 0);
	xd_fdb_destroy(bridge.fdb);
	end(&r);
}

static unsigned nb_slow;

static enum xd_drop
count_slow(struct xd_port *port, unsigned member, const struct xd_frame *f)
{
	(void)port;
	assert_int_equal(member, 1);
	assert_int_equal(f->buf[XD_HEADROOM + 5], 2);
	return nb_slow++ ? XD_DROP_SLOW_FLOOD : XD_DROP_NONE;
}

/* Of what input has dropped, LACP's frames are the bond's, also by a member that carries nothing.
 */
static void
test_slow(void **state)
{
	static const uint8_t slow[14] = {1, 0x80, 0xc2, 0, 0, 2, [12] = 0x88, 9};
	static const struct xd_driver driver = {.slow = count_slow};
	struct rig r;

	(void)state;
	start(&r, XD_BOND_ACTIVE_BACKUP, 1);
	r.turn->in = &r.ports[BOND];
	r.turn->from = &r.ports[FIRST + 1];
	r.ports[FIRST + 1].member = 1;
	r.ports[BOND].driver = &driver;
	for (uint16_t i = 0; i < 4; i++)
		memcpy(r.batch->frames[i].buf + XD_HEADROOM, slow, sizeof(slow));
	r.batch->frames[1].buf[XD_HEADROOM + 5] = 0; /* a bridge's */
	r.batch->frames[2].buf[XD_HEADROOM + 13] = 10;
	r.turn->n = 0;
	for (uint16_t i = 0; i < 4; i++)
		xd_turn_drop(r.turn, XD_DROP_RESERVED_ADDRESS, &r.batch->frames[i]);
	xd_turn_drop(r.turn, XD_DROP_RUNT, &r.batch->frames[4]);
	xd_bridge_bond_in(r.turn);
	assert_int_equal(nb_slow, 2);
	assert_int_equal(r.turn->nb_lost, 4);
	assert_int_equal(r.turn->lost[0].frame, 1);
	assert_int_equal(r.turn->lost[1].frame, 2);
	assert_int_equal(r.turn->lost[2].reason, XD_DROP_SLOW_FLOOD);
	assert_int_equal(r.turn->lost[3].reason, XD_DROP_RUNT);
	end(&r);
}

/* What a bond says itself goes by a member, and is not switched. */
static void
test_own(void **state)
{
	struct rig r;

	(void)state;
	start(&r, XD_BOND_ACTIVE_BACKUP, 2);
	r.turn->in = r.turn->from = &r.ports[BOND];
	r.batch->n = 5;
	for (uint16_t i = 0; i < 5; i++)
		r.batch->frames[i].member = XD_BOND_NONE;
	r.batch->frames[2].member = 0;
	xd_bridge_bond_own(r.turn);
	/* One by a member that it names is the worker's to send. */
	assert_int_equal(r.batch->frames[2].member, 0);
	assert_int_equal(r.turn->nb_busy, 1);
	assert_int_equal(r.turn->busy[0], FIRST + 1);
	assert_int_equal(r.turn->outputs[FIRST + 1].n, 4);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_nobody_is_up),
		cmocka_unit_test(test_member_not_there),
		cmocka_unit_test(test_in),
		cmocka_unit_test(test_retiring),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
