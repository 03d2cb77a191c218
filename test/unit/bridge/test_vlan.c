/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VLAN modes: frames with all kinds of tags from a port of each mode to one of each, known and
 * flooded, against what ovs-vswitchd.conf.db(5) says of vlan_mode, written down as a model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"
#include "config/vlan.h"
#include "switch/switch.h"
#include "turn_env.h"

#define TAGS_MAX 3
#define BYTES    64

struct tag {
	uint16_t tpid, vid;
	uint8_t pcp;
};

struct tags {
	unsigned n;
	struct tag tag[TAGS_MAX];
};

#define NONE (-1)
#define ALL                                                                                        \
	{                                                                                          \
		NONE                                                                               \
	}

/* A port: VLANs end with NONE. */
struct port {
	const char *name;
	enum xd_vlan_mode mode;
	int vlan;
	int vlans[4], cvlans[4];
	enum xd_qinq qinq;
};

static const struct port ports[] = {
	{"access", XD_VLAN_MODE_ACCESS, 10, ALL, ALL, 0},
	{"access 20", XD_VLAN_MODE_ACCESS, 20, ALL, ALL, 0},
	{"trunk of all", XD_VLAN_MODE_TRUNK, NONE, ALL, ALL, 0},
	{"trunk", XD_VLAN_MODE_TRUNK, NONE, {10, 30, NONE}, ALL, 0},
	{"trunk and untagged", XD_VLAN_MODE_TRUNK, NONE, {0, 20, NONE}, ALL, 0},
	{"native-tagged", XD_VLAN_MODE_NATIVE_TAGGED, 10, {20, NONE}, ALL, 0},
	{"native-tagged of all", XD_VLAN_MODE_NATIVE_TAGGED, 20, ALL, ALL, 0},
	{"native-untagged", XD_VLAN_MODE_NATIVE_UNTAGGED, 10, {20, NONE}, ALL, 0},
	{"native-untagged of all", XD_VLAN_MODE_NATIVE_UNTAGGED, 30, ALL, ALL, 0},
	{"tunnel", XD_VLAN_MODE_DOT1Q_TUNNEL, 10, ALL, ALL, XD_QINQ_802_1AD},
	{"tunnel 802.1q", XD_VLAN_MODE_DOT1Q_TUNNEL, 10, ALL, ALL, XD_QINQ_802_1Q},
	{"tunnel of some", XD_VLAN_MODE_DOT1Q_TUNNEL, 10, ALL, {20, NONE}, XD_QINQ_802_1AD},
	{"tunnel of some and untagged", XD_VLAN_MODE_DOT1Q_TUNNEL, 10, ALL, {0, 30, NONE},
		XD_QINQ_802_1AD},
};

#define PORTS RTE_DIM(ports)

static const struct tags frames[] = {
	{0, {{0}}},
	{1, {{0x8100, 0, 3}}},
	{1, {{0x8100, 10, 0}}},
	{1, {{0x8100, 20, 5}}},
	{1, {{0x8100, 30, 0}}},
	{1, {{0x8100, 4095, 0}}},
	{1, {{0x88a8, 10, 2}}},
	{1, {{0x88a8, 0, 2}}},
	{2, {{0x8100, 10, 0}, {0x8100, 20, 1}}},
	{2, {{0x88a8, 10, 7}, {0x8100, 20, 1}}},
	{2, {{0x88a8, 10, 7}, {0x8100, 30, 0}}},
	{2, {{0x88a8, 20, 0}, {0x8100, 10, 0}}},
	{2, {{0x88a8, 10, 0}, {0x88a8, 20, 0}}},
};

/* ---- The model ---- */

static bool
is_in(const int *list, int vlan)
{
	for (unsigned i = 0; list[0] != NONE && list[i] != vlan; i++) {
		if (list[i] == NONE)
			return false;
	}
	return true;
}

static bool
is_native(const struct port *p)
{
	return p->mode == XD_VLAN_MODE_NATIVE_TAGGED || p->mode == XD_VLAN_MODE_NATIVE_UNTAGGED;
}

static bool
trunks(const struct port *p, int vlan)
{
	if (is_native(p))
		return vlan != 0 && (vlan == p->vlan || is_in(p->vlans, vlan));
	return is_in(p->vlans, vlan);
}

static void
push(struct tags *t, struct tag tag)
{
	memmove(&t->tag[1], &t->tag[0], t->n++ * sizeof(tag));
	t->tag[0] = tag;
}

static void
pop(struct tags *t)
{
	memmove(&t->tag[0], &t->tag[1], --t->n * sizeof(t->tag[0]));
}

/* As the frame is within the bridge, the tag of its VLAN first; in VLAN 0 it has none. False: it is
 * dropped. */
static bool
comes(const struct port *p, const struct tags *frame, struct tags *t)
{
	const int vid = frame->n ? frame->tag[0].vid : 0;
	const struct tag service = {
		p->qinq == XD_QINQ_802_1AD ? 0x88a8 : 0x8100, (uint16_t)p->vlan, 0};

	*t = *frame;
	if (p->mode == XD_VLAN_MODE_DOT1Q_TUNNEL) {
		push(t, service);
		return is_in(p->cvlans, vid);
	}
	if (p->mode == XD_VLAN_MODE_ACCESS || (is_native(p) && vid == 0)) {
		if (vid)
			return false;
		if (t->n == 0)
			push(t, (struct tag){0x8100, 0, 0});
		t->tag[0].vid = (uint16_t)p->vlan;
		return true;
	}
	if (vid == 0 && t->n)
		pop(t);
	return vid <= XD_VLAN_MAX && trunks(p, vid);
}

static bool
leaves(const struct port *p, struct tags *t)
{
	const int vid = t->n ? t->tag[0].vid : 0;

	switch (p->mode) {
	case XD_VLAN_MODE_ACCESS:
		if (vid != p->vlan)
			return false;
		pop(t);
		return true;
	case XD_VLAN_MODE_DOT1Q_TUNNEL:
		if (vid != p->vlan)
			return false;
		pop(t);
		return is_in(p->cvlans, t->n ? t->tag[0].vid : 0);
	default:
		if (!trunks(p, vid))
			return false;
		if (p->mode == XD_VLAN_MODE_NATIVE_UNTAGGED && vid == p->vlan)
			pop(t);
		return true;
	}
}

/* ---- The bridge ---- */

/* Port 0 of one mode, port 1 of another. */
struct rig {
	struct xd_port devices[2];
	struct xd_port_config configs[2];
	struct xd_plan_port plan_ports[2];
	uint16_t members[2];
	struct xd_plan_bridge bridge;
	struct xd_plan plan;
	struct xd_turn *turn;
	struct xd_batch *batch;
};

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void
set_list(bool *has, uint64_t *bits, const int *list)
{
	*has = list[0] != NONE;
	for (unsigned i = 0; list[i] != NONE; i++)
		bits[list[i] / 64] |= 1ull << (list[i] % 64);
}

static struct xd_port_config
config_of(const struct port *p)
{
	struct xd_port_config c = {.vlan_mode = p->mode,
		.vlan = p->vlan == NONE ? XD_VLAN_NONE : (uint16_t)p->vlan,
		.qinq_ethtype = p->qinq};

	set_list(&c.has_vlans, c.vlans, p->vlans);
	set_list(&c.has_cvlans, c.cvlans, p->cvlans);
	return c;
}

static void
start(struct rig *r, const struct port *in, const struct port *out)
{
	const struct port *both[] = {in, out};

	r->bridge = (struct xd_plan_bridge){.members = r->members, .nb_members = 2};
	r->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 1024, .ageing_s = 300, .node = -1}, NULL);
	assert_non_null(r->bridge.fdb);
	for (uint16_t i = 0; i < 2; i++) {
		struct xd_plan_port *p = &r->plan_ports[i];

		r->members[i] = i;
		r->configs[i] = config_of(both[i]);
		*p = (struct xd_plan_port){
			.port = &r->devices[i], .bridge = &r->bridge, .index = i};
		xd_plan_vlans(p, &r->configs[i]);
		r->bridge.any_cvlans |= p->cvlans != NULL;
		r->plan.ports[i] = p;
	}
	r->turn->plan = &r->plan;
	r->turn->batch = r->batch;
}

static void
add_frame(struct rig *r, const uint8_t *dst, const uint8_t *src, const struct tags *tags)
{
	struct xd_frame *f = &r->batch->frames[r->batch->n++];
	uint8_t *at = f->buf + XD_HEADROOM;

	xd_frame_init(f, BYTES, BYTES, 0);
	memset(at, 0x5a, BYTES);
	memcpy(at, dst, 6);
	memcpy(at + 6, src, 6);
	at += 12;
	for (unsigned i = 0; i < tags->n; i++, at += XD_VLAN_TAG_BYTES) {
		const struct tag *t = &tags->tag[i];
		const uint8_t bytes[] = {(uint8_t)(t->tpid >> 8), (uint8_t)t->tpid,
			(uint8_t)(t->pcp << 5 | t->vid >> 8), (uint8_t)t->vid};

		memcpy(at, bytes, sizeof(bytes));
	}
	memcpy(at, "\x08\x00", 2);
}

static void
run(struct rig *r, unsigned in)
{
	r->turn->in = r->turn->from = &r->plan_ports[in];
	r->turn->outputs[0].n = r->turn->outputs[1].n = r->turn->nb_busy = 0;
	xd_bridge_switch(r->turn, false);
	xd_bridge_account(r->turn, false);
	r->batch->n = 0;
}

static bool
has_tags(struct xd_frame *f, const struct tags *want)
{
	const uint8_t *at = xd_frame_data(f) + 12;

	for (unsigned i = 0; i < want->n; i++, at += XD_VLAN_TAG_BYTES) {
		const struct tag *t = &want->tag[i];

		if ((at[0] << 8 | at[1]) != t->tpid ||
			(at[2] << 8 | at[3]) != (t->pcp << 13 | t->vid))
			return false;
	}
	return at[0] == 0x08 && at[1] == 0 && at[2] == 0x5a &&
	       f->len == xd_frame_received_len(f) - f->start + XD_HEADROOM && f->head_len == f->len;
}

/* Sends one frame alone, and all others beside it, so that runs of frames are mixed too. */
static void
check(struct rig *r, const struct port *in, const struct port *out, const uint8_t *dst)
{
	unsigned got = 0;

	for (unsigned i = 0; i < RTE_DIM(frames); i++)
		add_frame(r, dst, mac_a, &frames[i]);
	run(r, 0);
	for (unsigned i = 0; i < RTE_DIM(frames); i++) {
		const struct xd_output *o = &r->turn->outputs[1];
		struct tags want;
		bool passes = comes(in, &frames[i], &want) && leaves(out, &want);

		if (passes && got < o->n && has_tags(o->frames[got], &want) &&
			xd_turn_number(r->turn, o->frames[got]) == i)
			got++;
		else if (passes)
			fail_msg(
				"%s to %s: frame %u is not there or wrong", in->name, out->name, i);
	}
	if (got != r->turn->outputs[1].n)
		fail_msg("%s to %s: %u frames too many", in->name, out->name,
			r->turn->outputs[1].n - got);
}

static void
every_mode_to_every_mode(void **state)
{
	struct rig *r = make(sizeof(*r));

	(void)state;
	r->turn = make(sizeof(*r->turn));
	r->batch = make(sizeof(*r->batch));
	for (unsigned i = 0; i < PORTS * PORTS; i++) {
		const struct port *in = &ports[i / PORTS], *out = &ports[i % PORTS];

		start(r, in, out);
		check(r, in, out, everybody);
		check(r, in, out, mac_b);
		/* And once its address is known, in all VLANs that it can be in. */
		for (unsigned k = 0; k < RTE_DIM(frames); k++)
			add_frame(r, mac_a, mac_b, &frames[k]);
		run(r, 1);
		check(r, in, out, mac_b);
		xd_fdb_destroy(r->bridge.fdb);
	}
	free(r->batch);
	free(r->turn);
	free(r);
}

/* Every frame that came was sent or counted as dropped: by VLAN, or because no port has it. */
static void
what_does_not_pass_is_counted(void **state)
{
	struct rig *r = make(sizeof(*r));

	(void)state;
	r->turn = make(sizeof(*r->turn));
	r->batch = make(sizeof(*r->batch));
	for (unsigned i = 0; i < PORTS * PORTS; i++) {
		const struct xd_drops *drops = &r->devices[0].drops[0];

		start(r, &ports[i / PORTS], &ports[i % PORTS]);
		memset(&r->devices[0].drops, 0, sizeof(r->devices[0].drops));
		for (unsigned k = 0; k < RTE_DIM(frames); k++)
			add_frame(r, everybody, mac_a, &frames[k]);
		run(r, 0);
		assert_int_equal(
			r->turn->outputs[1].n + drops->n[XD_DROP_VLAN] + drops->n[XD_DROP_NO_PORT],
			RTE_DIM(frames));
		xd_fdb_destroy(r->bridge.fdb);
	}
	free(r->batch);
	free(r->turn);
	free(r);
}

/* What a short frame's tag would say lies behind its end. */
static void
a_tag_that_is_cut_off(void **state)
{
	struct xd_frame *f = make(sizeof(*f));
	static const struct tags outer = {1, {{0x8100, 10, 0}}};
	struct rig *r = make(sizeof(*r));

	(void)state;
	r->batch = make(sizeof(*r->batch));
	add_frame(r, everybody, mac_a, &outer);
	*f = r->batch->frames[0];
	f->tagged = true;
	memcpy(xd_frame_data(f) + 16, "\x81\x00\x00\x14", 4);
	f->len = f->head_len = 22;
	assert_int_equal(xd_vlan_of_customer(f), 20);
	f->len = f->head_len = 21;
	assert_int_equal(xd_vlan_of_customer(f), 0);
	f->tagged = false;
	f->len = f->head_len = 18;
	assert_int_equal(xd_vlan_of_customer(f), 10);
	f->len = f->head_len = 17;
	assert_int_equal(xd_vlan_of_customer(f), 0);
	free(r->batch);
	free(r);
	free(f);
}

static void
keys_that_do_not_go_together(void **state)
{
	static const struct {
		struct port port;
		const char *key;
	} bad[] = {
		{{"a", XD_VLAN_MODE_ACCESS, NONE, ALL, ALL, 0}, ".vlan"},
		{{"a", XD_VLAN_MODE_ACCESS, 1, {2, NONE}, ALL, 0}, ".vlans"},
		{{"a", XD_VLAN_MODE_ACCESS, 1, ALL, {2, NONE}, 0}, ".cvlans"},
		{{"a", XD_VLAN_MODE_TRUNK, 1, {1, NONE}, ALL, 0}, ".vlan"},
		{{"a", XD_VLAN_MODE_NATIVE_TAGGED, NONE, {1, NONE}, ALL, 0}, ".vlan"},
		{{"a", XD_VLAN_MODE_NATIVE_UNTAGGED, NONE, ALL, ALL, 0}, ".vlan"},
		{{"a", XD_VLAN_MODE_DOT1Q_TUNNEL, NONE, ALL, ALL, 0}, ".vlan"},
		{{"a", XD_VLAN_MODE_DOT1Q_TUNNEL, 1, {2, NONE}, ALL, 0}, ".vlans"},
		{{"a", XD_VLAN_MODE_AUTO, 1, ALL, {2, NONE}, 0}, ".cvlans"},
	};
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < PORTS; i++) {
		struct xd_port_config c = config_of(&ports[i]);

		assert_int_equal(xd_vlan_check(&c, &err), 0);
		assert_int_equal(xd_vlan_mode(&c), ports[i].mode);
	}
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		struct xd_port_config c = config_of(&bad[i].port);
		size_t at;

		assert_true(xd_vlan_check(&c, &err) < 0);
		at = strlen(err.key) - strlen(bad[i].key);
		assert_string_equal(err.key + at, bad[i].key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_to_every_mode),
		cmocka_unit_test(what_does_not_pass_is_counted),
		cmocka_unit_test(a_tag_that_is_cut_off),
		cmocka_unit_test(keys_that_do_not_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
