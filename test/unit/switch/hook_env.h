/* SPDX-License-Identifier: BSD-3-Clause */
/* Beside switch_env.h: a hook that does as it is told, and three ports in a bridge. */
#ifndef TEST_HOOK_ENV_H
#define TEST_HOOK_ENV_H

#include "switch_env.h"

/* A hook that does as it is told. */
struct obedient {
	struct xd_burst verdict; /* its masks and destinations */
	uint8_t write_dst; /* last byte of the destination of frames that are moved or edited */
	unsigned runs, ticks;
	unsigned seen, again, went; /* frames */
	uint16_t last_port;
};

static inline void
obedient_run(void *ctx, struct xd_burst *b)
{
	struct obedient *o = ctx;

	o->runs++;
	o->seen += b->n;
	o->again += (unsigned)__builtin_popcount(b->again);
	o->last_port = b->port;
	b->drop = o->verdict.drop;
	b->moved = o->verdict.moved;
	b->leave = o->verdict.leave;
	b->to = o->verdict.to;
	b->copy = o->verdict.copy;
	b->copy_snap = o->verdict.copy_snap;
	memcpy(b->dst, o->verdict.dst, sizeof(b->dst));
	memcpy(b->copy_dst, o->verdict.copy_dst, sizeof(b->copy_dst));
	memcpy(b->why, o->verdict.why, sizeof(b->why));
	for (uint16_t i = 0; o->write_dst && i < b->n; i++) {
		if (b->moved >> i & 1 || !b->moved)
			xd_frame_data(b->frames[i])[5] = o->write_dst;
	}
}

static inline void
obedient_done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	assert_int_equal(went & ~(uint32_t)((1ull << b->n) - 1), 0);
	((struct obedient *)ctx)->went += (unsigned)__builtin_popcount(went);
}

static inline void
obedient_tick(void *ctx, const struct xd_burst *b)
{
	assert_int_equal(b->n, 0);
	((struct obedient *)ctx)->ticks++;
}

static const char *const reasons[] = {"too-old", "too-new", NULL};

static inline void
add_hook(struct env *env, const char *name, enum xd_hook_point point, uint32_t flags,
	struct obedient *o)
{
	struct xd_hook hook = {
		.size = sizeof(hook),
		.name = name,
		.point = point,
		.flags = flags,
		.reasons = reasons,
		.run = obedient_run,
		.done = obedient_done,
		.tick = obedient_tick,
		.tick_ms = 1,
	};

	if (xd_hook_register(env->sw, &hook, o, &env->err) < 0)
		fail_msg("%s", env->err.text);
}

/* Ports a, b and c, whose devices have the addresses 1, 2 and 3 and have said so. */
static inline void
open_ports(struct env *env)
{
	add(env, "a", "/a");
	add(env, "b", "/b");
	add(env, "c", "/c");
	apply(env);
	send_frame(env, "/b", 2, 0xff);
	send_frame(env, "/c", 3, 0xff);
}

static inline unsigned
out(const char *path)
{
	return made_up_device(path)->nb_out;
}

#endif
