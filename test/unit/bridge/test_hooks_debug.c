/* SPDX-License-Identifier: BSD-3-Clause */
/* In a debug build (XD_DEBUG) a verdict that cannot be ends the program, which says whose it was.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/bridge.h"

#define FRAMES 4

struct env {
	struct xd_turn *turn;
	struct xd_batch *batch;
	struct xd_hook_slot *slot;
	struct xd_frame *frames[XD_BATCH];
	uint64_t now;
};

static void
pass(void *ctx, struct xd_burst *b)
{
	(void)ctx, (void)b;
}

static void
judge_what_is_not_there(void *ctx, struct xd_burst *b)
{
	(void)ctx;
	xd_burst_drop(b, b->n, 0);
}

static void
drop_for_no_reason(void *ctx, struct xd_burst *b)
{
	(void)ctx;
	xd_burst_drop(b, 0, 3);
}

static void
keep_in_nothing(void *ctx, struct xd_burst *b)
{
	(void)ctx;
	xd_burst_keep(b, 0);
}

static void
use_all_headroom(void *ctx, struct xd_burst *b)
{
	struct xd_frame *f = b->frames[1];

	(void)ctx;
	f->head_len += f->start;
	f->len += f->start;
	f->start = 0;
}

static int
setup(void **state)
{
	static struct env env;

	memset((void *)&env, 0, sizeof(env));
	env.turn = aligned_alloc(64, sizeof(*env.turn));
	env.batch = aligned_alloc(64, sizeof(*env.batch));
	env.slot = aligned_alloc(64, sizeof(*env.slot));
	memset((void *)env.turn, 0, sizeof(*env.turn));
	memset((void *)env.batch, 0, sizeof(*env.batch));
	memset((void *)env.slot, 0, sizeof(*env.slot));
	env.turn->batch = env.batch;
	env.turn->now_tsc = &env.now;
	for (unsigned i = 0; i < XD_BATCH; i++) {
		env.frames[i] = &env.batch->frames[i];
		xd_frame_init(env.frames[i], 60, 60, 0);
	}
	strcpy(env.slot->name, "made-up");
	*state = &env;
	return 0;
}

static int
teardown(void **state)
{
	struct env *env = *state;

	free((void *)env->turn);
	free((void *)env->batch);
	free((void *)env->slot);
	return 0;
}

static void
judge(struct env *env, void (*run)(void *ctx, struct xd_burst *b))
{
	static struct xd_hook_call call;

	env->slot->hook.run = run;
	xd_hook_judge(env->turn, &call, env->slot, 0, env->frames, FRAMES);
}

/* In a process of its own: what that says before it is aborted has the text. */
static void
ends(struct env *env, void (*run)(void *ctx, struct xd_burst *b), const char *text)
{
	char said[4096];
	size_t len = 0;
	ssize_t n;
	int out[2], status;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(out[1], 2);
		signal(SIGABRT, SIG_DFL);
		if (run)
			judge(env, run);
		else
			xd_hook_bad(env->turn, env->slot, XD_HOOK_BAD_PORT, 9);
		_exit(0);
	}
	close(out[1]);
	while (len < sizeof(said) - 1 && (n = read(out[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = 0;
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	if (!strstr(said, text))
		fail_msg("'%s' is not in '%s'", text, said);
}

static void
test_names_the_hook(void **state)
{
	struct env *env = *state;

	judge(env, pass);
	ends(env, NULL, "hook made-up: frames for a port that there is not: index 9");
	ends(env, judge_what_is_not_there,
		"hook made-up: a verdict on a frame that there is not, of so many 4");
	ends(env, drop_for_no_reason, "hook made-up: a reason that it has not named: number 3");
	ends(env, keep_in_nothing, "hook made-up: frames to be kept, without buffers or done: 0");
}

/* Also of one that does not say that it edits. */
static void
test_looks_frames_over(void **state)
{
	struct env *env = *state;

	ends(env, use_all_headroom,
		"hook made-up: a frame left broken, or without room for a tag: it begins at 0");
	env->slot->hook.flags = XD_HOOK_EDITS;
	ends(env, use_all_headroom,
		"hook made-up: a frame left broken, or without room for a tag: it begins at 0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_the_hook, setup, teardown),
		cmocka_unit_test_setup_teardown(test_looks_frames_over, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
