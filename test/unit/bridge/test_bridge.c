/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages of a bridge over a plan made by hand: who gets which frame, in which form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

#define NB_PORTS 5

struct world {
	struct xd_port ports[NB_PORTS];
	struct xd_plan_port plan_ports[NB_PORTS];
	uint16_t members[NB_PORTS];
	struct xd_plan_bridge bridge;
	struct xd_plan plan;
	struct xd_batch batch;
	struct xd_turn turn;
};

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Every port starts as OVS has one by default: a trunk of all VLANs and of untagged frames. */
static int
setup(void **state)
{
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);

	memset(w, 0, sizeof(*w));
	w->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 1024, .ageing_s = 300, .node = -1}, NULL);
	w->bridge.members = w->members;
	w->bridge.nb_members = NB_PORTS;
	for (uint16_t i = 0; i < NB_PORTS; i++) {
		struct xd_plan_port *p = &w->plan_ports[i];

		w->ports[i].index = i;
		p->port = &w->ports[i];
		p->bridge = &w->bridge;
		p->index = i;
		memset(p->tagged, 0xff, sizeof(p->tagged));
		p->tagged[0] &= ~1ull;
		w->members[i] = i;
		w->plan.ports[i] = p;
	}
	w->turn.plan = &w->plan;
	w->turn.batch = &w->batch;
	*state = w;
	return 0;
}

#define MANY       70000
#define OTHER_VLAN 4000

static void
other_mac(uint32_t n, uint8_t mac[8])
{
	const uint8_t bytes[8] = {2, 1, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	memcpy(mac, bytes, 8);
}

/* The same with a table that does not fit the caches of a core: addresses of another VLAN, behind
 * ports 1 to 3 in turn. */
static int
setup_large(void **state)
{
	struct world *w;

	setup(state);
	w = *state;
	xd_fdb_destroy(w->bridge.fdb);
	w->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 1 << 18, .ageing_s = 300, .node = -1}, NULL);
	for (uint32_t n = 0; n < MANY; n++) {
		uint8_t mac[8];
		uint64_t key;

		other_mac(n, mac);
		key = xd_fdb_key(mac, OTHER_VLAN);
		xd_fdb_learn(w->bridge.fdb, key, xd_fdb_hash(w->bridge.fdb, key), 1 + n % 3, 0);
		if (n % 4096 == 0)
			xd_fdb_fit(w->bridge.fdb);
	}
	xd_fdb_fit(w->bridge.fdb);
	assert_int_equal(xd_fdb_count(w->bridge.fdb), MANY);
	assert_true(xd_fdb_is_large(w->bridge.fdb));
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	xd_fdb_destroy(w->bridge.fdb);
	free(w);
	return 0;
}

static void
make_access(struct world *w, unsigned port, uint16_t vlan)
{
	w->plan_ports[port].pvid = w->plan_ports[port].untagged_vlan = vlan;
	memset(w->plan_ports[port].tagged, 0, sizeof(w->plan_ports[port].tagged));
}

static void
make_trunk(struct world *w, unsigned port, uint16_t vlan, uint16_t untagged_vlan)
{
	make_access(w, port, untagged_vlan);
	w->plan_ports[port].tagged[vlan / 64] |= 1ull << (vlan % 64);
}

/* A frame of 64 bytes, tagged with tci unless that is negative. */
static struct xd_frame *
add_frame(struct world *w, const uint8_t *dst, const uint8_t *src, int tci)
{
	struct xd_frame *f = &w->batch.frames[w->batch.n++];
	uint8_t *data = f->buf + XD_HEADROOM;

	memset(f, 0, sizeof(*f));
	f->start = XD_HEADROOM;
	f->len = f->head_len = 64;
	memset(data, 0x5a, 64);
	memcpy(data, dst, 6);
	memcpy(data + 6, src, 6);
	if (tci >= 0) {
		data[12] = 0x81;
		data[13] = 0;
		data[14] = (uint8_t)(tci >> 8);
		data[15] = (uint8_t)tci;
		data[16] = 0x08;
		data[17] = 0;
	} else {
		data[12] = 0x08;
		data[13] = 0;
	}
	return f;
}

static void
run(struct world *w, unsigned in)
{
	for (unsigned i = 0; i < NB_PORTS; i++)
		w->turn.outputs[i].n = 0;
	w->turn.nb_busy = 0;
	w->turn.in = w->turn.from = &w->plan_ports[in];
	xd_bridge_input(&w->turn);
	xd_bridge_learn(&w->turn);
	xd_bridge_forward(&w->turn);
	xd_bridge_count(&w->turn);
	w->batch.n = 0;
}

static uint64_t
drops(const struct world *w, unsigned port, enum xd_drop reason)
{
	return w->ports[port].drops[0].n[reason];
}

/* The frame that port `out` got, of 0 or 1. */
static struct xd_frame *
got(struct world *w, unsigned out)
{
	assert_true(w->turn.outputs[out].n <= 1);
	return w->turn.outputs[out].n ? w->turn.outputs[out].frames[0] : NULL;
}

static void
assert_untagged(struct xd_frame *f)
{
	assert_non_null(f);
	assert_int_equal(xd_frame_data(f)[12], 0x08);
	assert_int_equal(xd_frame_data(f)[13], 0x00);
}

static void
assert_tagged(struct xd_frame *f, uint16_t tci)
{
	assert_non_null(f);
	assert_true(xd_vlan_is_tagged(xd_frame_data(f)));
	assert_int_equal(xd_vlan_tci(xd_frame_data(f)), tci);
	assert_int_equal(xd_frame_data(f)[16], 0x08);
}

static void
unknown_is_flooded_then_learned(void **state)
{
	struct world *w = *state;

	add_frame(w, mac_b, mac_a, -1);
	run(w, 0);
	assert_null(got(w, 0));
	for (unsigned i = 1; i < NB_PORTS; i++)
		assert_non_null(got(w, i));

	add_frame(w, mac_a, mac_b, -1);
	run(w, 1);
	assert_non_null(got(w, 0));
	for (unsigned i = 1; i < NB_PORTS; i++)
		assert_null(got(w, i));

	/* It moves. */
	add_frame(w, broadcast, mac_a, -1);
	run(w, 3);
	add_frame(w, mac_a, mac_b, -1);
	run(w, 1);
	assert_null(got(w, 0));
	assert_non_null(got(w, 3));
	assert_int_equal(w->ports[1].counters[0].rx_frames, 2);
	assert_int_equal(w->ports[1].counters[0].rx_bytes, 128);
}

static void
what_is_not_switched_is_counted(void **state)
{
	static const uint8_t zero[6], group[6] = {1, 2, 3, 4, 5, 6};
	static const uint8_t bpdu[6] = {1, 0x80, 0xc2, 0, 0, 0};
	static const uint8_t not_bpdu[6] = {1, 0x80, 0xc2, 0, 0, 0x10};
	struct world *w = *state;

	add_frame(w, mac_a, zero, -1);
	add_frame(w, mac_a, group, -1);
	add_frame(w, bpdu, mac_a, -1);
	run(w, 0);
	for (unsigned i = 0; i < NB_PORTS; i++)
		assert_null(got(w, i));
	assert_int_equal(drops(w, 0, XD_DROP_BAD_SOURCE), 2);
	assert_int_equal(drops(w, 0, XD_DROP_RESERVED_ADDRESS), 1);

	add_frame(w, not_bpdu, mac_a, -1);
	run(w, 0);
	assert_non_null(got(w, 1));

	/* Back where it came from. */
	add_frame(w, mac_a, mac_b, -1);
	run(w, 0);
	assert_null(got(w, 0));
	assert_int_equal(drops(w, 0, XD_DROP_SAME_PORT), 1);
}

static void
access_ports_are_isolated(void **state)
{
	struct world *w = *state;

	make_access(w, 0, 10);
	make_access(w, 1, 10);
	make_access(w, 2, 20);
	make_access(w, 3, 20);
	make_access(w, 4, 20);
	add_frame(w, broadcast, mac_a, -1);
	run(w, 0);
	assert_untagged(got(w, 1));
	assert_null(got(w, 2));

	/* The same address in another VLAN is another address. */
	add_frame(w, broadcast, mac_a, -1);
	run(w, 2);
	add_frame(w, mac_a, mac_b, -1);
	run(w, 1);
	assert_untagged(got(w, 0));
	assert_null(got(w, 2));
	add_frame(w, mac_a, mac_b, -1);
	run(w, 3);
	assert_untagged(got(w, 2));
	assert_null(got(w, 0));

	/* A tag has no business on an access port, not even the right one. */
	add_frame(w, broadcast, mac_b, 10);
	run(w, 0);
	assert_null(got(w, 1));
	assert_int_equal(drops(w, 0, XD_DROP_VLAN), 1);
}

static void
alone_in_its_vlan(void **state)
{
	struct world *w = *state;

	for (uint16_t i = 0; i < NB_PORTS; i++)
		make_access(w, i, 10 + i);
	add_frame(w, broadcast, mac_a, -1);
	run(w, 0);
	assert_int_equal(drops(w, 0, XD_DROP_NO_PORT), 1);
}

static void
tags_are_pushed_and_popped(void **state)
{
	struct world *w = *state;
	struct xd_frame *f;

	make_access(w, 0, 10);
	make_trunk(w, 1, 10, XD_VLAN_NONE);
	make_trunk(w, 2, 20, XD_VLAN_NONE);
	make_access(w, 3, 10);
	make_trunk(w, 4, 10, 99);
	add_frame(w, broadcast, mac_a, -1);
	run(w, 0);
	assert_tagged(got(w, 1), 10);
	assert_int_equal(got(w, 1)->len, 68);
	assert_null(got(w, 2));
	f = got(w, 3);
	assert_untagged(f);
	assert_int_equal(f->len, 64);
	assert_memory_equal(xd_frame_data(f), broadcast, 6);
	assert_memory_equal(xd_frame_data(f) + 6, mac_a, 6);
	assert_tagged(got(w, 4), 10);
	assert_memory_equal(xd_frame_data(got(w, 4)), broadcast, 6);
	/* Neither form may be taken away from the other's receivers. */
	assert_true(f->nb_dst > 1 && got(w, 1)->nb_dst > 1);

	/* Back, tagged with a priority: to the one port that wants no tag. */
	add_frame(w, mac_a, mac_b, 5 << 13 | 10);
	run(w, 1);
	assert_untagged(got(w, 0));
	assert_int_equal(got(w, 0)->len, 60);
	assert_memory_equal(xd_frame_data(got(w, 0)), mac_a, 6);
	assert_int_equal(got(w, 0)->nb_dst, 1);

	/* From trunk to trunk the tag stays as it is. */
	add_frame(w, broadcast, mac_b, 5 << 13 | 10);
	run(w, 1);
	assert_tagged(got(w, 4), 5 << 13 | 10);
}

/* A clone shares its mbuf with the frame that came, which gives it back. */
static void
the_only_receiver_of_a_clone_takes_nothing(void **state)
{
	struct world *w = *state;
	struct xd_frame *f;

	w->bridge.nb_members = 2;
	make_access(w, 0, 10);
	make_trunk(w, 1, 10, XD_VLAN_NONE);
	f = add_frame(w, broadcast, mac_a, -1);
	run(w, 0);
	assert_tagged(got(w, 1), 10);
	assert_ptr_not_equal(got(w, 1), f);
	assert_true(got(w, 1)->nb_dst > 1);
}

static void
trunks_refuse_what_they_do_not_carry(void **state)
{
	struct world *w = *state;

	make_trunk(w, 1, 10, XD_VLAN_NONE);
	add_frame(w, broadcast, mac_a, -1);
	add_frame(w, broadcast, mac_a, 11);
	add_frame(w, broadcast, mac_a, 4095);
	add_frame(w, broadcast, mac_a, 0);
	run(w, 1);
	assert_int_equal(drops(w, 1, XD_DROP_VLAN), 4);
	for (unsigned i = 0; i < NB_PORTS; i++)
		assert_null(got(w, i));
}

static void
native_vlan(void **state)
{
	struct world *w = *state;

	make_trunk(w, 0, 10, 99);
	make_access(w, 1, 99);
	make_trunk(w, 2, 99, XD_VLAN_NONE);
	make_access(w, 3, 10);
	make_access(w, 4, 10);
	add_frame(w, broadcast, mac_a, -1);
	run(w, 0);
	assert_untagged(got(w, 1));
	assert_tagged(got(w, 2), 99);
	assert_null(got(w, 3));
	/* And in again from the other side: untagged on the trunk that has it native. */
	add_frame(w, mac_a, mac_b, 99);
	run(w, 2);
	assert_untagged(got(w, 0));
}

static void
priority_tag_is_no_vlan(void **state)
{
	struct world *w = *state;

	/* Plain ports: the empty tag goes. */
	add_frame(w, broadcast, mac_a, 3 << 13);
	run(w, 0);
	assert_untagged(got(w, 1));

	/* In a VLAN: the priority is kept where a tag is due. */
	make_access(w, 0, 10);
	make_trunk(w, 1, 10, XD_VLAN_NONE);
	make_access(w, 2, 10);
	add_frame(w, broadcast, mac_a, 3 << 13);
	run(w, 0);
	assert_tagged(got(w, 1), 3 << 13 | 10);
	assert_untagged(got(w, 2));
}

static void
tagged_runt(void **state)
{
	struct world *w = *state;
	struct xd_frame *f = add_frame(w, broadcast, mac_a, 10);

	f->len = f->head_len = 16;
	run(w, 0);
	assert_int_equal(drops(w, 0, XD_DROP_RUNT), 1);
	assert_null(got(w, 1));
}

static void
a_port_that_just_left(void **state)
{
	struct world *w = *state;

	add_frame(w, broadcast, mac_a, -1);
	run(w, 3);
	w->plan.ports[3] = NULL;
	w->members[3] = 4;
	w->bridge.nb_members = 4;
	add_frame(w, mac_a, mac_b, -1);
	run(w, 0);
	assert_int_equal(drops(w, 0, XD_DROP_NO_PORT), 1);
}

static void
full_batch_to_mixed_ports(void **state)
{
	struct world *w = *state;

	make_access(w, 0, 10);
	make_access(w, 1, 10);
	make_trunk(w, 2, 10, XD_VLAN_NONE);
	make_trunk(w, 3, 10, XD_VLAN_NONE);
	for (unsigned i = 0; i < XD_BATCH; i++)
		add_frame(w, broadcast, mac_a, -1);
	run(w, 0);
	assert_int_equal(w->turn.outputs[1].n, XD_BATCH);
	assert_int_equal(w->turn.outputs[2].n, XD_BATCH);
	assert_int_equal(w->turn.outputs[3].n, XD_BATCH);
	for (unsigned i = 0; i < XD_BATCH; i++) {
		assert_untagged(w->turn.outputs[1].frames[i]);
		assert_tagged(w->turn.outputs[2].frames[i], 10);
		assert_ptr_equal(w->turn.outputs[2].frames[i], w->turn.outputs[3].frames[i]);
	}
}

static uint64_t
key_of(const uint8_t *mac, uint16_t vlan)
{
	uint8_t padded[8] = {0};

	memcpy(padded, mac, 6);
	return xd_fdb_key(padded, vlan);
}

static void
allow(struct world *w, unsigned port, const uint8_t *mac)
{
	struct xd_plan_port *p = &w->plan_ports[port];

	p->macs[p->nb_macs++] = key_of(mac, 0);
}

static uint16_t
learned_on(const struct world *w, const uint8_t *mac, uint16_t vlan)
{
	uint64_t key = key_of(mac, vlan);

	return xd_fdb_lookup(w->bridge.fdb, key, xd_fdb_hash(w->bridge.fdb, key));
}

static void
only_listed_sources(void **state)
{
	static const uint8_t mac_c[6] = {2, 0, 0, 0, 0, 0xc};
	/* Differs from mac_a in the two bytes that share a word with the destination. */
	static const uint8_t not_a[6] = {2, 0x40, 0, 0, 0, 0xa};
	struct world *w = *state;

	allow(w, 0, mac_a);
	allow(w, 0, mac_b);
	for (unsigned i = 0; i < 3; i++) {
		add_frame(w, broadcast, mac_c, -1);
		add_frame(w, broadcast, mac_a, -1);
		add_frame(w, broadcast, not_a, -1);
		add_frame(w, broadcast, mac_b, -1);
		add_frame(w, broadcast, mac_b, -1);
	}
	run(w, 0);
	assert_int_equal(w->turn.outputs[1].n, 9);
	for (unsigned i = 0; i < 9; i++)
		assert_memory_equal(
			xd_frame_data(w->turn.outputs[1].frames[i]) + 6, i % 3 ? mac_b : mac_a, 6);
	assert_int_equal(drops(w, 0, XD_DROP_MAC_NOT_ALLOWED), 6);
	assert_int_equal(w->ports[0].counters[0].rx_frames, 15);
	assert_int_equal(w->ports[0].counters[0].rx_bytes, 15 * 64);
	assert_int_equal(learned_on(w, mac_a, 0), 0);
	assert_int_equal(learned_on(w, mac_b, 0), 0);
	assert_int_equal(learned_on(w, mac_c, 0), XD_PORT_NONE);
	assert_int_equal(learned_on(w, not_a, 0), XD_PORT_NONE);

	/* The same with a tag, which is another way through. */
	add_frame(w, broadcast, mac_c, 10);
	add_frame(w, broadcast, mac_a, 10);
	run(w, 0);
	assert_tagged(got(w, 1), 10);
	assert_memory_equal(xd_frame_data(got(w, 1)) + 6, mac_a, 6);
	assert_int_equal(drops(w, 0, XD_DROP_MAC_NOT_ALLOWED), 7);
	assert_int_equal(learned_on(w, mac_c, 10), XD_PORT_NONE);

	/* Other ports may have what they like. */
	add_frame(w, broadcast, mac_c, -1);
	run(w, 1);
	assert_non_null(got(w, 0));
	assert_int_equal(drops(w, 1, XD_DROP_MAC_NOT_ALLOWED), 0);
}

/* What is left with the sender comes again, and is counted then. */
static void
lost_frames_are_counted_once(void **state)
{
	static const uint8_t zero[6];
	struct world *w = *state;

	add_frame(w, broadcast, mac_a, -1);
	run(w, 0);
	allow(w, 0, mac_a);
	add_frame(w, broadcast, zero, -1);
	add_frame(w, mac_a, mac_a, -1);
	add_frame(w, broadcast, mac_b, -1);
	add_frame(w, broadcast, zero, -1);
	add_frame(w, mac_a, mac_a, -1);
	add_frame(w, broadcast, mac_b, -1);
	w->turn.in = w->turn.from = &w->plan_ports[0];
	xd_bridge_input(&w->turn);
	xd_bridge_forward(&w->turn);
	w->batch.n = 3;
	xd_bridge_count(&w->turn);
	assert_int_equal(drops(w, 0, XD_DROP_BAD_SOURCE), 1);
	assert_int_equal(drops(w, 0, XD_DROP_SAME_PORT), 1);
	assert_int_equal(drops(w, 0, XD_DROP_MAC_NOT_ALLOWED), 1);
	/* They are counted at the queue that they came by. */
	w->turn.in_queue = 2;
	w->batch.n = 6;
	xd_bridge_count(&w->turn);
	assert_int_equal(drops(w, 0, XD_DROP_BAD_SOURCE), 1);
	assert_int_equal(w->ports[0].drops[2].n[XD_DROP_BAD_SOURCE], 2);
	w->turn.in_queue = 0;
	w->batch.n = 0;
}

/* An address of a few, now and then one that cannot be. */
static void
random_mac(uint8_t *mac, unsigned *seed)
{
	static const uint8_t zero[6];
	unsigned r = (unsigned)rand_r(seed) % 32;

	memcpy(mac, mac_a, 6);
	mac[5] = (uint8_t)(r % 4);
	mac[0] = r % 8 == 7 ? 4 : 2;
	if (r == 30)
		memcpy(mac, zero, 6);
	else if (r == 31)
		memcpy(mac, broadcast, 6);
}

/* Frames that go through together come out as if each had come by itself. */
static void
bursts_equal_single_frames(void **state)
{
	struct world *one = *state, *many;
	const uint32_t others = xd_fdb_count(one->bridge.fdb);
	unsigned seed = 1;

	setup((void **)&many);
	allow(one, 3, mac_a);
	allow(many, 3, mac_a);
	make_trunk(one, 4, 10, 99);
	make_trunk(many, 4, 10, 99);
	for (unsigned round = 0; round < 3000; round++) {
		unsigned in = (unsigned)rand_r(&seed) % NB_PORTS, n_one[NB_PORTS] = {0};
		uint8_t src[6], dst[6], sent[NB_PORTS][XD_BATCH];
		int tci[XD_BATCH];
		uint8_t addresses[XD_BATCH][2][6];

		/* So late that addresses may move once more. */
		one->turn.now_s = many->turn.now_s = 20 * round;
		for (unsigned i = 0; i < XD_BATCH; i++) {
			if (i == 0 || rand_r(&seed) % 2)
				random_mac(dst, &seed);
			if (i == 0 || rand_r(&seed) % 2)
				random_mac(src, &seed);
			tci[i] = rand_r(&seed) % 8 ? -1 : rand_r(&seed) % 2 ? 10 : 0;
			memcpy(addresses[i][0], dst, 6);
			memcpy(addresses[i][1], src, 6);
		}
		/* Learning alone first, so that both know the same of all 32 sources. */
		for (unsigned i = 0; i < XD_BATCH; i++)
			add_frame(many, addresses[i][0], addresses[i][1], tci[i]);
		many->turn.in = many->turn.from = &many->plan_ports[in];
		xd_bridge_input(&many->turn);
		xd_bridge_learn(&many->turn);
		many->batch.n = 0;
		for (unsigned pass = 0; pass < 2; pass++) {
			memset(one->ports[in].drops, 0, sizeof(one->ports[in].drops));
			for (unsigned i = 0; i < XD_BATCH; i++) {
				add_frame(one, addresses[i][0], addresses[i][1], tci[i]);
				run(one, in);
				for (unsigned p = 0; pass == 1 && p < NB_PORTS; p++) {
					if (got(one, p))
						sent[p][n_one[p]++] = (uint8_t)i;
				}
			}
		}
		memset(many->ports[in].drops, 0, sizeof(many->ports[in].drops));
		for (unsigned i = 0; i < XD_BATCH; i++)
			add_frame(many, addresses[i][0], addresses[i][1], tci[i]);
		run(many, in);
		for (unsigned p = 0; p < NB_PORTS; p++) {
			assert_int_equal(many->turn.outputs[p].n, n_one[p]);
			for (unsigned i = 0; i < n_one[p]; i++)
				assert_int_equal(xd_turn_number(&many->turn,
							 many->turn.outputs[p].frames[i]),
					sent[p][i]);
		}
		for (unsigned r = 0; r < XD_DROP_REASONS; r++)
			assert_int_equal(
				many->ports[in].drops[0].n[r], one->ports[in].drops[0].n[r]);
	}
	assert_int_equal(xd_fdb_count(one->bridge.fdb) - others, xd_fdb_count(many->bridge.fdb));
	teardown((void **)&many);
}

/* Destinations in their first buckets and in their second ones, unknown ones and groups between
 * them: each frame goes where it belongs, and frames of a port stay in order. */
static void
large_table(void **state)
{
	struct world *w = *state;
	const struct xd_fdb *fdb = w->bridge.fdb;
	struct xd_frame *expected[NB_PORTS][XD_BATCH];
	uint16_t n[NB_PORTS] = {0};
	unsigned away = 0;

	make_access(w, 0, OTHER_VLAN);
	for (uint32_t i = 0; i < MANY && w->batch.n < XD_BATCH; i++) {
		uint8_t mac[8];
		uint64_t key, hash;
		struct xd_frame *f;

		other_mac(i, mac);
		key = xd_fdb_key(mac, OTHER_VLAN);
		hash = xd_fdb_hash(fdb, key);
		if (xd_fdb_find_in(&fdb->buckets[xd_fdb_first(fdb, hash)], key) == 0)
			away++;
		else if (i % 3000)
			continue;
		mac[0] = w->batch.n % 8 == 6 ? 6 : mac[0];
		f = add_frame(w, w->batch.n % 8 == 7 ? broadcast : mac, mac_a, -1);
		for (unsigned out = 1; out < NB_PORTS; out++) {
			if (w->batch.n % 8 == 7 || w->batch.n % 8 == 0 || out == 1 + i % 3)
				expected[out][n[out]++] = f;
		}
	}
	assert_in_range(away, 1, MANY / 2);
	run(w, 0);
	for (unsigned out = 1; out < NB_PORTS; out++) {
		assert_int_equal(w->turn.outputs[out].n, n[out]);
		for (uint16_t i = 0; i < n[out]; i++)
			assert_ptr_equal(xd_turn_number(&w->turn, w->turn.outputs[out].frames[i]) +
						 w->batch.frames,
				expected[out][i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unknown_is_flooded_then_learned, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_switched_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(access_ports_are_isolated, setup, teardown),
		cmocka_unit_test_setup_teardown(alone_in_its_vlan, setup, teardown),
		cmocka_unit_test_setup_teardown(tags_are_pushed_and_popped, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_only_receiver_of_a_clone_takes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			trunks_refuse_what_they_do_not_carry, setup, teardown),
		cmocka_unit_test_setup_teardown(native_vlan, setup, teardown),
		cmocka_unit_test_setup_teardown(priority_tag_is_no_vlan, setup, teardown),
		cmocka_unit_test_setup_teardown(tagged_runt, setup, teardown),
		cmocka_unit_test_setup_teardown(a_port_that_just_left, setup, teardown),
		cmocka_unit_test_setup_teardown(full_batch_to_mixed_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(only_listed_sources, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_frames_are_counted_once, setup, teardown),
		cmocka_unit_test_setup_teardown(bursts_equal_single_frames, setup, teardown),
	};

	struct CMUnitTest large[RTE_DIM(tests) + 1];
	int failed = cmocka_run_group_tests_name("bridge", tests, NULL, NULL);

	memcpy(large, tests, sizeof(tests));
	for (unsigned i = 0; i < RTE_DIM(tests); i++)
		large[i].setup_func = setup_large;
	large[RTE_DIM(tests)] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(
		large_table, setup_large, teardown);
	return failed + cmocka_run_group_tests_name("bridge, large table", large, NULL, NULL);
}
