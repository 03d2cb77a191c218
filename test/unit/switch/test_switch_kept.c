/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of frames that hooks take, and frames that they keep. */
#include "switch_env.h"

#include <unistd.h>

#define BODY 1000 /* bytes behind the snapshot */

/* A hook that takes and keeps what it is told to. */
struct keeper {
	uint32_t upto;             /* bytes that it takes of each frame */
	const uint8_t *saw;        /* what it was given of the first, */
	uint8_t copy[XD_TAKE_MAX]; /* and a copy of it */
	uint8_t *rewrite;          /* the sender's bytes, which it changes behind the verdict */
	uint32_t keep, drop;       /* masks, */
	uint32_t to;               /* and one of frames for to_port */
	uint16_t to_port;
	bool at_once; /* done sends what it is given, to dst */
	uint16_t dst;
	unsigned runs, dones;
	unsigned n; /* of those kept */
	struct xd_kept *kept[64];
	bool release; /* tick sends them */
};

static void
keeper_run(void *ctx, struct xd_burst *b)
{
	struct keeper *k = ctx;

	k->runs += b->n;
	b->keep = k->keep & (uint32_t)((1ull << b->n) - 1);
	b->drop = k->drop & (uint32_t)((1ull << b->n) - 1);
	for (uint16_t i = 0; i < b->n; i++) {
		if (k->to >> i & 1)
			xd_burst_send(b, i, k->to_port);
	}
	for (uint16_t i = 0; k->upto && i < b->n; i++) {
		const uint8_t *data = xd_frame_take(b, i, k->upto);

		if (i == 0) {
			k->saw = data;
			if (data)
				memcpy(k->copy, data, k->upto);
		}
	}
	if (k->rewrite)
		memset(k->rewrite, 0xee, BODY);
}

static void
keeper_done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	struct keeper *k = ctx;

	k->dones++;
	for (uint32_t left = b->keep & went; left; left &= left - 1) {
		struct xd_kept *kept = b->kept[__builtin_ctz(left)];

		if (!kept)
			continue;
		if (k->at_once)
			xd_kept_send(b, kept, k->dst);
		else
			k->kept[k->n++] = kept;
	}
}

static void
keeper_tick(void *ctx, const struct xd_burst *b)
{
	struct keeper *k = ctx;

	for (unsigned i = 0; k->release && i < k->n; i++)
		xd_kept_send(b, k->kept[i], k->dst);
	if (k->release)
		k->n = 0;
	k->release = false;
}

static void
add_keeper_at(struct env *env, enum xd_hook_point point, const char *name, uint32_t buffers,
	struct keeper *k)
{
	struct xd_hook hook = {
		.size = sizeof(hook),
		.name = name,
		.point = point,
		.run = keeper_run,
		.done = keeper_done,
		.tick = keeper_tick,
		.tick_ms = 1,
		.keep_buffers = buffers,
	};

	k->dst = XD_DST_ON;
	if (xd_hook_register(env->sw, &hook, k, &env->err) < 0)
		fail_msg("%s", env->err.text);
}

static void
add_keeper(struct env *env, const char *name, uint32_t buffers, struct keeper *k)
{
	add_keeper_at(env, XD_HOOK_IN, name, buffers, k);
}

/* Ports a, b and c; b and c have the addresses 2 and 3 and have said so. What a sends is long. */
static void
open_ports(struct env *env, const char *hooks, uint8_t *body)
{
	struct device *a = made_up_device("/a");

	add(env, "a", "/a");
	add(env, "b", "/b");
	add(env, "c", "/c");
	set_hooks(env, "a", hooks);
	apply(env);
	send_frame(env, "/b", 2, 0xff);
	send_frame(env, "/c", 3, 0xff);
	for (unsigned i = 0; i < BODY; i++)
		body[i] = (uint8_t)(i * 7 + 1);
	a->body = body;
	a->body_len = BODY;
	a->piece_len = 300;
}

/* Its ticks are a millisecond apart. */
static void
let_go(struct env *env, struct keeper *k)
{
	k->release = true;
	while (k->release)
		xd_worker_poll(env->worker);
}

/* What was judged is what is sent, whatever the sender writes meanwhile; the rest is the sender's.
 */
static void
takes_what_is_sent(void **state)
{
	static const uint32_t uptos[] = {64, 128, 129, 428, 429, 700, XD_HEAD + BODY};
	struct env *env = *state;
	struct keeper k = {0};
	uint8_t body[BODY], before[BODY];
	struct device *b = made_up_device("/b");

	add_keeper(env, "h", 0, &k);
	open_ports(env, "h", body);
	memcpy(before, body, BODY);
	k.rewrite = body;
	for (unsigned i = 0; i < sizeof(uptos) / sizeof(uptos[0]); i++) {
		uint32_t taken = uptos[i] > XD_HEAD ? uptos[i] - XD_HEAD : 0;

		memcpy(body, before, BODY);
		k.upto = uptos[i];
		send_frame(env, "/a", 1, 2);
		assert_non_null(k.saw);
		assert_int_equal(b->last_len, XD_HEAD + BODY);
		assert_memory_equal(k.copy, b->last, 12);
		if (taken)
			assert_memory_equal(k.copy + XD_HEAD, before, taken);
		assert_memory_equal(b->last_body, before, taken);
		for (uint32_t at = taken; at < BODY; at++)
			assert_int_equal(b->last_body[at], 0xee);
	}
	/* More than there is, and more than can be. */
	k.upto = XD_HEAD + BODY + 1;
	send_frame(env, "/a", 1, 2);
	assert_null(k.saw);
	k.upto = XD_TAKE_MAX + 1;
	send_frame(env, "/a", 1, 2);
	assert_null(k.saw);
}

/* All frames of a turn, in many pieces, by two hooks, the second of which takes more. */
static void
takes_for_two(void **state)
{
	struct env *env = *state;
	struct keeper first = {.upto = 200}, second = {.upto = XD_HEAD + BODY};
	struct device *a = made_up_device("/a"), *b = made_up_device("/b");
	uint8_t body[BODY], before[BODY];

	add_keeper(env, "one", 0, &first);
	add_keeper(env, "two", 0, &second);
	open_ports(env, "one,two", body);
	memcpy(before, body, BODY);
	first.rewrite = body; /* behind the back of the second */
	a->piece_len = 150;
	for (unsigned i = 0; i < XD_BATCH; i++)
		made_up_send(a, 1, 2);
	assert_int_equal(xd_worker_poll(env->worker), XD_BATCH);
	assert_int_equal(b->nb_out, 1 + XD_BATCH);
	assert_memory_equal(second.copy + XD_HEAD, before, 200 - XD_HEAD);
	assert_int_equal(second.copy[200], 0xee);
	assert_memory_equal(b->last_body, second.copy + XD_HEAD, 200 - XD_HEAD);
}

static void
keeps_and_sends_on(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 1};
	uint8_t body[BODY], before[BODY];
	struct device *b = made_up_device("/b");
	struct xd_hook_info info;

	add_keeper(env, "h", 8, &k);
	open_ports(env, "h", body);
	memcpy(before, body, BODY);
	send_frame(env, "/a", 1, 2);
	assert_int_equal(k.n, 1);
	assert_int_equal(b->nb_out, 1);
	assert_int_equal(info_of(env, "a").nb_macs, 0); /* not learned yet */
	assert_int_equal(info_of(env, "a").counters.rx_frames, 1);
	assert_int_equal(xd_kept_frame(k.kept[0])->len, XD_HEAD + BODY);
	memset(body, 0xee, BODY);
	let_go(env, &k);
	assert_int_equal(b->nb_out, 2);
	assert_memory_equal(b->last_body, before, BODY);
	assert_int_equal(b->last[5], 2);
	assert_int_equal(info_of(env, "a").nb_macs, 1);
	assert_int_equal(info_of(env, "a").counters.rx_frames, 1);
	info = hook_info(env);
	assert_int_equal(info.kept, 1);
	assert_int_equal(info.sent, 1);
	assert_int_equal(info.keep_used, 0);
	assert_int_equal(info.keep_buffers, 8);
	assert_int_equal(drops_of(env, "a", XD_DROP_HOOK), 0);
}

/* To a port of its own choice, and to all. */
static void
sends_where_it_is_told(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 1, .at_once = true};
	uint8_t body[BODY];
	struct device *b = made_up_device("/b"), *c = made_up_device("/c");

	add_keeper(env, "h", 8, &k);
	open_ports(env, "h", body);
	k.dst = (uint16_t)xd_switch_port_index(env->sw, "c");
	send_frame(env, "/a", 1, 2);
	assert_int_equal(c->nb_out, 1 + 1);
	assert_int_equal(b->nb_out, 1);
	k.dst = XD_DST_FLOOD;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(c->nb_out, 1 + 2);
	assert_int_equal(b->nb_out, 1 + 1);
	/* There is no such port. */
	k.dst = 1000;
	send_frame(env, "/a", 1, 2);
	assert_int_equal(hook_info(env).bad, 1);
	assert_int_equal(hook_info(env).freed, 1);
	assert_int_equal(hook_info(env).keep_used, 0);
}

static void
remembers_where_a_hook_sent_it(void **state)
{
	struct env *env = *state;
	struct keeper one = {.to = 1}, two = {.keep = 1, .at_once = true};
	uint8_t body[BODY];

	add_keeper(env, "one", 0, &one);
	add_keeper(env, "two", 8, &two);
	open_ports(env, "one,two", body);
	one.to_port = (uint16_t)xd_switch_port_index(env->sw, "c");
	send_frame(env, "/a", 1, 2);
	assert_int_equal(made_up_device("/c")->nb_out, 1 + 1);
	assert_int_equal(made_up_device("/b")->nb_out, 1);
}

/* A kept frame meets the hooks behind, and them alone. */
static void
meets_hooks_behind(void **state)
{
	struct env *env = *state;
	struct keeper one = {.keep = 3, .at_once = true}, two = {.keep = 2, .at_once = true},
		      three = {0};
	struct device *a = made_up_device("/a");
	uint8_t body[BODY];

	add_keeper(env, "one", 8, &one);
	add_keeper(env, "two", 8, &two);
	add_keeper(env, "three", 8, &three);
	open_ports(env, "one,two,three", body);
	for (unsigned i = 0; i < 3; i++)
		made_up_send(a, 1, 2);
	assert_int_equal(xd_worker_poll(env->worker), 3);
	assert_int_equal(one.runs, 3);
	assert_int_equal(two.runs, 3);
	assert_int_equal(three.runs, 3);
	assert_int_equal(made_up_device("/b")->nb_out, 1 + 3);
	assert_int_equal(info_of(env, "a").counters.rx_frames, 3);
}

/* Two frames wait for b, whose ring is full, with or without its saying so before it is tried. */
static void
two_wait(struct env *env, bool hides_full)
{
	struct device *a = made_up_device("/a"), *b = made_up_device("/b");

	port_of(env, "b")->full = XD_FULL_WAIT;
	port_of(env, "b")->wait_us = 1000000;
	apply(env);
	b->full = true;
	b->hides_full = hides_full;
	made_up_send(a, 1, 2);
	made_up_send(a, 1, 2);
	for (unsigned i = 0; i < 5; i++)
		xd_worker_poll(env->worker);
}

/* There is room for them. */
static void
two_go(struct env *env)
{
	struct device *b = made_up_device("/b");

	b->full = false;
	while (b->nb_out < 2)
		xd_worker_poll(env->worker);
}

/* A frame that stays with its sender is kept when it goes, and once. */
static void
keeps_once_what_comes_again(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 2};
	uint8_t body[BODY];

	add_keeper(env, "h", 8, &k);
	open_ports(env, "h", body);
	two_wait(env, false);
	assert_int_equal(k.n, 0);
	two_go(env);
	assert_int_equal(k.n, 1);
	assert_int_equal(hook_info(env).kept, 1);
	xd_kept_free(k.kept[0]);
	assert_int_equal(hook_info(env).freed, 1);
}

static void
has_so_many_buffers(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = UINT32_MAX};
	struct device *a = made_up_device("/a");
	struct xd_hook_info info;
	uint8_t body[BODY];

	add_keeper(env, "h", 4, &k);
	open_ports(env, "h", body);
	for (unsigned i = 0; i < 10; i++)
		made_up_send(a, 1, 2);
	assert_int_equal(xd_worker_poll(env->worker), 10);
	info = hook_info(env);
	assert_int_equal(k.n, 4);
	assert_int_equal(info.kept, 4);
	assert_int_equal(info.not_kept, 6);
	assert_int_equal(info.keep_used, 4);
	assert_int_equal(drops_of(env, "a", XD_DROP_NO_BUFFER), 6);
	/* What is still in them goes with the hook. */
	set_hooks(env, "a", "none");
	apply(env);
	assert_int_equal(xd_hook_unregister(env->sw, "h", &env->err), 0);
}

static void
forgets_those_whose_port_has_gone(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 1};
	uint8_t body[BODY];

	add_keeper(env, "h", 4, &k);
	open_ports(env, "h", body);
	send_frame(env, "/a", 1, 2);
	/* Another takes its place, and its index. */
	del(env, "a");
	apply(env);
	add(env, "d", "/d");
	set_hooks(env, "d", "h");
	apply(env);
	let_go(env, &k);
	assert_int_equal(made_up_device("/b")->nb_out, 1);
	assert_int_equal(hook_info(env).freed, 1);
	assert_int_equal(info_of(env, "d").nb_macs, 0);
}

static void
refuses_to_keep_without_buffers(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 1};
	struct xd_hook hook = {.size = sizeof(hook), .name = "x", .run = keeper_run};
	uint8_t body[BODY];

	add_keeper(env, "h", 0, &k);
	open_ports(env, "h", body);
	send_frame(env, "/a", 1, 2);
	assert_int_equal(hook_info(env).bad, 1);
	assert_int_equal(made_up_device("/b")->nb_out, 2);
	hook.keep_buffers = (1u << 20) + 1;
	assert_int_equal(xd_hook_register(env->sw, &hook, &k, &env->err), -EINVAL);
	/* The EAL of a test has not so much. */
	hook.keep_buffers = 1u << 20;
	assert_int_equal(xd_hook_register(env->sw, &hook, &k, &env->err), -ENOMEM);
	assert_int_equal(xd_hook_unregister(env->sw, "x", &env->err), -ENOENT);
}

/* ---- On their way out ---- */

/* The hooks are those of b. */
static void
open_out(struct env *env, const char *hooks, uint8_t *body)
{
	open_ports(env, "none", body);
	set_hooks(env, "b", hooks);
	apply(env);
}

static void
keeps_on_the_way_out(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 1};
	struct device *b = made_up_device("/b"), *c = made_up_device("/c");
	uint8_t body[BODY], before[BODY];
	struct xd_hook_info info;

	add_keeper_at(env, XD_HOOK_OUT, "h", 8, &k);
	open_out(env, "h", body);
	memcpy(before, body, BODY);
	/* To all: c gets it at once. */
	send_frame(env, "/a", 1, 0xff);
	assert_int_equal(c->nb_out, 2);
	assert_int_equal(b->nb_out, 1);
	assert_int_equal(k.n, 1);
	assert_int_equal(info_of(env, "b").counters.tx_frames, 1);
	memset(body, 0xee, BODY);
	let_go(env, &k);
	assert_int_equal(b->nb_out, 2);
	assert_int_equal(c->nb_out, 2);
	assert_memory_equal(b->last_body, before, BODY);
	assert_int_equal(b->last_len, XD_HEAD + BODY);
	assert_int_equal(info_of(env, "b").counters.tx_frames, 2);
	assert_int_equal(info_of(env, "a").counters.rx_frames, 1);
	info = hook_info(env);
	assert_int_equal(info.frames, 1);
	assert_int_equal(info.kept, 1);
	assert_int_equal(info.sent, 1);
	assert_int_equal(info.keep_used, 0);
	assert_int_equal(info.bad, 0);
	/* It goes to its port and to no other. */
	k.at_once = true;
	k.dst = (uint16_t)xd_switch_port_index(env->sw, "c");
	send_frame(env, "/a", 1, 2);
	assert_int_equal(b->nb_out, 2);
	assert_int_equal(c->nb_out, 2);
	assert_int_equal(hook_info(env).bad, 1);
	assert_int_equal(hook_info(env).freed, 1);
	assert_int_equal(hook_info(env).keep_used, 0);
}

/* Of a burst some, in order, by three hooks; more than there are buffers are dropped at the port.
 */
static void
keeps_out_for_hooks_behind(void **state)
{
	struct env *env = *state;
	struct keeper one = {.keep = 3}, two = {.keep = 2, .at_once = true}, three = {0};
	struct device *a = made_up_device("/a"), *b = made_up_device("/b");
	uint8_t body[BODY];

	add_keeper_at(env, XD_HOOK_OUT, "one", 8, &one);
	add_keeper_at(env, XD_HOOK_OUT, "two", 8, &two);
	add_keeper_at(env, XD_HOOK_OUT, "three", 8, &three);
	open_out(env, "one,two,three", body);
	for (unsigned i = 0; i < 3; i++)
		made_up_send(a, 1, 2);
	assert_int_equal(xd_worker_poll(env->worker), 3);
	assert_int_equal(b->nb_out, 1 + 1);
	let_go(env, &one);
	assert_int_equal(b->nb_out, 1 + 3);
	assert_int_equal(one.runs, 3);
	assert_int_equal(two.runs, 3);
	assert_int_equal(three.runs, 3);
	one.keep = UINT32_MAX;
	for (unsigned i = 0; i < 10; i++)
		made_up_send(a, 1, 2);
	assert_int_equal(xd_worker_poll(env->worker), 10);
	assert_int_equal(hook_info(env).not_kept, 2);
	assert_int_equal(drops_of(env, "b", XD_DROP_NO_BUFFER), 2);
	let_go(env, &one);
	assert_int_equal(b->nb_out, 1 + 3 + 8);
}

/* The port is full: what it drops of those that it kept is counted there. */
static void
keeps_out_once(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 2};
	struct device *b = made_up_device("/b");
	uint8_t body[BODY];

	add_keeper_at(env, XD_HOOK_OUT, "h", 8, &k);
	open_out(env, "h", body);
	two_wait(env, false);
	assert_int_equal(k.n, 0);
	two_go(env);
	assert_int_equal(k.n, 1);
	assert_int_equal(hook_info(env).frames, 2);
	b->full = true;
	let_go(env, &k);
	assert_int_equal(b->nb_out, 2);
	assert_int_equal(
		drops_of(env, "b", XD_DROP_RING_FULL) + drops_of(env, "b", XD_DROP_WAITED), 1);
	assert_int_equal(hook_info(env).keep_used, 0);
}

/* What a hook drops behind a frame that finds the port full comes again, and counts when it goes.
 */
static void
counts_drops_out_once(void **state)
{
	struct env *env = *state;
	struct keeper k = {.drop = 2};
	struct device *b = made_up_device("/b");
	uint8_t body[BODY];

	add_keeper_at(env, XD_HOOK_OUT, "h", 0, &k);
	open_out(env, "h", body);
	two_wait(env, true);
	two_go(env);
	assert_int_equal(hook_info(env).drops, 1);
	assert_int_equal(drops_of(env, "b", XD_DROP_HOOK_OUT), 1);
	b->hides_full = false;
}

/* No port has the hook any more: what it kept is still sent, wherever it was kept. */
static void
loses_none_when_it_is_taken_out(void **state)
{
	struct env *env = *state;
	struct keeper in = {.keep = UINT32_MAX}, out = {.keep = UINT32_MAX};
	struct device *b = made_up_device("/b");
	uint8_t body[BODY];

	add_keeper_at(env, XD_HOOK_OUT, "out", 16, &out);
	add_keeper(env, "in", 16, &in);
	open_out(env, "out", body);
	for (unsigned i = 0; i < 5; i++)
		send_frame(env, "/a", 1, 2);
	set_hooks(env, "a", "in");
	apply(env);
	for (unsigned i = 0; i < 5; i++)
		send_frame(env, "/a", 1, 2);
	assert_int_equal(in.n, 5);
	assert_int_equal(out.n, 5);
	set_hooks(env, "a", "none");
	set_hooks(env, "b", "none");
	apply(env);
	assert_int_equal(b->nb_out, 1);
	let_go(env, &in);
	assert_int_equal(b->nb_out, 1 + 5);
	let_go(env, &out);
	assert_int_equal(b->nb_out, 1 + 10);
	assert_int_equal(hook_info(env).keep_used, 0);
	/* Nothing is kept: no more ticks, and the worker may sleep as long as it likes. */
	out.release = true;
	for (unsigned i = 0; i < 20; i++) {
		usleep(1000);
		xd_worker_poll(env->worker);
	}
	assert_true(out.release);
	assert_int_equal(xd_hook_unregister(env->sw, "out", &env->err), 0);
	xd_worker_poll(env->worker);
}

static void
forgets_those_out_whose_port_has_gone(void **state)
{
	struct env *env = *state;
	struct keeper k = {.keep = 1};
	uint8_t body[BODY];

	add_keeper_at(env, XD_HOOK_OUT, "h", 4, &k);
	open_out(env, "h", body);
	send_frame(env, "/a", 1, 2);
	del(env, "b");
	apply(env);
	add(env, "d", "/d");
	apply(env);
	let_go(env, &k);
	assert_int_equal(made_up_device("/d")->nb_out, 0);
	assert_int_equal(hook_info(env).freed, 1);
	assert_int_equal(hook_info(env).keep_used, 0);
	/* It may be for a port whose sender has gone. */
	set_hooks(env, "c", "h");
	apply(env);
	send_frame(env, "/a", 1, 3);
	del(env, "a");
	apply(env);
	let_go(env, &k);
	assert_int_equal(made_up_device("/c")->nb_out, 2);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_switch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(takes_what_is_sent),
		ON_SWITCH(takes_for_two),
		ON_SWITCH(keeps_and_sends_on),
		ON_SWITCH(sends_where_it_is_told),
		ON_SWITCH(remembers_where_a_hook_sent_it),
		ON_SWITCH(meets_hooks_behind),
		ON_SWITCH(keeps_once_what_comes_again),
		ON_SWITCH(has_so_many_buffers),
		ON_SWITCH(forgets_those_whose_port_has_gone),
		ON_SWITCH(refuses_to_keep_without_buffers),
		ON_SWITCH(keeps_on_the_way_out),
		ON_SWITCH(keeps_out_for_hooks_behind),
		ON_SWITCH(keeps_out_once),
		ON_SWITCH(counts_drops_out_once),
		ON_SWITCH(loses_none_when_it_is_taken_out),
		ON_SWITCH(forgets_those_out_whose_port_has_gone),
	};

	return cmocka_run_group_tests(tests, start_eal, stop_eal);
}
