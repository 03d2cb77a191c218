/* SPDX-License-Identifier: BSD-3-Clause */
/* A translator: many hosts behind one IPv4 address: README.rst. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance.h"
#include "conntrack/conntrack.h"
#include "crossdock.h"
#include "fragments.h"
#include "hook.h"
#include "neighbours.h"

#define CONNECTIONS 1000000 /* and mappings */

enum { UNASKED, NOT_VALID, NO_ROOM, EXPIRED, NO_NEIGHBOUR };
static const char *const reasons[] = {"unasked", "invalid", "no-room", "ttl", "no-neighbour", NULL};

struct nat {
	struct xd_ct *ct;
	struct fragments fragments;
	struct xd_ct_range outside_range; /* what sources are translated to */
	struct side inside, outside;
	uint32_t gateway;
};

static uint32_t
address_at(struct xd_frame *f, uint32_t offset)
{
	uint32_t addr;

	memcpy(&addr, xd_frame_data(f) + offset, 4);
	return ntohl(addr);
}

/* RFC 791 and 1624: the time to live is the upper byte of a word. */
static bool
count_hop(struct xd_frame *f, const struct xd_headers *h)
{
	uint8_t *ip = xd_frame_edit(f, h->l3, 20);
	uint32_t sum;
	uint16_t word;

	if (ip == NULL || ip[8] < 2)
		return false;
	ip[8]--;
	memcpy(&word, ip + 10, 2);
	sum = ntohs(word) + 0x100u;
	word = htons((uint16_t)(sum + (sum >> 16)));
	memcpy(ip + 10, &word, 2);
	return true;
}

/* The network that a frame goes to, and the host there that is next on the way. */
static const struct side *
next_hop(const struct nat *nat, struct xd_frame *f, const struct xd_headers *h, uint32_t *to)
{
	*to = address_at(f, h->l3 + 16u);
	if (((*to ^ nat->inside.addr) & nat->inside.mask) == 0)
		return &nat->inside;
	if ((*to ^ nat->outside.addr) & nat->outside.mask)
		*to = nat->gateway;
	return &nat->outside;
}

/* Addresses it to that host, and *port is his. false: nobody knows his MAC. */
static bool
route(struct xd_frame *f, const struct side *side, uint32_t to, uint16_t *port)
{
	uint8_t *data, mac[6];

	if (!neighbours_find(side, to, mac, port))
		return false;
	data = xd_frame_edit(f, 0, 12);
	memcpy(data, mac, 6);
	memcpy(data + 6, side->mac, 6);
	f->vlan = side->vlan;
	return true;
}

/* To whom its destination says, or as a question for him. */
static void
forward(const struct nat *nat, struct xd_burst *b, uint16_t i, const struct xd_headers *h)
{
	struct xd_frame *f = b->frames[i];
	uint32_t to;
	const struct side *side = next_hop(nat, f, h, &to);
	uint16_t port;

	if (!count_hop(f, h))
		xd_burst_drop(b, i, EXPIRED);
	else if (route(f, side, to, &port))
		xd_burst_send(b, i, port);
	else if (!neighbours_ask(side, to, b, i))
		xd_burst_drop(b, i, NO_NEIGHBOUR);
}

/* A fragment that has waited for the first of its datagram, which has passed. */
static void
pass(void *ctx, const struct xd_burst *b, struct xd_kept *kept, struct xd_ct_packet *p,
	const struct xd_headers *h)
{
	const struct nat *nat = (const struct nat *)ctx;
	struct xd_frame *f = xd_kept_frame(kept);
	bool translated = p->translate && xd_ct_translate(p, f, h) == 0;
	uint32_t to;
	const struct side *side = next_hop(nat, f, h, &to);
	uint16_t port;

	if (translated && count_hop(f, h) && route(f, side, to, &port))
		xd_kept_send(b, kept, port);
	else
		xd_kept_free(kept);
}

/* A connection that nobody knows: of a host inside, to outside or to another one by the address
 * that both have there. */
static int
begin(struct nat *nat, struct xd_burst *b, uint16_t i, struct xd_ct_packet *p,
	const struct xd_headers *h, uint64_t now)
{
	struct xd_ct_commit c = {.src = &nat->outside_range};
	struct xd_ct_range inside;

	if (b->frames[i]->vlan != INSIDE_VLAN)
		return -EACCES;
	if (address_at(b->frames[i], h->l3 + 16u) == nat->outside.addr) {
		if (xd_ct_inside(nat->ct, b->worker, p, now, &inside) < 0)
			return -EACCES;
		c.dst = &inside;
	}
	return xd_ct_commit(nat->ct, b->worker, p, &c, now);
}

static void
translate(struct nat *nat, struct xd_burst *b, uint16_t i, struct xd_ct_packet *p,
	const struct xd_headers *h, uint64_t now)
{
	int rc = 0;

	if (p->state == XD_CT_NEW && !p->known)
		rc = begin(nat, b, i, p, h, now);
	if (rc == -EACCES) {
		xd_burst_drop(b, i, UNASKED);
	} else if (rc < 0) {
		xd_burst_drop(b, i, NO_ROOM);
	} else if (p->state == XD_CT_INVALID || !p->translate) {
		xd_burst_drop(b, i, NOT_VALID);
	} else {
		if (h->fragment)
			fragments_rest(&nat->fragments, b, i, h, now);
		if (xd_ct_translate(p, b->frames[i], h) < 0)
			xd_burst_drop(b, i, NOT_VALID);
		else
			forward(nat, b, i, h);
	}
}

/* Whether it is for us to forward; all else stays in its own network. */
static bool
is_ours(struct xd_frame *f, const struct xd_headers *h, const struct side *side)
{
	return h->l3_kind == XD_L3_IPV4 && memcmp(xd_frame_data(f), side->mac, 6) == 0;
}

static void
run(void *ctx, struct xd_burst *b)
{
	struct nat *nat = (struct nat *)ctx;
	struct side *side = b->frames[0]->vlan == INSIDE_VLAN ? &nat->inside : &nat->outside;
	struct xd_ct_packet p[XD_BATCH];
	struct xd_headers h[XD_BATCH];
	const uint64_t now = appliance_now_ms();

	for (uint16_t i = 0; i < b->n; i++) {
		xd_headers_parse(b->frames[i], &h[i]);
		xd_ct_packet_init(&p[i], b->frames[i], &h[i], 0);
		if (h[i].fragment && is_ours(b->frames[i], &h[i], side))
			fragments_look(&nat->fragments, b, i, &p[i], &h[i], now);
	}
	xd_ct_track(nat->ct, b->worker, p, b->n, now);
	for (uint16_t i = 0; i < b->n; i++) {
		if (b->keep & 1u << i)
			continue;
		if (is_ours(b->frames[i], &h[i], side))
			translate(nat, b, i, &p[i], &h[i], now);
		else if (h[i].l3_kind == XD_L3_ARP && neighbours_arp(side, b->frames[i], b->port))
			xd_burst_send(b, i, b->port);
	}
}

static void
done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	if (b->keep & went)
		fragments_done(&((struct nat *)ctx)->fragments, b, went, appliance_now_ms());
}

static void
tick(void *ctx, const struct xd_burst *b)
{
	struct nat *nat = (struct nat *)ctx;

	xd_ct_expire(nat->ct, b->worker, 10000, appliance_now_ms());
	fragments_expire(&nat->fragments, appliance_now_ms());
}

static int
start(struct nat *nat, struct xd_switch *sw, struct xd_error *err)
{
	struct xd_ct_opts opts = {.size = sizeof(opts), .max_connections = CONNECTIONS, .node = -1};
	const struct xd_hook hook = {.size = sizeof(hook),
		.flags = XD_HOOK_EDITS,
		.name = "nat",
		.point = XD_HOOK_IN,
		.tick_ms = 100,
		.reasons = reasons,
		.run = run,
		.done = done,
		.keep_buffers = FRAGMENTS_BUFFERS,
		.tick = tick};

	nat->ct = xd_ct_create(&opts, err);
	if (nat->ct == NULL)
		return err->code;
	nat->fragments = (struct fragments){.ct = nat->ct, .pass = pass, .ctx = nat};
	if (fragments_start(&nat->fragments, err) < 0)
		return err->code;
	return xd_hook_register(sw, &hook, nat, err);
}

static bool
read_side(const struct appliance *program, struct side *side, const char *word)
{
	return side_read(side, word) ||
	       appliance_wrong(program, word, "IPv4's ADDRESS/BITS, 16 to 30 of them");
}

static bool
read_arguments(const struct appliance *program, struct nat *nat, char **argv)
{
	struct in_addr gateway = {0};

	if (!read_side(program, &nat->inside, argv[2]) ||
		!read_side(program, &nat->outside, argv[4]))
		return false;
	if (((nat->inside.addr ^ nat->outside.addr) & nat->inside.mask & nat->outside.mask) == 0)
		return appliance_wrong(program, argv[4], "another network than inside");
	inet_pton(AF_INET, argv[5], &gateway);
	nat->gateway = ntohl(gateway.s_addr);
	if ((nat->gateway ^ nat->outside.addr) & nat->outside.mask ||
		nat->gateway == nat->outside.addr)
		return appliance_wrong(
			program, argv[5], "another address of the outside's network");
	nat->inside.vlan = INSIDE_VLAN;
	nat->outside.vlan = OUTSIDE_VLAN;
	for (unsigned i = 0; i < 4; i++)
		nat->outside_range.min[i] = (uint8_t)(nat->outside.addr >> (24 - 8 * i));
	memcpy(nat->outside_range.max, nat->outside_range.min, 4);
	return true;
}

static void
print(void *ctx, struct xd_switch *sw)
{
	struct nat *nat = (struct nat *)ctx;
	struct xd_hook_info hook;
	struct xd_ct_stats stats;

	xd_ct_stats(nat->ct, &stats);
	printf("connections and mappings %u\n", stats.connections);
	if (xd_switch_hooks(sw, &hook, 1) >= 1)
		appliance_print_drops(&hook);
}

static const char help[] =
	"Hosts behind the port INSIDE take the first address for their gateway; what they\n"
	"send to others comes from the second, by the port OUTSIDE. GATEWAY is a router there,\n"
	"in the second address's network. BITS are from 16 to 30. SIGUSR1 prints what was\n"
	"counted, SIGINT or SIGTERM ends the program.\n";

int
main(int argc, char **argv)
{
	struct nat *nat = (struct nat *)calloc(1, sizeof(*nat));
	const struct appliance program = {"nat",
		"INSIDE ADDRESS/BITS OUTSIDE ADDRESS/BITS GATEWAY [CORE]", help, nat, print, NULL,
		NULL};
	struct appliance_ports ports = {.apart = true};
	struct xd_switch *sw = NULL;
	struct xd_error err = {0};
	int status = EXIT_FAILURE;

	if (nat == NULL || argc < 6) {
		free(nat);
		return appliance_usage(&program, argv);
	}
	if (!read_arguments(&program, nat, argv) ||
		!appliance_read_core(&program, argv[6], &ports.core)) {
		free(nat);
		return 2;
	}
	ports.inside = argv[1];
	ports.outside = argv[3];
	appliance_block_signals(&program);
	if (xd_memory_start(NULL, &err) < 0)
		goto err_memory;
	sw = appliance_create(&program, &err);
	if (sw && start(nat, sw, &err) == 0 && appliance_configure(sw, "nat", &ports, &err) == 0) {
		appliance_serve(&program, sw);
		status = EXIT_SUCCESS;
	}
	xd_switch_destroy(sw);
	fragments_stop(&nat->fragments);
	xd_ct_destroy(nat->ct);
	xd_memory_stop();
err_memory:
	free(nat);
	return status == EXIT_SUCCESS ? status : appliance_failed(&program, &err);
}
