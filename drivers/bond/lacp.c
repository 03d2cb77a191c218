/* SPDX-License-Identifier: BSD-3-Clause */
/* LACP of a bond port: when its rules are run, and what becomes of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "bond/lacp.h"
#include "drivers/bond/lacp.h"
#include "drivers/bond/slow.h"

#define SECOND_MS 1000
#define AGAIN_MS  100 /* a frame that a member's device has no room for is tried again after */

struct xd_bond_lacp {
	struct xd_bond_port *port;
	struct xd_lacp rules;
	bool fallback;
	struct xd_timer *timer;
	struct xd_watch *watch;
	uint64_t refilled_ms;
};

static uint64_t
now_ms(void)
{
	return xd_clock_ns() / (XD_NS_PER_S / 1000);
}

/* ---- Life ---- */

/* An address of this bond's on this host, the same after a restart, locally administered. */
static void
own_system(const char *name, uint8_t system[6])
{
	char host[256] = "";
	uint32_t hash[2];

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	hash[0] = xd_hash_text(xd_hash_text(0, host, sizeof(host)), name, XD_NAME_MAX);
	hash[1] = xd_hash_text(xd_hash_text(hash[0], name, XD_NAME_MAX), host, sizeof(host));
	memcpy(system, (const uint8_t *)hash + 2, 6);
	system[0] = (uint8_t)((system[0] & ~1) | 2);
}

static struct xd_lacp_config
rules_of(const struct xd_port_config *port)
{
	const struct xd_bond_config *config = xd_bond_config(port);
	struct xd_lacp_config rules = {
		.system_priority = config->lacp_priority,
		.key = config->lacp_key,
		.active = config->lacp_mode == XD_BOND_CONFIG_LACP_ACTIVE,
		.fast = config->lacp_rate == XD_BOND_CONFIG_LACP_FAST,
	};

	if (config->nb_lacp_system)
		memcpy(rules.system, config->lacp_system[0], 6);
	else
		own_system(port->name, rules.system);
	return rules;
}

struct xd_bond_lacp *
xd_bond_lacp_create(struct xd_bond_port *port)
{
	const struct xd_bond_config *config = xd_bond_config(&port->port.config);
	const struct xd_lacp_config rules = rules_of(&port->port.config);
	struct xd_bond_lacp *lacp = calloc(1, sizeof(*lacp));

	if (!lacp)
		return NULL;
	lacp->port = port;
	lacp->fallback = config->lacp_fallback == XD_BOND_CONFIG_FALLBACK_BACKUP;
	xd_lacp_init(&lacp->rules, &rules, XD_BOND_MEMBERS);
	port->bond.lacp = &lacp->rules;
	port->slow = xd_bond_slow_create();
	if (port->slow)
		return lacp;
	free(lacp);
	return NULL;
}

void
xd_bond_lacp_set(struct xd_bond_lacp *lacp, const struct xd_port_config *config)
{
	const struct xd_lacp_config rules = rules_of(config);

	lacp->fallback = xd_bond_config(config)->lacp_fallback == XD_BOND_CONFIG_FALLBACK_BACKUP;
	xd_lacp_configure(&lacp->rules, &rules, now_ms());
}

void
xd_bond_lacp_destroy(struct xd_bond_lacp *lacp)
{
	if (!lacp)
		return;
	xd_bond_slow_destroy(lacp->port->slow);
	free(lacp);
}

/* ---- Running ---- */

static void
carries(const struct xd_bond_lacp *lacp, uint32_t up, uint32_t *receives, uint32_t *sends)
{
	*receives = xd_lacp_collects(&lacp->rules) & up;
	*sends = xd_lacp_distributes(&lacp->rules) & up;
}

static bool
is_fallen_back(const struct xd_bond_lacp *lacp)
{
	return lacp->fallback && xd_lacp_is_alone(&lacp->rules);
}

/* Hands on what is to be sent. Returns whether frames wait for a device. */
static bool
send_pdus(struct xd_bond_lacp *lacp, uint64_t now)
{
	struct xd_bond_slow *slow = lacp->port->slow;

	for (unsigned i = 0; i < lacp->rules.nb_members; i++) {
		uint8_t *place = xd_bond_slow_place(slow, i, XD_BOND_SLOW_LACP);

		if (place && xd_lacp_transmit(&lacp->rules, i, now, place))
			xd_bond_slow_put(slow, i, XD_BOND_SLOW_LACP);
	}
	if (!xd_bond_slow_again(slow))
		return false;
	xd_bond_ring_bell(lacp->port);
	return true;
}

static void on_timer(void *ctx);

static void
run(struct xd_bond_lacp *lacp)
{
	struct xd_loop *loop = lacp->port->port.env->loop;
	const uint64_t now = now_ms();
	uint64_t next, after;
	bool waits;

	if (!lacp->port->running)
		return;
	if (now - lacp->refilled_ms >= SECOND_MS) {
		lacp->refilled_ms = now;
		xd_bond_slow_refill(lacp->port->slow);
	}
	xd_lacp_run(&lacp->rules, now);
	waits = send_pdus(lacp, now);
	next = xd_lacp_run(&lacp->rules, now); /* after what has been sent */
	after = next > now ? next - now : 0;
	if (after > SECOND_MS)
		after = SECOND_MS;
	if (waits || after == 0)
		after = AGAIN_MS;
	xd_loop_timer_cancel(lacp->timer);
	lacp->timer = xd_loop_timer(loop, (uint32_t)after, 0, on_timer, lacp);
}

/* Runs, and has the switch look when others carry than before. */
static void
run_and_tell(struct xd_bond_lacp *lacp)
{
	const struct xd_bond *bond = &lacp->port->bond;
	struct xd_port *port = &lacp->port->port;
	uint32_t receives, sends;

	run(lacp);
	carries(lacp, bond->up, &receives, &sends);
	if (is_fallen_back(lacp) ? bond->receives == 0
				 : receives != bond->receives || sends != bond->sends)
		port->env->changed(port->env->ctx, port);
}

static void
on_timer(void *ctx)
{
	struct xd_bond_lacp *lacp = ctx;

	lacp->timer = NULL;
	run_and_tell(lacp);
}

static void
hear(struct xd_bond_lacp *lacp, unsigned member, const struct xd_bond_slow_frame *frame)
{
	struct xd_bond_slow *slow = lacp->port->slow;
	uint8_t answer[XD_LACP_FRAME], *place;

	if (!xd_lacp_receive(&lacp->rules, member, frame->bytes, frame->len, now_ms(), answer))
		return;
	place = xd_bond_slow_place(slow, member, XD_BOND_SLOW_MARKER);
	if (!place)
		return;
	memcpy(place, answer, XD_LACP_FRAME);
	xd_bond_slow_put(slow, member, XD_BOND_SLOW_MARKER);
}

static void
on_frames(void *ctx, uint32_t events)
{
	struct xd_bond_lacp *lacp = ctx;
	struct xd_bond_slow_frame frame;

	(void)events;
	xd_bond_slow_begin(lacp->port->slow);
	for (unsigned i = 0; i < lacp->rules.nb_members; i++) {
		for (unsigned n = 0;
			n < XD_BOND_SLOW_RATE && xd_bond_slow_get(lacp->port->slow, i, &frame); n++)
			hear(lacp, i, &frame);
	}
	run_and_tell(lacp);
}

int
xd_bond_lacp_start(struct xd_bond_lacp *lacp)
{
	lacp->watch = xd_loop_add(lacp->port->port.env->loop, xd_bond_slow_fd(lacp->port->slow),
		EPOLLIN, on_frames, lacp);
	return lacp->watch ? 0 : -ENOMEM;
}

void
xd_bond_lacp_stop(struct xd_bond_lacp *lacp)
{
	xd_loop_remove(lacp->watch);
	xd_loop_timer_cancel(lacp->timer);
	lacp->watch = NULL;
	lacp->timer = NULL;
}

/* ---- Links ---- */

/* Another speed than before makes the member one of an aggregation of its own. */
static void
tell_speed(const struct xd_bond_lacp *lacp, unsigned number, const char *name, uint16_t key_before)
{
	const struct xd_port *port = &lacp->port->port;
	const struct xd_lacp_member *member = &lacp->rules.members[number];

	if (member->nb_sent && member->actor.key != key_before)
		xd_log(port->env->log, XD_LOG_PORT, XD_LOG_WARN,
			"%s: member %s has another speed than before: its LACP key is %u now, and "
			"it carries with members of the same key alone",
			port->config.name, name, member->actor.key);
}

/* What came by the member that had that number before is not this one's. */
static void
join(struct xd_bond_lacp *lacp, unsigned member)
{
	struct xd_bond_slow_frame frame;

	xd_lacp_join(&lacp->rules, member);
	for (unsigned n = 0; n < XD_BOND_SLOW_RATE; n++) {
		if (!xd_bond_slow_get(lacp->port->slow, member, &frame))
			return;
	}
}

bool
xd_bond_lacp_links(struct xd_bond_lacp *lacp, const struct xd_member_link *links)
{
	const uint64_t now = now_ms();
	struct xd_bond *bond = &lacp->port->bond;
	uint32_t up = 0, receives, sends;

	for (unsigned i = 0; i < XD_BOND_MEMBERS; i++) {
		uint16_t key;

		if (bond->fresh >> i & 1)
			join(lacp, i);
		key = lacp->rules.members[i].actor.key;
		up |= (uint32_t)links[i].up << i;
		xd_lacp_link(&lacp->rules, i, links[i].up, links[i].speed_mbps, now);
		tell_speed(lacp, i, links[i].name, key);
	}
	run(lacp);
	if (is_fallen_back(lacp))
		return xd_bond_update(bond, up);
	carries(lacp, up, &receives, &sends);
	return xd_bond_set(bond, up, receives, sends);
}
