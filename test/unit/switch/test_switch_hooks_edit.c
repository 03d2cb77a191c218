/* SPDX-License-Identifier: BSD-3-Clause */
/* Hooks that edit frames, and those that do without saying so. */
#include "hook_env.h"

static void
push_too_much(void *ctx, struct xd_burst *b)
{
	(void)ctx;
	for (uint16_t i = 0; i < b->n; i++)
		assert_non_null(xd_frame_push(b->frames[i], XD_HEADROOM - 2));
}

/* What it was given to write to. */
struct editor {
	uint16_t frame;
	uint32_t offset, len;
	uint8_t *at;
};

static void
edit(void *ctx, struct xd_burst *b)
{
	struct editor *e = ctx;

	e->at = xd_burst_edit(b, e->frame, e->offset, e->len);
	if (e->at)
		memset(e->at, 7, e->len);
}

static void
writes_to_the_snapshot_alone(void **state)
{
	const struct editor beyond[] = {{0, 63, 2, NULL}, {0, 64, 1, NULL},
		{0, UINT32_MAX, 2, NULL}, {0, 1, UINT32_MAX, NULL}, {1, 0, 1, NULL},
		{UINT16_MAX, 0, 1, NULL}};
	struct xd_hook hook = {
		.size = sizeof(hook), .name = "h", .flags = XD_HOOK_EDITS, .run = edit};
	struct env *env = *state;
	struct editor e = {0, 20, 44, NULL};

	assert_int_equal(xd_hook_register(env->sw, &hook, &e, &env->err), 0);
	hook.name = "flagless";
	hook.flags = 0;
	assert_int_equal(xd_hook_register(env->sw, &hook, &e, &env->err), 0);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	send_frame(env, "/a", 1, 2);
	assert_non_null(e.at);
	assert_int_equal(made_up_device("/b")->last[19], 0);
	assert_int_equal(made_up_device("/b")->last[20], 7);
	assert_int_equal(made_up_device("/b")->last[63], 7);
	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		e = beyond[i];
		send_frame(env, "/a", 1, 2);
		assert_null(e.at);
		assert_int_equal(hook_info(env).bad, i + 1);
	}
	set_hooks(env, "a", "flagless");
	apply(env);
	e = (struct editor){0, 20, 1, NULL};
	send_frame(env, "/a", 1, 2);
	assert_null(e.at);
}

static void
keeps_room_for_tags(void **state)
{
	static const struct xd_hook hook = {
		.size = sizeof(hook), .name = "h", .flags = XD_HOOK_EDITS, .run = push_too_much};
	struct env *env = *state;

	assert_int_equal(xd_hook_register(env->sw, &hook, NULL, &env->err), 0);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 1);
	assert_int_equal(hook_info(env).bad, 1);
	assert_int_equal(drops_of(env, "a", XD_DROP_HOOK), 1);
}

/* Also by one that does not say that it edits: of its frames one is looked at each time, and once
 * that was broken, all are. */
static void
looks_after_who_says_nothing(void **state)
{
	static const struct xd_hook hook = {
		.size = sizeof(hook), .name = "h", .run = push_too_much};
	struct env *env = *state;

	assert_int_equal(xd_hook_register(env->sw, &hook, NULL, &env->err), 0);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	for (unsigned i = 0; i < 9; i++)
		made_up_send(made_up_device("/a"), 1, 2);
	while (xd_worker_poll(env->worker))
		;
	assert_int_equal(out("/b"), 1);
	assert_int_equal(hook_info(env).bad, 9);
	assert_int_equal(drops_of(env, "a", XD_DROP_HOOK), 9);
}

static void
push_into_room(void *ctx, struct xd_burst *b)
{
	(void)ctx;
	for (uint16_t i = 0; i < b->n; i++)
		assert_non_null(xd_frame_push(b->frames[i], XD_HEADROOM - XD_HOOK_ROOM));
}

/* What one leaves for tags, these take: on its way out a frame needs none. */
static void
tags_take_the_room(void **state)
{
	static const struct xd_hook in = {
		.size = sizeof(in), .name = "h", .flags = XD_HOOK_EDITS, .run = push_into_room};
	struct env *env = *state;
	struct obedient o = {0};

	assert_int_equal(xd_hook_register(env->sw, &in, NULL, &env->err), 0);
	add_hook(env, "o", XD_HOOK_OUT, XD_HOOK_EDITS, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	set_hooks(env, "b", "o");
	port_of(env, "a")->vlan = 10;
	assert_int_equal(xd_port_config_set(port_of(env, "b"), "vlans", "10", &env->err), 0);
	apply(env);
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 2);
	assert_int_equal(drops_of(env, "b", XD_DROP_HOOK), 0);
}

int
main(void)
{
#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_switch)
	const struct CMUnitTest tests[] = {
		ON_SWITCH(writes_to_the_snapshot_alone),
		ON_SWITCH(keeps_room_for_tags),
		ON_SWITCH(looks_after_who_says_nothing),
		ON_SWITCH(tags_take_the_room),
	};

	return cmocka_run_group_tests(tests, start_eal, stop_eal);
}
