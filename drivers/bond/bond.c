/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a bond port, and the frames that it sends itself. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_ring_elem.h>

#include "base/bytes.h"
#include "drivers/bond/bond.h"
#include "drivers/bond/lacp.h"
#include "drivers/bond/ring.h"
#include "drivers/bond/slow.h"

static_assert(sizeof(struct xd_bond_config) <= XD_PORT_SETTINGS, "the room in a port's settings");
static_assert(XD_BOND_CONFIG_MEMBERS == XD_BOND_MEMBERS, "members of a bond");
static_assert((int)XD_BOND_CONFIG_BALANCE == (int)XD_BOND_BALANCE &&
		      (int)XD_BOND_CONFIG_LACP == (int)XD_BOND_LACP,
	"modes in the same order");

/* What QEMU sends for a guest that has migrated, too: a Reverse ARP request (RFC 903). Any frame
 * from the address would do. */
#define RARP_BYTES  60 /* the shortest frame of IEEE 802.3, without FCS */
#define TYPE_RARP   0x8035
#define TYPE_IPV4   0x0800
#define TYPE_VLAN   0x8100
#define OP_RARP_ASK 3

/* What was on its way to a member has come by it, and whoever is to hear that another carries
 * frames has heard. */
#define RETIRE_MS 1000

struct announcement {
	uint8_t bytes[RARP_BYTES + 4]; /* with a tag */
	uint32_t len;
};

/* ---- Its keys ---- */

static const struct xd_key bond_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_bond_config, key), __VA_ARGS__},
#include "drivers/bond/keys.def"
#undef XD_KEY
	{0},
};

static unsigned
bond_members(const struct xd_port_config *config, const char **names)
{
	const struct xd_bond_config *bond = xd_bond_config(config);
	unsigned n = bond->nb_members < XD_BOND_MEMBERS ? bond->nb_members : XD_BOND_MEMBERS;

	for (unsigned i = 0; i < n; i++)
		names[i] = bond->members[i];
	return n;
}

/* ---- Life ---- */

static void
bond_destroy(struct xd_port *port)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	if (p == NULL)
		return;
	if (p->event_fd >= 0)
		close(p->event_fd);
	xd_bond_lacp_destroy(p->lacp);
	free(p->announcements);
	free(p);
}

static struct xd_port *
bond_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	const struct xd_bond_config *bond = xd_bond_config(config);
	struct xd_bond_port *p = aligned_alloc(64, sizeof(*p));

	if (p == NULL)
		goto err_memory;
	memset(p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	xd_bond_init(&p->bond, (enum xd_bond_mode)bond->bond_mode, bond->nb_members);
	p->port.nb_queues = 1;
	p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->announcements = xd_bond_ring(
		sizeof(struct announcement), XD_BOND_ANNOUNCEMENTS, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (p->event_fd < 0 || p->announcements == NULL)
		goto err_port;
	if (p->bond.mode == XD_BOND_LACP) {
		p->lacp = xd_bond_lacp_create(p);
		if (p->lacp == NULL)
			goto err_port;
	}
	return &p->port;

err_port:
	bond_destroy(&p->port);
err_memory:
	xd_fail(err, -ENOMEM, "port %s: out of memory or descriptors", config->name);
	return NULL;
}

static int
bond_start(struct xd_port *port, struct xd_error *err)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	if (p->lacp && xd_bond_lacp_start(p->lacp) < 0)
		return xd_fail(err, -ENOMEM, "port %s: out of memory", port->config.name);
	__atomic_store_n(&p->running, true, __ATOMIC_RELEASE);
	return 0;
}

static void
bond_stop(struct xd_port *port)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	__atomic_store_n(&p->running, false, __ATOMIC_RELEASE);
	if (p->lacp)
		xd_bond_lacp_stop(p->lacp);
	xd_loop_timer_cancel(p->retired);
	p->retired = NULL;
	port->up = false;
	port->env->quiesce(port->env->ctx);
}

/* From or to LACP it is another port. */
static int
bond_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	const bool lacp = xd_bond_config(config)->bond_mode == XD_BOND_CONFIG_LACP;

	(void)err;
	return lacp == (((struct xd_bond_port *)port)->lacp != NULL) ? 0 : -ENOTSUP;
}

/* Who carries what is seen to when links are looked at, after the change. */
static void
bond_set(struct xd_port *port, const struct xd_port_config *config)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	p->bond.mode = (enum xd_bond_mode)xd_bond_config(config)->bond_mode;
	if (p->lacp)
		xd_bond_lacp_set(p->lacp, config);
}

static struct xd_bond *
bond_bond(struct xd_port *port)
{
	return &((struct xd_bond_port *)port)->bond;
}

/* Members share flows, and are as fast as the slowest of them. */
static void
tell_speeds(struct xd_bond_port *p, const struct xd_member_link *links)
{
	const struct xd_member_link *slow = NULL, *fast = NULL;

	for (unsigned i = 0; p->bond.mode == XD_BOND_BALANCE && i < XD_BOND_MEMBERS; i++) {
		if (!links[i].up || !links[i].speed_mbps)
			continue;
		if (!slow || links[i].speed_mbps < slow->speed_mbps)
			slow = &links[i];
		if (!fast || links[i].speed_mbps > fast->speed_mbps)
			fast = &links[i];
	}
	if (slow && slow->speed_mbps != fast->speed_mbps && slow->speed_mbps != p->told_mbps)
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_WARN,
			"%s: member %s runs at %u Mbit/s and %s at %u: each carries as many flows",
			p->port.config.name, slow->name, slow->speed_mbps, fast->name,
			fast->speed_mbps);
	p->told_mbps = slow && slow->speed_mbps != fast->speed_mbps ? slow->speed_mbps : 0;
}

static bool
bond_links(struct xd_port *port, const struct xd_member_link links[XD_BOND_MEMBERS])
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;
	uint32_t up = 0;

	if (p->lacp)
		return xd_bond_lacp_links(p->lacp, links);
	tell_speeds(p, links);
	for (unsigned i = 0; i < XD_BOND_MEMBERS; i++)
		up |= (uint32_t)links[i].up << i;
	return xd_bond_update(&p->bond, up);
}

static void
on_retired(void *ctx)
{
	struct xd_bond_port *p = ctx;

	p->retired = NULL;
	xd_bond_retired(&p->bond);
}

static void
bond_activate(struct xd_port *port, unsigned member)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	xd_bond_activate(&p->bond, member);
	xd_loop_timer_cancel(p->retired);
	p->retired = xd_loop_timer(port->env->loop, RETIRE_MS, 0, on_retired, p);
	if (!p->retired)
		xd_bond_retired(&p->bond);
}

static enum xd_drop
bond_slow(struct xd_port *port, unsigned member, const struct xd_frame *f)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	return p->slow ? xd_bond_slow_take(p->slow, member, f) : XD_DROP_RESERVED_ADDRESS;
}

/* ---- What it sends itself ---- */

bool
xd_bond_ring_bell(struct xd_bond_port *port)
{
	static const uint64_t one = 1;

	/* A counter that is full tells as much. */
	return write(port->event_fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN;
}

static void
fill_rarp(struct announcement *a, const uint8_t mac[6], uint16_t vlan)
{
	uint8_t *p = a->bytes;

	memset(a, 0, sizeof(*a));
	memset(p, 0xff, 6);
	memcpy(p + 6, mac, 6);
	p += 12;
	if (vlan) {
		xd_put16(p, TYPE_VLAN);
		xd_put16(p + 2, vlan);
		p += 4;
	}
	xd_put16(p, TYPE_RARP);
	xd_put16(p + 2, 1); /* Ethernet */
	xd_put16(p + 4, TYPE_IPV4);
	p[6] = 6;
	p[7] = 4;
	xd_put16(p + 8, OP_RARP_ASK);
	memcpy(p + 10, mac, 6); /* sender, and after four bytes of an address: target */
	memcpy(p + 20, mac, 6);
	a->len = RARP_BYTES + (vlan ? 4 : 0);
}

static bool
bond_announce(struct xd_port *port, const uint8_t mac[6], uint16_t vlan)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;
	struct announcement a;

	fill_rarp(&a, mac, vlan);
	if (rte_ring_sp_enqueue_elem(p->announcements, &a, sizeof(a)) < 0)
		return false;
	return xd_bond_ring_bell(p);
}

static uint16_t
bond_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;
	struct announcement a;

	(void)queue;
	batch->n = 0;
	batch->nb_done = 0;
	if (!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE))
		return 0;
	if (p->slow)
		xd_bond_slow_rx(p->slow, batch);
	while (batch->n < XD_BATCH &&
		rte_ring_sc_dequeue_elem(p->announcements, &a, sizeof(a)) == 0) {
		struct xd_frame *f = &batch->frames[batch->n++];

		xd_frame_init(f, a.len, (uint8_t)a.len, 0);
		f->member = XD_BOND_NONE;
		memcpy(f->buf + XD_HEADROOM, a.bytes, sizeof(a.bytes));
	}
	return batch->n;
}

static void
bond_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	(void)queue;
	if (p->slow)
		xd_bond_slow_release(p->slow, &p->bond, batch);
}

/* Of frames for which no member is up. The others' outputs are those of members. */
static uint16_t
bond_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	(void)frames;
	return xd_port_drop_down(port, worker, n);
}

static int
bond_fd(struct xd_port *port, uint16_t queue)
{
	(void)queue;
	return ((struct xd_bond_port *)port)->event_fd;
}

static bool
bond_arm(struct xd_port *port, uint16_t queue)
{
	struct xd_bond_port *p = (struct xd_bond_port *)port;

	(void)queue;
	return __atomic_load_n(&p->running, __ATOMIC_ACQUIRE) &&
	       (!rte_ring_empty(p->announcements) ||
		       (p->slow && xd_bond_slow_arm(p->slow, &p->bond)));
}

static void
bond_disarm(struct xd_port *port, uint16_t queue)
{
	uint64_t count;

	(void)queue;
	/* Edge-triggered: what is not read does not wake again. */
	if (read(((struct xd_bond_port *)port)->event_fd, &count, sizeof(count)) < 0)
		return;
}

static void
bond_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	const struct xd_bond *bond = bond_bond(port);
	const char *names[XD_BOND_MEMBERS];
	unsigned n = bond_members(&port->config, names);

	for (unsigned i = 0; i < n; i++) {
		const unsigned number = bond->number[i];
		char text[XD_NAME_MAX + 40];

		snprintf(text, sizeof(text), "%s, %s, %u of %u hash buckets", names[i],
			bond->up >> number & 1 ? "up" : "down", xd_bond_share(bond, number),
			XD_BOND_BUCKETS);
		fn(ctx, "member", text);
	}
}

const struct xd_driver xd_bond_driver = {
	.type = "bond",
	.help = "several ports that are one: when a link fails, another carries its frames",
	.keys = bond_keys,
	.members = bond_members,
	.bond = bond_bond,
	.links = bond_links,
	.activate = bond_activate,
	.slow = bond_slow,
	.announce = bond_announce,
	.create = bond_create,
	.start = bond_start,
	.stop = bond_stop,
	.destroy = bond_destroy,
	.can_set = bond_can_set,
	.set = bond_set,
	.rx = bond_rx,
	.release = bond_release,
	.tx = bond_tx,
	.fd = bond_fd,
	.arm = bond_arm,
	.disarm = bond_disarm,
	.describe = bond_describe,
};
