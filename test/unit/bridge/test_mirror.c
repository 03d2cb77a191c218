/* SPDX-License-Identifier: BSD-3-Clause */
/* Which frames mirrors copy, and their copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"
#include "turn_env.h"

#define FRAMES 6
#define BODY   300 /* bytes behind the snapshot, in two pieces */

struct rig {
	struct xd_turn *turn;
	struct xd_batch *batch;
	struct xd_plan plan;
	struct xd_plan_bridge bridge;
	struct xd_plan_port ports[4];
	struct xd_plan_mirror mirrors[2];
	uint8_t body[BODY];
};

/* Frames of 0 in VLANs 10, 20, 10, ...; even ones leave by 1, odd ones by 2. */
static void
start(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->turn = make(sizeof(*r->turn));
	r->batch = make(sizeof(*r->batch));
	for (uint16_t i = 0; i < 4; i++) {
		r->ports[i] = (struct xd_plan_port){.bridge = &r->bridge, .index = i};
		r->plan.ports[i] = &r->ports[i];
	}
	r->plan.mirrors = r->mirrors;
	r->plan.nb_mirrors = r->bridge.nb_mirrors = 2;
	for (unsigned i = 0; i < 2; i++) {
		r->mirrors[i].all_vlans = true;
		r->mirrors[i].output_vlan = XD_VLAN_NONE;
		r->mirrors[i].snaplen = UINT32_MAX;
	}
	r->turn->plan = &r->plan;
	r->turn->in = r->turn->from = &r->ports[0];
	r->turn->batch = r->batch;
	r->turn->n = r->batch->n = FRAMES;
	for (uint16_t i = 0; i < FRAMES; i++) {
		struct xd_frame *f = &r->batch->frames[i];

		xd_frame_init(f, XD_HEAD + BODY, XD_HEAD, 2);
		memset(xd_frame_data(f), i, XD_HEAD);
		f->route = xd_frame_route(0, i % 2 ? 20 : 10);
		f->segs = &r->batch->segs[2 * i];
		r->batch->segs[2 * i] = (struct xd_seg){r->body, 100};
		r->batch->segs[2 * i + 1] = (struct xd_seg){r->body + 100, BODY - 100};
		r->turn->frames[i] = f;
		xd_turn_send(r->turn, i % 2 ? 2 : 1, &f, 1);
	}
}

static void
end(struct rig *r)
{
	free(r->turn);
	free(r->batch);
}

/* A bit for each frame that a mirror copies, which are in order. */
static uint32_t
copied(const struct rig *r, unsigned mirror)
{
	const struct xd_output *to = &r->turn->mirrored[mirror];
	uint32_t frames = 0;

	for (uint16_t i = 0; i < to->n; i++) {
		uint32_t bit = 1u << xd_turn_number(r->turn, to->frames[i]);

		assert_true(bit > frames);
		frames |= bit;
	}
	return frames;
}

/* In a turn of its own. */
static void
mirror(const struct rig *r)
{
	r->turn->mirrors = r->turn->unchanged = 0;
	r->turn->whole = 0;
	xd_bridge_mirror(r->turn);
}

static void
test_selection(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	r.mirrors[0].src[0] = 1;
	r.mirrors[0].snaplen = 100;
	r.mirrors[1].dst[0] = 1 << 2;
	mirror(&r);
	assert_int_equal(r.turn->mirrors, 3);
	assert_int_equal(copied(&r, 0), 0x3f);
	assert_int_equal(copied(&r, 1), 0x2a);
	/* Of the other's, the snapshot is enough. */
	assert_int_equal(r.turn->whole, 0x2a);
	/* No port may take away what is copied later. */
	assert_true(r.batch->frames[0].nb_dst >= 2);
	/* VLANs, and a frame that is a copy itself. */
	r.mirrors[0].all_vlans = false;
	r.mirrors[0].vlans[0] = 1 << 10;
	r.mirrors[1].dst[0] = 6;
	r.mirrors[1].output_vlan = 20;
	mirror(&r);
	assert_int_equal(copied(&r, 0), 0x15);
	assert_int_equal(copied(&r, 1), 0x15);
	/* What comes to the bridge later in the turn is added, in its place. */
	r.mirrors[0].all_vlans = true;
	r.turn->n = 3;
	mirror(&r);
	assert_int_equal(copied(&r, 0), 0x07);
	r.turn->n = 1;
	r.turn->frames[0] = &r.batch->frames[5];
	xd_bridge_mirror(r.turn);
	assert_int_equal(copied(&r, 0), 0x27);
	r.turn->frames[0] = &r.batch->frames[3];
	xd_bridge_mirror(r.turn);
	assert_int_equal(copied(&r, 0), 0x2f);
	r.mirrors[0].src[0] = 2;
	r.mirrors[1].dst[0] = 1 << 3;
	mirror(&r);
	assert_int_equal(r.turn->mirrors, 0);
	end(&r);
}

static void
check_copy(const struct xd_frame *f, uint32_t len, int vlan)
{
	const uint8_t *data = f->buf + f->start;
	uint32_t sum = f->head_len;

	for (uint8_t i = 0; i < f->nb_segs; i++)
		sum += f->segs[i].len;
	assert_int_equal(f->len, len);
	assert_int_equal(sum, len);
	assert_int_equal(xd_vlan_is_tagged(data), vlan != 0);
	if (vlan)
		assert_int_equal(xd_vlan_tci(data), vlan);
}

static void
test_copies(void **state)
{
	struct xd_frame *copies[XD_BATCH];
	struct xd_output all = {.n = FRAMES};
	struct rig r;

	(void)state;
	start(&r);
	memcpy(all.frames, r.turn->frames, sizeof(all.frames));
	for (uint32_t snaplen = 14; snaplen < XD_HEAD + BODY + 10; snaplen++) {
		uint32_t whole = XD_HEAD + BODY + 4;

		r.mirrors[0].snaplen = snaplen;
		assert_int_equal(xd_bridge_copies(r.turn, r.mirrors, &all, true, copies), FRAMES);
		for (uint16_t i = 0; i < FRAMES; i++) {
			check_copy(copies[i], snaplen < whole ? snaplen : whole, i % 2 ? 20 : 10);
			assert_int_equal(xd_frame_data(copies[i])[0], i);
		}
	}
	/* The frames themselves are whole still. */
	r.mirrors[0].snaplen = UINT32_MAX;
	r.mirrors[0].untag = true;
	assert_int_equal(xd_bridge_copies(r.turn, r.mirrors, &all, true, copies), FRAMES);
	for (uint16_t i = 0; i < FRAMES; i++)
		check_copy(copies[i], XD_HEAD + BODY, 0);
	r.mirrors[0].output_vlan = 100;
	all.n = 1;
	assert_int_equal(xd_bridge_copies(r.turn, r.mirrors, &all, true, copies), 1);
	assert_ptr_equal(copies[0], &r.batch->frames[0]);
	check_copy(copies[0], XD_HEAD + BODY + 4, 100);
	assert_int_equal(xd_bridge_copies(r.turn, r.mirrors, &all, false, copies), 1);
	check_copy(copies[0], XD_HEAD + BODY, 0);
	end(&r);
}

/* Where it is said that copies are the frames as they are, they are. */
static void
test_unchanged(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 48; i++) {
		const uint16_t vlan = i & 1 ? 10 : 0;
		const bool tags = i & 2, untag = i & 4;
		const uint32_t snaplen = i & 8 ? XD_HEAD + BODY - 1 : UINT32_MAX;
		const uint16_t output_vlan = i >= 16 ? (i >= 32 ? 100 : 10) : XD_VLAN_NONE;
		const bool plain = !tags && (untag || !vlan) && i < 8;
		struct xd_frame *copies[XD_BATCH], *f;
		struct rig r;

		if (tags && !vlan)
			continue;
		start(&r);
		r.mirrors[0].src[0] = 1;
		r.mirrors[0].untag = untag;
		r.mirrors[0].snaplen = snaplen;
		r.mirrors[0].output_vlan = output_vlan;
		for (uint16_t k = 0; k < FRAMES; k++)
			r.batch->frames[k].route = xd_frame_route(0, 0);
		/* One is enough. */
		f = &r.batch->frames[FRAMES - 2];
		f->vlan = vlan;
		if (tags)
			xd_vlan_push(f, vlan);
		mirror(&r);
		assert_int_equal(r.turn->unchanged & 1, plain);
		if (plain) {
			assert_int_equal(xd_bridge_copies(r.turn, r.mirrors, &r.turn->mirrored[0],
						 true, copies),
				FRAMES);
			for (uint16_t k = 0; k < FRAMES; k++) {
				assert_ptr_equal(copies[k], &r.batch->frames[k]);
				check_copy(copies[k], XD_HEAD + BODY, 0);
			}
		}
		end(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
