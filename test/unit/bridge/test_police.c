/* SPDX-License-Identifier: BSD-3-Clause */
/* Policers and storm control: which frames of a turn pass, and that each takes tokens once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_cycles.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

#define IN    1
#define OUT   3
#define BYTES 100
#define HZ    2500000000ull

struct rig {
	struct xd_turn *turn;
	struct xd_batch *batch;
	struct xd_plan *plan;
	struct xd_plan_port ports[OUT + 1];
	struct xd_port *port[OUT + 1];
	struct xd_plan_bridge bridge;
};

static void *
make(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) / 64 * 64);

	assert_non_null(p);
	memset(p, 0, size);
	return p;
}

static void
start(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->turn = make(sizeof(*r->turn));
	r->batch = make(sizeof(*r->batch));
	r->plan = make(sizeof(*r->plan));
	r->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 64, .ageing_s = 300, .node = -1}, NULL);
	assert_non_null(r->bridge.fdb);
	for (uint16_t i = 0; i <= OUT; i++) {
		r->port[i] = make(sizeof(struct xd_port));
		r->ports[i] =
			(struct xd_plan_port){.index = i, .port = r->port[i], .bridge = &r->bridge};
		r->plan->ports[i] = &r->ports[i];
	}
	r->turn->plan = r->plan;
	r->turn->batch = r->batch;
	r->turn->in = r->turn->from = &r->ports[IN];
}

static void
end(struct rig *r)
{
	for (unsigned i = 0; i <= OUT; i++)
		free(r->port[i]);
	xd_fdb_destroy(r->bridge.fdb);
	free(r->turn);
	free(r->batch);
	free(r->plan);
}

/* So slow that nothing comes while a test runs: what passes is a burst. */
static void
limit(struct rig *r, unsigned port, enum xd_policer policer, uint64_t bytes, uint64_t frames)
{
	const struct xd_limit slow = {.bit_s = bytes ? 1000 : 0,
		.burst_bytes = bytes,
		.pps = frames ? 1 : 0,
		.burst_frames = frames};

	r->port[port]->policers[policer] =
		(struct xd_policer_buckets){XD_BUCKET_FULL, XD_BUCKET_FULL};
	r->ports[port].policers[policer] = xd_policer_rates(&slow, 1000 * HZ);
}

/* n frames to an address have come, untagged, with all that input says of them. */
static void
receive(struct rig *r, uint16_t n, const char *destination)
{
	r->turn->n = r->batch->n = 0;
	r->turn->nb_lost = r->turn->nb_busy = r->turn->nb_clones = 0;
	r->turn->repeats = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = &r->batch->frames[r->batch->n++];
		uint8_t mac[8] = {0};

		xd_frame_init(f, BYTES, BYTES, 0);
		memcpy(mac, destination, 6);
		memcpy(xd_frame_data(f), mac, 6);
		if (i) {
			r->turn->repeats |= 1u << i;
		} else {
			struct xd_look *dst = &r->turn->dst[0];

			dst->key = mac[0] & 1 ? 0 : xd_fdb_key(mac, 0);
			dst->first = xd_fdb_prefetch(
				r->bridge.fdb, xd_fdb_hash(r->bridge.fdb, dst->key));
		}
		r->turn->frames[r->turn->n++] = f;
	}
}

/* The frames of the reason among those that were lost. */
static unsigned
lost(const struct rig *r, enum xd_drop reason)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->turn->nb_lost; i++)
		n += r->turn->lost[i].reason == reason;
	return n;
}

static int64_t
left(const struct rig *r, unsigned port, enum xd_policer policer, bool frames)
{
	struct xd_policer_buckets *b = &r->port[port]->policers[policer];
	const struct xd_policer_rates *rates = &r->ports[port].policers[policer];
	const uint64_t now = rte_rdtsc();

	/* Rounded up: what has come since the first turn is less than a token. */
	return frames ? (xd_bucket_parts(&b->frames, &rates->frames, now) >> XD_BUCKET_PART_BITS)
		      : (xd_bucket_parts(&b->bits, &rates->bits, now) >> XD_BUCKET_PART_BITS) / 8;
}

#define UNICAST   "\x02\0\0\0\0\x0a"
#define BROADCAST "\xff\xff\xff\xff\xff\xff"
#define MULTICAST "\x33\x33\0\0\0\x01"

static void
test_in(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	limit(&r, IN, XD_POLICER_IN, 10 * BYTES, 0);
	receive(&r, 8, UNICAST);
	xd_bridge_police_in(r.turn);
	assert_int_equal(r.turn->n, 8);
	assert_int_equal(left(&r, IN, XD_POLICER_IN, false), 10 * BYTES);
	xd_bridge_police_take(r.turn);
	assert_int_equal(left(&r, IN, XD_POLICER_IN, false), 2 * BYTES);
	receive(&r, 8, UNICAST);
	xd_bridge_police_in(r.turn);
	assert_int_equal(r.turn->n, 2);
	assert_int_equal(lost(&r, XD_DROP_POLICED_IN), 6);
	xd_bridge_police_take(r.turn);
	assert_int_equal(left(&r, IN, XD_POLICER_IN, false), 0);
	end(&r);
}

/* Frames are limited beside bits: the fewer that either of them lets pass. */
static void
test_in_frames(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	limit(&r, IN, XD_POLICER_IN, 5 * BYTES, 3);
	receive(&r, 8, UNICAST);
	xd_bridge_police_in(r.turn);
	assert_int_equal(r.turn->n, 3);
	xd_bridge_police_take(r.turn);
	assert_int_equal(left(&r, IN, XD_POLICER_IN, false), 2 * BYTES);
	assert_int_equal(left(&r, IN, XD_POLICER_IN, true), 0);
	end(&r);
}

/* Frames that back pressure sends back to their ring come again, and take tokens once. */
static void
test_frames_that_wait_take_once(void **state)
{
	struct rig r;
	unsigned went = 0;

	(void)state;
	start(&r);
	limit(&r, IN, XD_POLICER_IN, 100 * BYTES, 0);
	limit(&r, OUT, XD_POLICER_OUT, 0, 100);
	for (unsigned turn = 0; turn < 20; turn++) {
		receive(&r, 16, UNICAST);
		xd_bridge_police_in(r.turn);
		assert_int_equal(r.turn->n, 16);
		xd_turn_send(r.turn, OUT, r.turn->frames, r.turn->n);
		xd_bridge_police_out(r.turn);
		r.turn->outputs[OUT].n = 0;
		r.batch->n = turn % 4 == 3 ? 3 : 0;
		went += r.batch->n;
		xd_bridge_police_take(r.turn);
	}
	assert_int_equal(left(&r, IN, XD_POLICER_IN, false), (100 - went) * BYTES);
	assert_int_equal(left(&r, OUT, XD_POLICER_OUT, true), 100 - went);
	assert_int_equal(r.port[OUT]->drops[0].n[XD_DROP_POLICED_OUT], 0);
	end(&r);
}

/* Nor are refused ones counted more than once. */
static void
test_out(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	limit(&r, OUT, XD_POLICER_OUT, 0, 3);
	for (unsigned turn = 0; turn < 3; turn++) {
		receive(&r, 8, UNICAST);
		xd_turn_send(r.turn, 2, r.turn->frames, r.turn->n);
		xd_turn_send(r.turn, OUT, r.turn->frames, r.turn->n);
		xd_bridge_police_out(r.turn);
		assert_int_equal(r.turn->outputs[2].n, 8);
		assert_int_equal(r.turn->outputs[OUT].n, turn < 2 ? 3 : 0);
		assert_int_equal(r.turn->nb_busy, turn < 2 ? 2 : 1);
		r.turn->outputs[2].n = r.turn->outputs[OUT].n = 0;
		/* The first time all wait, then all go. */
		r.batch->n = turn == 0 ? 0 : 8;
		xd_bridge_police_take(r.turn);
	}
	assert_int_equal(r.port[OUT]->drops[0].n[XD_DROP_POLICED_OUT], 5 + 8);
	end(&r);
}

/* A clone with a tag is four bytes longer than its frame. */
static void
test_clones(void **state)
{
	struct xd_frame *clones[2];
	struct rig r;

	(void)state;
	start(&r);
	limit(&r, OUT, XD_POLICER_OUT, 1000, 0);
	receive(&r, 2, BROADCAST);
	for (unsigned i = 0; i < 2; i++) {
		clones[i] = &r.turn->clones[i];
		*clones[i] = r.batch->frames[i];
		clones[i]->vlan = 5;
		xd_vlan_form(clones[i], true);
		r.turn->origin[i] = (uint8_t)i;
	}
	r.turn->nb_clones = 2;
	xd_turn_send(r.turn, OUT, clones, 2);
	xd_bridge_police_out(r.turn);
	xd_bridge_police_take(r.turn);
	assert_int_equal(left(&r, OUT, XD_POLICER_OUT, false), 1000 - 2 * (BYTES + 4));
	end(&r);
}

static void
test_storms(void **state)
{
	static const struct {
		const char *destination;
		enum xd_policer storm;
		enum xd_drop reason;
	} storms[] = {
		{BROADCAST, XD_STORM_BROADCAST, XD_DROP_STORM_BROADCAST},
		{MULTICAST, XD_STORM_MULTICAST, XD_DROP_STORM_MULTICAST},
		{UNICAST, XD_STORM_UNKNOWN, XD_DROP_STORM_UNKNOWN},
	};

	(void)state;
	for (unsigned limited = 0; limited < 3; limited++) {
		struct rig r;

		start(&r);
		limit(&r, IN, storms[limited].storm, 0, 5);
		for (unsigned sent = 0; sent < 3; sent++) {
			receive(&r, 8, storms[sent].destination);
			xd_bridge_police_in(r.turn);
			assert_int_equal(r.turn->n, sent == limited ? 5 : 8);
			assert_int_equal(lost(&r, storms[sent].reason), sent == limited ? 3 : 0);
			xd_bridge_police_take(r.turn);
		}
		end(&r);
	}
}

/* Known addresses are no storm. */
static void
test_known(void **state)
{
	uint8_t mac[8] = UNICAST;
	struct rig r;
	uint64_t key;

	(void)state;
	start(&r);
	limit(&r, IN, XD_STORM_UNKNOWN, 0, 5);
	key = xd_fdb_key(mac, 0);
	xd_fdb_learn(r.bridge.fdb, key, xd_fdb_hash(r.bridge.fdb, key), OUT, 0);
	receive(&r, 8, UNICAST);
	xd_bridge_police_in(r.turn);
	assert_int_equal(r.turn->n, 8);
	assert_int_equal(r.turn->nb_judged, 0);
	end(&r);
}

/* What storm control lets pass and the policer does not takes nothing of either. */
static void
test_storm_and_policer(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	limit(&r, IN, XD_STORM_BROADCAST, 0, 6);
	limit(&r, IN, XD_POLICER_IN, 0, 4);
	receive(&r, 8, BROADCAST);
	xd_bridge_police_in(r.turn);
	assert_int_equal(r.turn->n, 4);
	assert_int_equal(lost(&r, XD_DROP_STORM_BROADCAST), 2);
	assert_int_equal(lost(&r, XD_DROP_POLICED_IN), 2);
	xd_bridge_police_take(r.turn);
	assert_int_equal(left(&r, IN, XD_STORM_BROADCAST, true), 2);
	assert_int_equal(left(&r, IN, XD_POLICER_IN, true), 0);
	end(&r);
}

static void
test_bursts_by_default(void **state)
{
	struct xd_port_config config = {
		.police_in_bit_s = 1000, .police_in_pps = 1, .police_out_bit_s = 10000000000};
	struct xd_limit limit = xd_policer_limit(&config, XD_POLICER_IN);

	(void)state;
	assert_int_equal(limit.burst_bytes, XD_FRAME_MAX);
	assert_int_equal(limit.burst_frames, 64);
	limit = xd_policer_limit(&config, XD_POLICER_OUT);
	assert_int_equal(limit.burst_bytes, 12500000);
	assert_int_equal(limit.pps, 0);
	config.police_in_burst_bytes = 64;
	limit = xd_policer_limit(&config, XD_POLICER_IN);
	assert_int_equal(limit.burst_bytes, 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in),
		cmocka_unit_test(test_in_frames),
		cmocka_unit_test(test_frames_that_wait_take_once),
		cmocka_unit_test(test_out),
		cmocka_unit_test(test_clones),
		cmocka_unit_test(test_storms),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_storm_and_policer),
		cmocka_unit_test(test_bursts_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
