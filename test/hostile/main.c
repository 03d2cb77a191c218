/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One attack on a vhost-user port:
 *
 *     hostile PATH ATTACK    carries it out on the port that listens on PATH
 *     hostile --list         every attack and what comes of it, a line each
 *
 * Prints "done" when the attack has been carried out; the connection stays as it is until a line
 * comes or standard input ends, so that somebody can look at what the switch made of it. The status
 * is 0 unless something could not be done.
 *
 * What comes of it: "refused" (the switch hangs up), "fault" (it stops the port), "dropped" (it
 * drops frames of this guest), "slow" (it gives the port no frames for a while), "unused" (it does
 * not use the rings), "harmless" (none of these), "either".
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "hostile.h"

static const struct {
	const char *name;
	const struct attack *attacks;
} groups[] = {
	{"protocol", attacks_protocol},
	{"handover", attacks_handover},
	{"memory", attacks_memory},
	{"ring", attacks_ring},
	{"chain", attacks_chain},
	{"split", attacks_split},
	{"packed", attacks_packed},
	{"header", attacks_header},
	{"truncate", attacks_truncate},
	{"inflight", attacks_inflight},
	{"load", attacks_load},
	{"eventfd", attacks_eventfd},
	{"restart", attacks_restart},
	{"time", attacks_time},
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static const char *const outcomes[] = {
	[REFUSED] = "refused",
	[FAULT] = "fault",
	[DROPPED] = "dropped",
	[SCATTERED] = "scattered",
	[REAPED] = "reaped",
	[UNUSED] = "unused",
	[SLOW] = "slow",
	[HARMLESS] = "harmless",
	[EITHER] = "either",
};

/* The name of the attack on one kind of ring (SPLIT, PACKED), or on none in particular (0). */
static void
full_name(char *text, size_t size, const char *group, const struct attack *a, unsigned kind)
{
	snprintf(text, size, "%s/%s%s", group, a->name,
		kind == SPLIT    ? "/split"
		: kind == PACKED ? "/packed"
				 : "");
}

/* Calls fn for each attack, once for every kind of ring that it is meant for, until it returns
 * true. */
static bool
each(bool (*fn)(const char *name, const struct attack *a, unsigned kind, void *ctx), void *ctx)
{
	char name[96];

	for (unsigned g = 0; g < GROUPS; g++) {
		for (const struct attack *a = groups[g].attacks; a->name; a++) {
			for (unsigned kind = 0; kind <= PACKED; kind++) {
				if (kind ? !(a->kinds & kind) : a->kinds)
					continue;
				full_name(name, sizeof(name), groups[g].name, a, kind);
				if (fn(name, a, kind, ctx))
					return true;
			}
		}
	}
	return false;
}

static bool
list(const char *name, const struct attack *a, unsigned kind, void *ctx)
{
	(void)kind, (void)ctx;
	printf("%s %s\n", name, outcomes[a->outcome]);
	return false;
}

struct wanted {
	const char *path, *name;
};

static bool
run(const char *name, const struct attack *a, unsigned kind, void *ctx)
{
	const struct wanted *wanted = ctx;
	struct hostile h = {
		.path = wanted->path, .sock = -1, .memory_fd = -1, .packed = kind == PACKED};

	if (strcmp(name, wanted->name))
		return false;
	hostile_reconnect(&h, a->stage);
	a->run(&h);
	puts("done");
	fflush(stdout);
	getchar();
	return true;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		each(list, NULL);
		return 0;
	}
	if (argc != 3) {
		fputs("usage: hostile PATH ATTACK, or hostile --list\n", stderr);
		return 2;
	}
	if (!each(run, &(struct wanted){argv[1], argv[2]})) {
		fprintf(stderr, "hostile: no attack %s: see hostile --list\n", argv[2]);
		return 2;
	}
	return 0;
}
