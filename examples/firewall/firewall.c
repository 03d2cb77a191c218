/* SPDX-License-Identifier: BSD-3-Clause */
/* A stateful firewall between two ports, for IPv4 and IPv6: README.rst. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack/conntrack.h"
#include "conntrack/fragments.h"
#include "crossdock.h"
#include "hook.h"

#include "rules.h"
#include "appliance.h"

#define CONNECTIONS 1000000
#define DATAGRAMS   4096 /* in fragments, at a time */
#define KEPT        1024 /* fragments that wait for the first of their datagram */

enum { BY_RULE, NOT_VALID, NO_ROOM };
static const char *const reasons[] = {"rule", "invalid", "no-room", NULL};

struct firewall {
	struct xd_ct *ct;
	struct xd_ct_fragments *fragments;
	struct rules *rules; /* read by workers, replaced by main */
	const char *path;    /* where they are read from */
	uint16_t inside;     /* index of that port */
	bool stopped;
};

/* A connection that nobody knows: as the rules say, and then it is remembered. */
static void
judge_new(struct firewall *fw, struct xd_burst *b, uint16_t i, struct xd_ct_packet *p, uint64_t now)
{
	struct rules *rules = __atomic_load_n(&fw->rules, __ATOMIC_ACQUIRE);
	struct xd_ct_tuple tuple;
	struct rule *rule;
	bool accept;

	xd_ct_packet_tuple(p, &tuple);
	accept = rules_accept(rules, b->port == fw->inside ? INSIDE : OUTSIDE, &tuple, &rule);
	if (rule && !(b->again & 1u << i))
		__atomic_fetch_add(&rule->hits, 1, __ATOMIC_RELAXED);
	if (!accept)
		xd_burst_drop(b, i, BY_RULE);
	else if (xd_ct_commit(fw->ct, b->worker, p, NULL, now) < 0)
		xd_burst_drop(b, i, NO_ROOM);
}

/* What waits for a first fragment that has passed goes behind it. */
static void
send_rest(struct firewall *fw, struct xd_burst *b, uint16_t i, const struct xd_headers *h,
	uint64_t now)
{
	void *kept[XD_CT_KEPT];
	const unsigned n = xd_ct_fragment_take(fw->fragments, b->frames[i], h, 0, kept, now);

	for (unsigned k = 0; k < n; k++)
		xd_kept_send(b, (struct xd_kept *)kept[k], XD_DST_ON);
}

static void
judge(struct firewall *fw, struct xd_burst *b, uint16_t i, struct xd_ct_packet *p, uint64_t now)
{
	if (p->state == XD_CT_INVALID || p->state == XD_CT_FRAGMENT)
		xd_burst_drop(b, i, NOT_VALID);
	else if (p->state == XD_CT_NEW && !p->known)
		judge_new(fw, b, i, p, now);
}

static void
run(void *ctx, struct xd_burst *b)
{
	struct firewall *fw = (struct firewall *)ctx;
	struct xd_ct_packet p[XD_BATCH];
	struct xd_headers h[XD_BATCH];
	const uint64_t now = appliance_now_ms();

	for (uint16_t i = 0; i < b->n; i++) {
		xd_headers_parse(b->frames[i], &h[i]);
		xd_ct_packet_init(&p[i], b->frames[i], &h[i], 0);
		if (h[i].fragment && xd_ct_fragment(fw->fragments, &p[i], b->frames[i], &h[i],
					     now) == XD_CT_PART_EARLY)
			xd_burst_keep(b, i);
	}
	xd_ct_track(fw->ct, b->worker, p, b->n, now);
	for (uint16_t i = 0; i < b->n; i++) {
		if (b->keep & 1u << i)
			continue;
		judge(fw, b, i, &p[i], now);
		if (h[i].fragment && !(b->drop & 1u << i))
			send_rest(fw, b, i, &h[i], now);
	}
}

/* A copy of a fragment that came before its first, which may have come since. */
static void
keep(struct firewall *fw, const struct xd_burst *b, struct xd_kept *kept, uint64_t now)
{
	struct xd_frame *f = xd_kept_frame(kept);
	enum xd_ct_part what;
	struct xd_ct_packet p;
	struct xd_headers h;

	xd_headers_parse(f, &h);
	xd_ct_packet_init(&p, f, &h, 0);
	what = xd_ct_fragment(fw->fragments, &p, f, &h, now);
	if (what == XD_CT_PART_EARLY && xd_ct_fragment_keep(fw->fragments, &p, kept, now) == 0)
		return;
	xd_ct_track(fw->ct, b->worker, &p, 1, now);
	if (what == XD_CT_PART_LATER && p.known)
		xd_kept_send(b, kept, XD_DST_ON);
	else
		xd_kept_free(kept);
}

static void
done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	const uint64_t now = b->keep & went ? appliance_now_ms() : 0;

	for (uint16_t i = 0; i < b->n; i++) {
		if ((b->keep & went & 1u << i) && b->kept[i])
			keep((struct firewall *)ctx, b, b->kept[i], now);
	}
}

static void
tick(void *ctx, const struct xd_burst *b)
{
	struct firewall *fw = (struct firewall *)ctx;

	xd_ct_expire(fw->ct, b->worker, 10000, appliance_now_ms());
	xd_ct_fragments_expire(fw->fragments, appliance_now_ms());
}

static int
attach(void *ctx, const struct xd_port_config *port, uint16_t index, struct xd_error *err)
{
	struct firewall *fw = (struct firewall *)ctx;

	(void)err;
	if (strcmp(port->name, "inside") == 0)
		fw->inside = index;
	return 0;
}

/* Of what waited in vain. When the switch has gone, so have its buffers. */
static void
release(void *ctx, void *kept)
{
	if (!((struct firewall *)ctx)->stopped)
		xd_kept_free((struct xd_kept *)kept);
}

static int
start(struct firewall *fw, struct xd_switch *sw, struct xd_error *err)
{
	struct xd_ct_opts opts = {.size = sizeof(opts), .max_connections = CONNECTIONS, .node = -1};
	struct xd_ct_fragments_opts parts = {.size = sizeof(parts),
		.max_datagrams = DATAGRAMS,
		.max_kept = KEPT,
		.node = -1,
		.release = release,
		.ctx = fw};
	const struct xd_hook hook = {.size = sizeof(hook),
		.name = "firewall",
		.point = XD_HOOK_IN,
		.tick_ms = 100,
		.reasons = reasons,
		.run = run,
		.done = done,
		.keep_buffers = 2 * KEPT,
		.tick = tick,
		.attach = attach};

	fw->ct = xd_ct_create(&opts, err);
	if (fw->ct == NULL)
		return err->code;
	fw->fragments = xd_ct_fragments_create(fw->ct, &parts, err);
	if (fw->fragments == NULL)
		return err->code;
	return xd_hook_register(sw, &hook, fw, err);
}

/* Workers see the old rules or the new; the old go when nobody can see them. */
static void
reload(void *ctx, struct xd_switch *sw)
{
	struct firewall *fw = (struct firewall *)ctx;
	struct rules *old = fw->rules, *next;
	char why[256];

	next = rules_read(fw->path, why);
	if (next == NULL) {
		fprintf(stderr, "firewall: %s; the old rules stay\n", why);
		return;
	}
	__atomic_store_n(&fw->rules, next, __ATOMIC_RELEASE);
	xd_switch_sync(sw);
	free(old);
	printf("%u rules\n", next->n);
}

static void
print(void *ctx, struct xd_switch *sw)
{
	struct firewall *fw = (struct firewall *)ctx;
	struct xd_hook_info hook;
	struct xd_ct_stats stats;

	xd_ct_stats(fw->ct, &stats);
	printf("connections %u\n", stats.connections);
	for (unsigned i = 0; i < fw->rules->n; i++)
		printf("%s %llu\n", fw->rules->rule[i].name,
			(unsigned long long)__atomic_load_n(
				&fw->rules->rule[i].hits, __ATOMIC_RELAXED));
	if (xd_switch_hooks(sw, &hook, 1) >= 1)
		appliance_print_drops(&hook);
}

static const char help[] = "RULES is a YAML file of which new connections may pass between the "
			   "ports INSIDE and OUTSIDE.\n"
			   "SIGHUP reads it again, SIGUSR1 prints what was counted, SIGINT or "
			   "SIGTERM ends the program.\n";

int
main(int argc, char **argv)
{
	const unsigned core = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
	struct firewall fw = {.inside = UINT16_MAX};
	const struct appliance program = {
		"firewall", "RULES INSIDE OUTSIDE [CORE]", help, &fw, print, reload};
	struct xd_switch *sw = NULL;
	struct xd_error err;
	int status = EXIT_FAILURE;

	if (argc < 4)
		return appliance_usage(&program, argv);
	appliance_block_signals(&program);
	fw.path = argv[1];
	fw.rules = rules_read(fw.path, err.text);
	if (fw.rules == NULL)
		goto err_rules;
	if (xd_memory_start(NULL, &err) < 0)
		goto err_rules;
	sw = xd_switch_create(NULL, &err);
	if (sw && start(&fw, sw, &err) == 0 &&
		appliance_configure(sw, "firewall", argv[2], argv[3], core, &err) == 0) {
		appliance_serve(&program, sw);
		status = EXIT_SUCCESS;
	}
	xd_switch_destroy(sw);
	fw.stopped = true;
	xd_ct_fragments_destroy(fw.fragments);
	xd_ct_destroy(fw.ct);
	xd_memory_stop();
err_rules:
	free(fw.rules);
	if (status != EXIT_SUCCESS)
		fprintf(stderr, "firewall: %s\n", err.text);
	return status;
}
