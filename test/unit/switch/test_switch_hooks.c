/* SPDX-License-Identifier: BSD-3-Clause */
/* What hooks see of frames, and what becomes of their verdicts: three ports in a bridge. */
#include "hook_env.h"

static void
refuses_what_is_not_registered(void **state)
{
	struct env *env = *state;
	struct obedient o = {0};
	struct xd_hook wrong = {.size = 8, .name = "x", .run = obedient_run};

	open_ports(env);
	set_hooks(env, "a", "firewall");
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENOENT);
	assert_string_equal(env->err.key, "ports.a.hooks");
	assert_non_null(strstr(env->err.text, "registered none"));
	add_hook(env, "firewalls", XD_HOOK_IN, 0, &o);
	assert_int_equal(xd_switch_check(env->sw, env->config, &env->err), -ENOENT);
	assert_non_null(strstr(env->err.text, "did you mean firewalls?"));
	set_hooks(env, "a", "firewalls,firewalls");
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -EINVAL);
	set_hooks(env, "a", "none");
	xd_bridge_config_set(xd_config_bridge(env->config, "br0"), "hooks", "fire", &env->err);
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENOENT);
	assert_string_equal(env->err.key, "bridges.br0.hooks");

	assert_int_equal(xd_hook_register(env->sw, &wrong, NULL, &env->err), -EINVAL);
	wrong.size = sizeof(wrong);
	wrong.name = "firewalls";
	assert_int_equal(xd_hook_register(env->sw, &wrong, NULL, &env->err), -EEXIST);
	wrong.name = "a b";
	assert_int_equal(xd_hook_register(env->sw, &wrong, NULL, &env->err), -EINVAL);
	wrong.name = "ok";
	wrong.tick = obedient_tick;
	assert_int_equal(xd_hook_register(env->sw, &wrong, NULL, &env->err), -EINVAL);
}

static void
drops_before_learning(void **state)
{
	struct env *env = *state;
	struct obedient o = {.verdict = {.drop = 1, .why = {1}}};
	struct xd_hook_info info;

	add_hook(env, "h", XD_HOOK_IN, 0, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 1); /* what c said */
	assert_int_equal(info_of(env, "a").nb_macs, 0);
	assert_int_equal(drops_of(env, "a", XD_DROP_HOOK), 1);
	info = hook_info(env);
	assert_int_equal(info.frames, 1);
	assert_int_equal(info.drops, 1);
	assert_int_equal(info.nb_ports, 1);
	assert_int_equal(info.nb_reasons, 2);
	assert_int_equal(info.reasons[1].drops, 1);
	assert_string_equal(info.reasons[1].name, "too-new");
	assert_int_equal(o.went, 1);
	assert_int_equal(o.last_port, xd_switch_port_index(env->sw, "a"));
	/* A reason that it does not have. */
	o.verdict.why[0] = 2;
	send_frame(env, "/a", 1, 2);
	info = hook_info(env);
	assert_int_equal(info.bad, 1);
	assert_int_equal(info.drops, 2);
}

static void
looks_moved_frames_up_anew(void **state)
{
	struct env *env = *state;
	struct obedient o = {.verdict = {.moved = 2}, .write_dst = 3};
	struct device *a = made_up_device("/a");

	add_hook(env, "h", XD_HOOK_IN, XD_HOOK_EDITS, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	/* Three of the same addresses, of which the second is moved: the others are as they were.
	 */
	for (unsigned i = 0; i < 3; i++)
		made_up_send(a, 1, 2);
	assert_int_equal(xd_worker_poll(env->worker), 3);
	assert_int_equal(out("/b"), 1 + 2);
	assert_int_equal(out("/c"), 1 + 1);
	assert_int_equal(made_up_device("/c")->last[5], 3);
	assert_int_equal(hook_info(env).moved, 1);
	assert_int_equal(info_of(env, "a").nb_macs, 1);
}

static void
sends_where_it_is_told(void **state)
{
	struct env *env = *state;
	struct obedient o = {.verdict = {.to = 1}};
	struct xd_hook_info info;

	add_hook(env, "h", XD_HOOK_IN, 0, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	o.verdict.dst[0] = (uint16_t)xd_switch_port_index(env->sw, "c");
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 1);
	assert_int_equal(out("/c"), 2);
	assert_int_equal(info_of(env, "a").nb_macs, 1); /* learned nonetheless */
	o.verdict.dst[0] = XD_DST_FLOOD;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 2);
	assert_int_equal(out("/c"), 3);
	o.verdict.dst[0] = (uint16_t)xd_switch_port_index(env->sw, "a");
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/a"), 3); /* what b and c said, and its own */
	/* There is no such port. */
	o.verdict.dst[0] = 77;
	send_frame(env, "/a", 1, 2);
	o.verdict.dst[0] = 0xfffd;
	send_frame(env, "/a", 1, 2);
	/* Nor such frames. */
	o.verdict.to = 0;
	o.verdict.drop = 0x80000000;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 3);
	info = hook_info(env);
	assert_int_equal(info.bad, 3);
	assert_int_equal(info.redirected, 3);
	assert_int_equal(info.frames, 6);
	assert_int_equal(drops_of(env, "a", XD_DROP_HOOK), 2);
}

/* Of a burst, those next to each other that go to one port go there together. */
static void
sends_a_burst_to_several(void **state)
{
	static const char *const to[] = {"c", "c", "b", "", "", "c", "a", "b"};
	struct env *env = *state;
	struct obedient o = {.verdict = {.to = 0xff}};
	struct device *a = made_up_device("/a");

	add_hook(env, "h", XD_HOOK_IN, 0, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	for (unsigned i = 0; i < 8; i++)
		o.verdict.dst[i] =
			to[i][0] ? (uint16_t)xd_switch_port_index(env->sw, to[i]) : XD_DST_FLOOD;
	for (unsigned i = 0; i < 9; i++)
		made_up_send(a, 1, 2); /* the ninth by its address */
	assert_int_equal(xd_worker_poll(env->worker), 9);
	assert_int_equal(out("/a"), 2 + 1); /* with what b and c said */
	assert_int_equal(out("/b"), 1 + 2 + 2 + 1);
	assert_int_equal(out("/c"), 1 + 3 + 2);
	assert_int_equal(hook_info(env).redirected, 8);
}

static void
copies_frames(void **state)
{
	struct env *env = *state;
	struct obedient o = {.verdict = {.copy = 1}};
	struct xd_hook_info info;

	add_hook(env, "h", XD_HOOK_IN, 0, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	o.verdict.copy_dst[0] = (uint16_t)xd_switch_port_index(env->sw, "c");
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 2);
	assert_int_equal(out("/c"), 2);
	assert_int_equal(made_up_device("/c")->last_len, 64);
	/* Dropped itself, and cut. */
	o.verdict.drop = 1;
	o.verdict.copy_snap = 20;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 2);
	assert_int_equal(out("/c"), 3);
	assert_int_equal(made_up_device("/c")->last_len, 20);
	/* Nobody waits for a port that is full. */
	made_up_device("/c")->full = true;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(drops_of(env, "c", XD_DROP_RING_FULL), 1);
	made_up_device("/c")->full = false;
	o.verdict.copy_snap = 3;
	send_frame(env, "/a", 1, 2);
	o.verdict.copy_dst[0] = 99;
	o.verdict.copy_snap = 0;
	send_frame(env, "/a", 1, 2);
	info = hook_info(env);
	assert_int_equal(info.copied, 4);
	assert_int_equal(info.bad, 2);
}

static void
leaves_frames_with_their_sender(void **state)
{
	struct env *env = *state;
	struct obedient o = {.verdict = {.leave = 2}};
	struct device *a = made_up_device("/a");
	struct xd_hook_info info;

	add_hook(env, "h", XD_HOOK_IN, 0, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	port_of(env, "a")->wait_us = 10000000;
	apply(env);
	for (unsigned i = 0; i < 3; i++)
		made_up_send(a, 1, 2);
	assert_int_equal(xd_worker_poll(env->worker), 1);
	assert_int_equal(out("/b"), 2);
	assert_int_equal(o.went, 1);
	o.verdict.leave = 1;
	assert_int_equal(xd_worker_poll(env->worker), 0);
	assert_int_equal(o.again, 2);
	o.verdict.leave = 0;
	assert_int_equal(xd_worker_poll(env->worker), 2);
	assert_int_equal(out("/b"), 4);
	assert_int_equal(o.seen, 7);
	assert_int_equal(o.again, 4);
	assert_int_equal(o.went, 3);
	/* Once they have gone, what comes has not been seen. */
	send_frame(env, "/a", 1, 2);
	assert_int_equal(o.again, 4);
	info = hook_info(env);
	assert_int_equal(info.frames, 4);
	assert_int_equal(info.left, 2);
	assert_int_equal(info.expired, 0);
	assert_int_equal(info_of(env, "a").counters.rx_frames, 4);
	assert_int_equal(info_of(env, "a").counters.rx_bytes, 4 * 64);
}

static void
leaves_them_for_so_long(void **state)
{
	struct env *env = *state;
	struct obedient o = {.verdict = {.leave = 1}};
	struct device *a = made_up_device("/a");
	unsigned polls = 0;

	add_hook(env, "h", XD_HOOK_IN, 0, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	port_of(env, "a")->wait_us = 2;
	apply(env);
	made_up_send(a, 1, 2);
	made_up_send(a, 1, 2);
	while (a->taken < a->nb_in && polls++ < 1000000)
		xd_worker_poll(env->worker);
	assert_int_equal(a->taken, 2);
	assert_int_equal(hook_info(env).expired, 2);
	assert_int_equal(drops_of(env, "a", XD_DROP_HOOK), 2);
	assert_int_equal(out("/b"), 1);
}

/* Back pressure has frames judged twice, and done tells which have gone. */
static void
sees_frames_again(void **state)
{
	struct env *env = *state;
	struct obedient in = {0}, at = {0}, passing = {0};
	struct device *a = made_up_device("/a");

	add_hook(env, "h", XD_HOOK_IN, 0, &in);
	add_hook(env, "o", XD_HOOK_OUT, 0, &at);
	add_hook(env, "p", XD_HOOK_OUT, 0, &passing);
	open_ports(env);
	set_hooks(env, "a", "h");
	set_hooks(env, "b", "o");
	set_hooks(env, "c", "p");
	port_of(env, "b")->full = XD_FULL_WAIT;
	port_of(env, "b")->wait_us = 10000000;
	apply(env);
	made_up_send(a, 1, 3);
	made_up_send(a, 1, 2);
	made_up_send(a, 1, 2);
	made_up_device("/b")->full = true;
	assert_int_equal(xd_worker_poll(env->worker), 1);
	assert_int_equal(in.seen, 3);
	assert_int_equal(in.went, 1);
	/* What goes by those that stay is new. */
	assert_int_equal(passing.seen, 1);
	assert_int_equal(passing.again, 0);
	/* A change in between does not make them new. */
	port_of(env, "c")->mtu = 9000;
	apply(env);
	made_up_device("/b")->full = false;
	assert_int_equal(xd_worker_poll(env->worker), 2);
	assert_int_equal(in.seen, 5);
	assert_int_equal(in.again, 2);
	assert_int_equal(in.went, 3);
	assert_int_equal(at.seen, 2);
	assert_int_equal(at.went, 2);
	assert_int_equal(hook_info(env).frames, 3);
}

/* A frame that comes again is copied when it goes. */
static void
copies_frames_once(void **state)
{
	struct env *env = *state;
	struct obedient o = {.verdict = {.copy = 1}};

	add_hook(env, "h", XD_HOOK_IN, 0, &o);
	open_ports(env);
	set_hooks(env, "a", "h");
	port_of(env, "b")->full = XD_FULL_WAIT;
	port_of(env, "b")->wait_us = 10000000;
	apply(env);
	o.verdict.copy_dst[0] = (uint16_t)xd_switch_port_index(env->sw, "c");
	made_up_send(made_up_device("/a"), 1, 2);
	made_up_device("/b")->full = true;
	assert_int_equal(xd_worker_poll(env->worker), 0);
	assert_int_equal(out("/c"), 1);
	made_up_device("/b")->full = false;
	assert_int_equal(xd_worker_poll(env->worker), 1);
	assert_int_equal(out("/c"), 2);
	assert_int_equal(hook_info(env).copied, 1);
}

static void
judges_at_the_way_out(void **state)
{
	struct env *env = *state;
	struct obedient o = {.write_dst = 9};

	add_hook(env, "o", XD_HOOK_OUT, XD_HOOK_EDITS, &o);
	open_ports(env);
	set_hooks(env, "b", "o");
	apply(env);
	/* The frame for c is another. */
	send_frame(env, "/a", 1, 0xff);
	assert_int_equal(made_up_device("/b")->last[5], 9);
	assert_int_equal(made_up_device("/c")->last[5], 0xff);
	assert_int_equal(o.last_port, xd_switch_port_index(env->sw, "b"));
	o.verdict.drop = 1;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 2);
	assert_int_equal(drops_of(env, "b", XD_DROP_HOOK_OUT), 1);
	/* There is nothing to look up any more. */
	o.verdict.drop = 0;
	o.verdict.to = o.verdict.moved = 1;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(out("/b"), 3);
	assert_int_equal(hook_info(env).bad, 1);
	assert_int_equal(o.went, 3);
}

static void
ticks(void **state)
{
	struct env *env = *state;
	struct obedient o = {0}, unused = {0};

	add_hook(env, "h", XD_HOOK_OUT, 0, &o);
	add_hook(env, "i", XD_HOOK_IN, 0, &unused);
	open_ports(env);
	set_hooks(env, "a", "h");
	apply(env);
	for (unsigned polls = 0; o.ticks < 3 && polls < 100000000; polls++)
		xd_worker_poll(env->worker);
	assert_int_equal(o.ticks, 3);
	assert_int_equal(unused.ticks, 0);
}

int
main(void)
{
#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_switch)
	const struct CMUnitTest tests[] = {
		ON_SWITCH(refuses_what_is_not_registered),
		ON_SWITCH(drops_before_learning),
		ON_SWITCH(looks_moved_frames_up_anew),
		ON_SWITCH(sends_where_it_is_told),
		ON_SWITCH(sends_a_burst_to_several),
		ON_SWITCH(copies_frames),
		ON_SWITCH(leaves_frames_with_their_sender),
		ON_SWITCH(leaves_them_for_so_long),
		ON_SWITCH(sees_frames_again),
		ON_SWITCH(copies_frames_once),
		ON_SWITCH(judges_at_the_way_out),
		ON_SWITCH(ticks),
	};

	return cmocka_run_group_tests(tests, start_eal, stop_eal);
}
