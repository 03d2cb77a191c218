/* SPDX-License-Identifier: BSD-3-Clause */
/* A stateful firewall between two networks, for IPv4 and IPv6: README.rst. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance.h"
#include "conntrack/conntrack.h"
#include "crossdock.h"
#include "flows.h"
#include "fragments.h"
#include "hook.h"
#include "rules.h"

#define CONNECTIONS (1 << 20)

enum { BY_RULE, NOT_VALID, NO_ROOM };
static const char *const reasons[] = {"rule", "invalid", "no-room", NULL};

struct firewall {
	struct xd_ct *ct;
	struct fragments fragments;
	struct rules *rules;       /* read by workers, replaced by main */
	const char *path;          /* where they are read from */
	bool counters;             /* as the rules said when the program began */
	bool inside[XD_MAX_PORTS]; /* by index of a port: on which side it is */
	/* Of the burst that a worker has at hand, from run to done, where they are counted. */
	struct xd_ct_packet packets[XD_MAX_WORKERS][XD_BATCH];
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
	accept = rules_accept(rules, fw->inside[b->port] ? INSIDE : OUTSIDE, &tuple, &rule);
	if (rule && !(b->again & 1u << i))
		__atomic_fetch_add(&rule->hits, 1, __ATOMIC_RELAXED);
	if (!accept)
		xd_burst_drop(b, i, BY_RULE);
	else if (xd_ct_commit(fw->ct, b->worker, p, NULL, now) < 0)
		xd_burst_drop(b, i, NO_ROOM);
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
		if (h[i].fragment)
			fragments_look(&fw->fragments, b, i, &p[i], &h[i], now);
	}
	xd_ct_track(fw->ct, b->worker, p, b->n, now);
	for (uint16_t i = 0; i < b->n; i++) {
		if (b->keep & 1u << i)
			continue;
		judge(fw, b, i, &p[i], now);
		if (h[i].fragment && !(b->drop & 1u << i))
			fragments_rest(&fw->fragments, b, i, &h[i], now);
	}
	if (fw->counters)
		memcpy(fw->packets[b->worker], p, b->n * sizeof(*p));
}

/* A fragment that has waited for the first of its datagram, which has passed. */
static void
pass(void *ctx, const struct xd_burst *b, struct xd_kept *kept, struct xd_ct_packet *p,
	const struct xd_headers *h)
{
	(void)h;
	xd_ct_count(((struct firewall *)ctx)->ct, b->worker, p, 1);
	xd_kept_send(b, kept, XD_DST_ON);
}

static void
done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	struct firewall *fw = (struct firewall *)ctx;

	if (fw->counters)
		xd_ct_count(fw->ct, b->worker, fw->packets[b->worker], went & ~(b->drop | b->keep));
	if (b->keep & went)
		fragments_done(&fw->fragments, b, went, appliance_now_ms());
}

static void
tick(void *ctx, const struct xd_burst *b)
{
	struct firewall *fw = (struct firewall *)ctx;

	xd_ct_expire(fw->ct, b->worker, 10000, appliance_now_ms());
	fragments_expire(&fw->fragments, appliance_now_ms());
}

static int
attach(void *ctx, const struct xd_port_config *port, uint16_t index, struct xd_error *err)
{
	(void)err;
	((struct firewall *)ctx)->inside[index] = appliance_is_inside(port);
	return 0;
}

/* For what is seen from now on. */
static void
set_timeouts(struct firewall *fw)
{
	for (int i = 0; i < XD_CT_TIMEOUTS; i++) {
		const uint32_t seconds = fw->rules->timeout_s[i];

		xd_ct_set_timeout(fw->ct, (enum xd_ct_timeout)i,
			seconds ? seconds : xd_ct_timeout_default((enum xd_ct_timeout)i));
	}
}

static int
start(struct firewall *fw, struct xd_switch *sw, struct xd_error *err)
{
	struct xd_ct_opts opts = {.size = sizeof(opts),
		.max_connections = CONNECTIONS,
		.node = -1,
		.counters = fw->counters};
	const struct xd_hook hook = {.size = sizeof(hook),
		.name = "firewall",
		.point = XD_HOOK_IN,
		.tick_ms = 100,
		.reasons = reasons,
		.run = run,
		.done = done,
		.keep_buffers = FRAGMENTS_BUFFERS,
		.tick = tick,
		.attach = attach};

	fw->ct = xd_ct_create(&opts, err);
	if (fw->ct == NULL)
		return err->code;
	set_timeouts(fw);
	fw->fragments = (struct fragments){.ct = fw->ct, .pass = pass, .ctx = fw};
	if (fragments_start(&fw->fragments, err) < 0)
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
	set_timeouts(fw);
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

static void
list(void *ctx, struct xd_switch *sw)
{
	struct firewall *fw = (struct firewall *)ctx;

	(void)sw;
	flows_print(fw->ct, fw->counters, appliance_now_ms());
}

static const char help[] =
	"RULES is a YAML file of which new connections may pass between the ports INSIDE and\n"
	"OUTSIDE. SIGHUP reads it again, SIGUSR1 prints what was counted, SIGUSR2 which\n"
	"connections there are, SIGINT or SIGTERM ends the program.\n";

static int
serve(struct firewall *fw, const struct appliance *program, const struct appliance_ports *ports,
	struct xd_error *err)
{
	struct xd_switch *sw;
	int rc = xd_memory_start(NULL, err);

	if (rc < 0)
		return rc;
	sw = appliance_create(program, err);
	rc = sw ? start(fw, sw, err) : err->code;
	if (rc == 0)
		rc = appliance_configure(sw, "firewall", ports, err);
	if (rc == 0)
		appliance_serve(program, sw);
	xd_switch_destroy(sw);
	fragments_stop(&fw->fragments);
	xd_ct_destroy(fw->ct);
	xd_memory_stop();
	return rc;
}

int
main(int argc, char **argv)
{
	struct firewall *fw = (struct firewall *)calloc(1, sizeof(*fw));
	const struct appliance program = {
		"firewall", "RULES INSIDE OUTSIDE [CORE]", help, fw, print, reload, list};
	struct appliance_ports ports = {0};
	struct xd_error err = {0};
	int rc = -1;

	if (fw == NULL || argc < 4) {
		free(fw);
		return appliance_usage(&program, argv);
	}
	if (!appliance_read_core(&program, argv[4], &ports.core)) {
		free(fw);
		return 2;
	}
	ports.inside = argv[2];
	ports.outside = argv[3];
	fw->path = argv[1];
	appliance_block_signals(&program);
	fw->rules = rules_read(fw->path, err.text);
	if (fw->rules) {
		fw->counters = fw->rules->counters;
		rc = serve(fw, &program, &ports, &err);
	}
	free(fw->rules);
	free(fw);
	return rc < 0 ? appliance_failed(&program, &err) : EXIT_SUCCESS;
}
