/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that pass from bridge to bridge, and those that may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"
#include "turn_env.h"

#define BRIDGES (XD_PASSES + 8)
#define PORTS                                                                                      \
	(3 * BRIDGES) /* of each bridge: a guest, and patch ports to the one before and behind */
#define GUEST(bridge)  (3 * (bridge))
#define BEFORE(bridge) (3 * (bridge) + 1)
#define BEHIND(bridge) (3 * (bridge) + 2)

struct rig {
	struct xd_turn *turn;
	struct xd_batch *batch;
	struct xd_plan *plan;
	struct xd_plan_bridge bridges[BRIDGES];
	struct xd_plan_port ports[PORTS];
	struct xd_port *devices;
	uint16_t members[PORTS];
};

static void
join(struct rig *r, unsigned a, unsigned b)
{
	r->ports[a].peer = &r->ports[b];
	r->ports[b].peer = &r->ports[a];
}

/* A chain of bridges, whose ends may be joined too; frames come from the first one's guest. */
static void
start(struct rig *r, unsigned nb_bridges, bool ring, uint16_t n)
{
	memset(r, 0, sizeof(*r));
	r->turn = make(sizeof(*r->turn));
	r->batch = make(sizeof(*r->batch));
	r->plan = make(sizeof(*r->plan));
	r->devices = make(PORTS * sizeof(*r->devices));
	for (uint16_t i = 0; i < 3 * nb_bridges; i++) {
		struct xd_plan_bridge *bridge = &r->bridges[i / 3];

		r->members[i] = i;
		r->ports[i] =
			(struct xd_plan_port){.port = &r->devices[i], .bridge = bridge, .index = i};
		memset(r->ports[i].tagged, 0xff, sizeof(r->ports[i].tagged));
		r->plan->ports[i] = &r->ports[i];
	}
	for (unsigned b = 0; b < nb_bridges; b++) {
		r->bridges[b].fdb = xd_fdb_create(
			&(struct xd_fdb_opts){.mac_limit = 100, .ageing_s = 300, .node = -1}, NULL);
		assert_non_null(r->bridges[b].fdb);
		r->bridges[b].members = &r->members[3 * b];
		r->bridges[b].nb_members = 3;
		if (b + 1 < nb_bridges)
			join(r, BEHIND(b), BEFORE(b + 1));
	}
	if (ring)
		join(r, BEHIND(nb_bridges - 1), BEFORE(0));
	r->plan->any_patches = true;
	r->turn->plan = r->plan;
	r->turn->in = r->turn->from = &r->ports[0];
	r->turn->batch = r->batch;
	r->batch->n = n;
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *data = r->batch->frames[i].buf + XD_HEADROOM;

		xd_frame_init(&r->batch->frames[i], 60, 60, 0);
		memset(data, 0xff, 6);
		data[6] = 2;
		data[11] = (uint8_t)i;
	}
}

static void
end(struct rig *r)
{
	for (unsigned b = 0; b < BRIDGES; b++)
		xd_fdb_destroy(r->bridges[b].fdb);
	free(r->turn);
	free(r->batch);
	free(r->plan);
	free(r->devices);
}

/* No patch port keeps an output, and each output is in order. */
static void
check_outputs(const struct rig *r)
{
	for (uint16_t i = 0; i < r->turn->nb_busy; i++) {
		const struct xd_output *out = &r->turn->outputs[r->turn->busy[i]];
		int last = -1;

		assert_null(r->ports[r->turn->busy[i]].peer);
		assert_int_not_equal(out->n, 0);
		for (uint16_t k = 0; k < out->n; k++) {
			assert_true(xd_turn_number(r->turn, out->frames[k]) > last);
			last = xd_turn_number(r->turn, out->frames[k]);
		}
	}
}

static uint64_t
limited(const struct rig *r)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < PORTS; i++)
		n += r->devices[i].drops[0].n[XD_DROP_PATCH_LIMIT];
	return n;
}

static void
test_chain(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4, false, 5);
	xd_bridge_switch(r.turn, false);
	check_outputs(&r);
	for (unsigned b = 1; b < 4; b++)
		assert_int_equal(r.turn->outputs[GUEST(b)].n, 5);
	assert_ptr_equal(r.turn->in, &r.ports[0]);
	/* Two frames wait with their sender: they have not passed yet. */
	r.batch->n = 3;
	xd_bridge_account(r.turn, false);
	assert_int_equal(r.devices[BEHIND(0)].counters[0].tx_frames, 3);
	assert_int_equal(r.devices[BEFORE(3)].counters[0].rx_bytes, 180);
	assert_int_equal(limited(&r), 0);
	end(&r);
}

static void
test_ring(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 5, true, XD_BATCH);
	xd_bridge_switch(r.turn, false);
	check_outputs(&r);
	xd_bridge_account(r.turn, false);
	assert_int_equal(r.turn->outputs[GUEST(0)].n, 0);
	assert_int_not_equal(limited(&r), 0);
	for (unsigned b = 1; b < 5; b++)
		assert_true(r.turn->outputs[GUEST(b)].n <= XD_BATCH);
	end(&r);
}

/* As many bridges and frames as it takes: clones and passes end. */
static void
test_limits(void **state)
{
	struct rig r;

	(void)state;
	for (uint16_t n = 1; n <= XD_BATCH; n++) {
		start(&r, BRIDGES, false, n);
		for (unsigned b = 1; b < BRIDGES; b += 2)
			r.ports[BEFORE(b)].pvid = r.ports[BEFORE(b)].untagged_vlan = 7;
		xd_bridge_switch(r.turn, false);
		check_outputs(&r);
		xd_bridge_account(r.turn, false);
		assert_true(r.turn->nb_clones <= XD_CLONES);
		assert_true(r.turn->nb_passes <= XD_PASSES);
		assert_true(limited(&r) >= 1);
		end(&r);
	}
}

/* Tags are taken off, one at each border, but not until headers are where none were looked for. */
static void
test_tags(void **state)
{
	struct rig r;
	struct xd_frame *f;

	(void)state;
	start(&r, 8, false, 1);
	f = &r.batch->frames[0];
	xd_frame_init(f, 1000, XD_HEAD, 1);
	for (unsigned i = 12; i < XD_HEAD; i += 4)
		memcpy(f->buf + XD_HEADROOM + i, "\x81\x00\x00\x07", 4);
	for (unsigned b = 0; b < 8; b++)
		r.ports[BEHIND(b)].pvid = r.ports[BEHIND(b)].untagged_vlan = 7;
	xd_bridge_switch(r.turn, false);
	check_outputs(&r);
	xd_bridge_account(r.turn, false);
	assert_int_equal(limited(&r), 1);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
