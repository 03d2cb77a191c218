/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that embeds a switch with a hook, told line by line what that does; for functional
 * tests.
 *
 *     hooked_switch DIRECTORY CORE
 *
 * Guests vm1, vm2 and vm3 connect to sockets in DIRECTORY; frames of vm1 meet the hook. Prints
 * "ready", and answers each line read by one:
 *
 *     take N    takes N bytes of each frame, and passes it when they are what peeking finds: "ok"
 *     drop      drops all: "ok"
 *     keep      keeps all: "ok"
 *     send      sends on what is kept: "ok" when that has been done
 *     copy      passes all, with a copy to vm3: "ok"
 *     count     "frames N drops N kept N sent N used N", of the hook
 *     shape N M what goes to vm2 waits for its time (shaper.h): N bytes a second, M at once: "ok"
 *     unshape   takes that hook out, whatever waits: "ok"
 *     lift      lets go as fast as they go those that still wait: "ok"
 *     waiting   "N", frames that do
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crossdock.h"
#include "frame/edit.h"
#include "hook.h"
#include "shaper.h"

#define KEPT 64

enum mode { TAKE, DROP, KEEP, COPY };

/* Of one worker; mode, upto and send are written by the main thread. */
struct told {
	enum mode mode;
	uint32_t upto;
	bool send;
	uint16_t vm3;
	unsigned n;
	struct xd_kept *kept[KEPT];
};

/* Whether the sender, who does not write to it now, would find the same. */
static bool
is_right(const struct xd_frame *f, const uint8_t *taken, uint32_t upto)
{
	uint8_t peeked[XD_TAKE_MAX];

	return taken && xd_frame_peek(f, 0, peeked, upto) == 0 && !memcmp(peeked, taken, upto);
}

static void
run(void *ctx, struct xd_burst *b)
{
	const struct told *t = ctx;
	const enum mode mode = __atomic_load_n(&t->mode, __ATOMIC_ACQUIRE);

	for (uint16_t i = 0; i < b->n; i++) {
		const uint32_t upto = t->upto < b->frames[i]->len ? t->upto : b->frames[i]->len;

		if (mode == DROP ||
			(mode == TAKE && !is_right(b->frames[i], xd_frame_take(b, i, upto), upto)))
			xd_burst_drop(b, i, 0);
		else if (mode == KEEP)
			xd_burst_keep(b, i);
		else if (mode == COPY)
			xd_burst_copy(b, i, t->vm3);
	}
}

static void
done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	struct told *t = ctx;

	for (uint32_t left = b->keep & went; left; left &= left - 1) {
		struct xd_kept *kept = b->kept[__builtin_ctz(left)];

		if (kept && t->n < KEPT)
			t->kept[t->n++] = kept;
		else
			xd_kept_free(kept);
	}
}

static void
tick(void *ctx, const struct xd_burst *b)
{
	struct told *t = ctx;

	if (!__atomic_load_n(&t->send, __ATOMIC_ACQUIRE))
		return;
	for (unsigned i = 0; i < t->n; i++)
		xd_kept_send(b, t->kept[i], XD_DST_ON);
	t->n = 0;
	__atomic_store_n(&t->send, false, __ATOMIC_RELEASE);
}

static void __attribute__((noreturn)) end(const struct xd_error *err)
{
	fprintf(stderr, "hooked_switch: %s: %s\n", err->key, err->text);
	exit(EXIT_FAILURE);
}

static void
start(struct xd_switch *sw, const char *directory, unsigned core, struct told *t,
	struct shaper *shaper)
{
	static const char *const names[] = {"vm1", "vm2", "vm3"};
	const struct xd_hook hook = {
		.size = sizeof(hook),
		.name = "told",
		.run = run,
		.done = done,
		.tick = tick,
		.tick_ms = 1,
		.keep_buffers = 4 * KEPT,
	};
	struct xd_config *config = xd_config_create();
	char path[XD_PATH_MAX];
	struct xd_error err;

	xd_config_set_workers(config, &core, 1);
	xd_config_add_bridge(config, "br0", &err);
	for (unsigned i = 0; i < 3; i++) {
		struct xd_port_config *port =
			xd_config_add_port(config, names[i], "vhost-user", "br0", &err);

		snprintf(path, sizeof(path), "%.90s/%s.sock", directory, names[i]);
		if (!port || xd_port_config_set(port, "path", path, &err) < 0 ||
			xd_port_config_set(port, "mode", "server", &err) < 0 ||
			xd_port_config_set(port, "mtu", "65517", &err) < 0)
			end(&err);
	}
	if (xd_hook_register(sw, &hook, t, &err) < 0 ||
		xd_hook_register(sw, &shaper_hook, shaper, &err) < 0 ||
		xd_port_config_set(xd_config_port(config, "vm1"), "hooks", "told", &err) < 0 ||
		xd_switch_apply(sw, config, &err) < 0)
		end(&err);
	xd_config_destroy(config);
	t->vm3 = (uint16_t)xd_switch_port_index(sw, "vm3");
}

/* Has vm2 that hook, or "none". */
static void
set_vm2(struct xd_switch *sw, const char *hook)
{
	struct xd_config *config = xd_switch_config(sw);
	struct xd_error err;

	if (xd_port_config_set(xd_config_port(config, "vm2"), "hooks", hook, &err) < 0 ||
		xd_switch_apply(sw, config, &err) < 0)
		end(&err);
	xd_config_destroy(config);
}

/* False: the line is for another. */
static bool
obey_shaper(struct xd_switch *sw, struct shaper *s, const char *line)
{
	unsigned long rate, depth;

	if (sscanf(line, "shape %lu %lu", &rate, &depth) == 2) {
		shaper_set(s, rate, depth);
		set_vm2(sw, "shaper");
		puts("ok");
	} else if (!strcmp(line, "unshape\n")) {
		set_vm2(sw, "none");
		puts("ok");
	} else if (!strcmp(line, "lift\n")) {
		shaper_set(s, 0, 0);
		puts("ok");
	} else if (!strcmp(line, "waiting\n")) {
		printf("%u\n", shaper_waiting(s));
	} else {
		return false;
	}
	return true;
}

static void
count(struct xd_switch *sw)
{
	struct xd_hook_info info;

	xd_switch_hooks(sw, &info, 1);
	printf("frames %lu drops %lu kept %lu sent %lu used %u\n", (unsigned long)info.frames,
		(unsigned long)info.drops, (unsigned long)info.kept, (unsigned long)info.sent,
		info.keep_used);
}

static void
obey(struct xd_switch *sw, struct told *t, const char *line)
{
	enum mode mode = t->mode;

	if (sscanf(line, "take %u", &t->upto) == 1)
		mode = TAKE;
	else if (!strcmp(line, "drop\n"))
		mode = DROP;
	else if (!strcmp(line, "keep\n"))
		mode = KEEP;
	else if (!strcmp(line, "copy\n"))
		mode = COPY;
	__atomic_store_n(&t->mode, mode, __ATOMIC_RELEASE);
	if (!strcmp(line, "send\n")) {
		__atomic_store_n(&t->send, true, __ATOMIC_RELEASE);
		while (__atomic_load_n(&t->send, __ATOMIC_ACQUIRE))
			usleep(1000);
	}
	if (!strcmp(line, "count\n"))
		count(sw);
	else
		puts("ok");
}

int
main(int argc, char **argv)
{
	static struct told told;
	static struct shaper shaper;
	char line[64];
	struct xd_switch *sw;
	struct xd_error err;

	if (argc != 3)
		return EXIT_FAILURE;
	setlinebuf(stdout);
	if (xd_memory_start(NULL, &err) < 0 || !(sw = xd_switch_create(NULL, &err)))
		end(&err);
	shaper.tsc_hz = xd_switch_tsc_hz(sw);
	start(sw, argv[1], (unsigned)strtoul(argv[2], NULL, 10), &told, &shaper);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (!obey_shaper(sw, &shaper, line))
			obey(sw, &told, line);
	}
	xd_switch_destroy(sw);
	xd_memory_stop();
	return EXIT_SUCCESS;
}
