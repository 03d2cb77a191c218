/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What addresses and ports are translated to.
 *
 * A source's translation is a mapping, a record of its own: from an address and port (or ICMP
 * identifier) inside to those outside, whatever the destination (RFC 4787, REQ-1; RFC 5382, REQ-1;
 * RFC 5508, REQ-1), found by either. It lasts while it has connections, counts as one, and no other
 * inside may have its address and port (REQ-3). Hosts keep one address outside (REQ-2), their port
 * if it is free, and whether it is even (REQ-4).
 *
 * Of protocols without ports only addresses are translated, and two hosts of one address outside
 * cannot have a connection with the same remote one.
 */
#include <errno.h>

#include "conntrack/index.h"

#define TRIES        256 /* ports that are looked at */
#define MIN_PORT     1024
#define OUTSIDE_MARK (1ull << 40) /* in the second word of a mapping's tuple outside */

static bool
has_ports(const struct xd_ct_packet *p)
{
	return p->kind == CT_KIND_TCP || p->kind == CT_KIND_UDP || p->kind == CT_KIND_QUERY;
}

/* A number for some bytes of an address, which is the same for all of a table's life. */
static uint64_t
spread(const struct xd_ct *ct, const uint8_t *addr, bool ipv6, uint64_t more)
{
	uint64_t key[2] = {more & 0xffffffffffff, 0}, place;
	uint32_t tag;

	memcpy(key + 1, addr, ipv6 ? 8 : 4);
	if (ipv6) {
		uint64_t low;

		memcpy(&low, addr + 8, sizeof(low));
		key[0] ^= low & 0xffffffffffff;
	}
	ct_hash(ct, key, NULL, &place, &tag);
	return place;
}

static uint64_t
read_be(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

/* One address of a range, by a number. Of IPv6 the lower 64 bits differ. */
static int
address_of(const struct xd_ct_range *range, bool ipv6, uint64_t by, uint8_t addr[16])
{
	const unsigned at = ipv6 ? 8 : 0, bytes = ipv6 ? 8 : 4;
	const uint64_t min = read_be(range->min + at, bytes), max = read_be(range->max + at, bytes);
	uint64_t value = min;

	if (min > max || memcmp(range->min, range->max, at) != 0)
		return -EINVAL;
	if (max - min != UINT64_MAX)
		value += by % (max - min + 1);
	memcpy(addr, range->min, 16);
	for (unsigned i = bytes; i-- > 0; value >>= 8)
		addr[at + i] = (uint8_t)value;
	return 0;
}

/* A tuple of a mapping: one endpoint, and what tells it from others. */
static void
mapping_tuple(const struct xd_ct *ct, const struct xd_ct_packet *p, const uint8_t *addr,
	uint16_t port, uint64_t second, struct ct_lookup *l, uint8_t copy[32])
{
	const uint64_t class = (p->key[0] >> 56 & CT_CLASS_IPV6) | CT_CLASS_MAPPING |
			       (p->key[0] >> 56 & CT_CLASS_ICMP & ~(uint64_t)CT_CLASS_ASKER);
	uint32_t word = 0;

	memset(copy, 0, 32);
	if (ct_key_is_ipv6(p->key))
		memcpy(copy, addr, 16);
	else
		memcpy(&word, addr, 4);
	*l = (struct ct_lookup){.addr = copy,
		.key = {word | (uint64_t)port << 32 | (uint64_t)ct_key_proto(p->key) << 48 |
				class << 56,
			second | (uint64_t)p->zone << 48}};
	ct_hash(ct, l->key, copy, &l->place, &l->tag);
}

void
xd_ct_mapping_release(struct xd_ct *ct, uint32_t mapping)
{
	if (__atomic_sub_fetch(&ct->infos[mapping].users, 1, __ATOMIC_ACQ_REL) == 0)
		xd_ct_kill(ct, mapping, NULL);
}

/* One that nobody uses any more is about to end. */
static bool
acquire(struct xd_ct *ct, uint32_t mapping)
{
	uint32_t users = ct_load(&ct->infos[mapping].users);

	while (users && !__atomic_compare_exchange_n(&ct->infos[mapping].users, &users, users + 1,
				false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	return users != 0;
}

static void
fill_mapping(
	struct xd_ct *ct, uint32_t conn, const struct ct_lookup *in, const struct ct_lookup *out)
{
	struct ct_conn *c = &ct->conns[conn];

	memcpy(c->key[0], in->key, sizeof(c->key[0]));
	memcpy(c->key[1], out->key, sizeof(c->key[1]));
	memcpy(ct->addresses[conn].of[0], in->addr, 32);
	memcpy(ct->addresses[conn].of[1], out->addr, 32);
	ct_store(&c->flags, CT_TRANSLATED | CT_MAPPING);
	ct->infos[conn].mapping = CT_NONE;
	ct_store(&ct->infos[conn].users, 1);
}

/* 0; -EEXIST: the inside has a mapping already; -EADDRINUSE; -ENOSPC. */
static int
publish(struct xd_ct *ct, uint32_t conn, const struct ct_lookup *in, const struct ct_lookup *out,
	uint64_t now_ms)
{
	uint32_t flags;
	int rc = 0, d;

	xd_ct_lock(ct, in, out);
	if (xd_ct_find(ct, in, now_ms, &flags, &d))
		rc = -EEXIST;
	else if (xd_ct_find(ct, out, now_ms, &flags, &d))
		rc = -EADDRINUSE;
	else if (!xd_ct_insert(ct, in, conn) || !xd_ct_insert(ct, out, conn))
		rc = -ENOSPC;
	else
		__atomic_store_n(&ct->conns[conn].flags, CT_TRANSLATED | CT_MAPPING | CT_LIVE,
			__ATOMIC_RELEASE);
	xd_ct_unlock(ct, in, out);
	return rc;
}

/* Which ports there are, and from where they are tried. */
struct ports {
	uint32_t first, n, from;
	uint16_t own; /* host's order */
	bool parity;
};

static int
ports_of(const struct xd_ct *ct, const struct xd_ct_packet *p, const struct xd_ct_range *range,
	const struct xd_ct_tuple *t, struct ports *ports)
{
	*ports = (struct ports){.first = range->min_port,
		.n = (uint32_t)range->max_port - range->min_port + 1,
		.own = __builtin_bswap16(t->src_port),
		.parity = p->kind == CT_KIND_UDP};
	if (range->min_port == 0 && range->max_port == 0) {
		ports->first = p->kind == CT_KIND_QUERY ? 0 : MIN_PORT;
		ports->n = 65536 - ports->first;
	} else if (range->min_port == 0 || range->max_port < range->min_port) {
		return -EINVAL;
	}
	ports->from =
		(uint32_t)(spread(ct, t->src, t->ipv6, (uint64_t)t->src_port << 32) % ports->n);
	return 0;
}

/* The next that may be tried, in the order of wishes; 65536: not this time. */
static uint32_t
port_of(const struct ports *ports, unsigned attempt)
{
	uint32_t port;

	if (attempt == 0)
		return ports->own >= ports->first && ports->own - ports->first < ports->n
			       ? ports->own
			       : 65536;
	port = ports->first + (ports->from + attempt - 1) % ports->n;
	if (ports->parity && attempt < TRIES / 2 && ((port ^ ports->own) & 1))
		return 65536;
	return port;
}

/* A new mapping's outside; its record is made when one is free that nobody has. */
static int
make_mapping(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	const struct ct_lookup *in, const uint8_t outside[16], const struct ports *ports,
	uint64_t now_ms, uint32_t *mapping)
{
	for (unsigned attempt = 0; attempt < TRIES; attempt++) {
		const uint32_t port = port_of(ports, attempt);
		struct ct_lookup out;
		uint32_t flags, conn;
		uint8_t copy[32];
		int d, rc;

		if (port > UINT16_MAX)
			continue;
		mapping_tuple(ct, p, outside, __builtin_bswap16((uint16_t)port), OUTSIDE_MARK, &out,
			copy);
		if (xd_ct_find(ct, &out, now_ms, &flags, &d))
			continue;
		conn = xd_ct_take(ct, worker, now_ms, CT_NEVER_MS);
		if (conn == CT_NONE)
			return -ENOSPC;
		fill_mapping(ct, conn, in, &out);
		rc = publish(ct, conn, in, &out, now_ms);
		if (rc) {
			xd_ct_abandon(ct, conn);
			if (rc == -EADDRINUSE)
				continue;
			return rc;
		}
		*mapping = conn;
		return 0;
	}
	return -EADDRINUSE;
}

/* Finds or makes the mapping of a packet's source, and has it used. */
static int
get_mapping(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	const struct xd_ct_tuple *t, const struct xd_ct_range *range, uint64_t now_ms,
	uint32_t *mapping)
{
	struct ct_lookup in;
	struct ports ports;
	uint8_t outside[16], copy[32];
	uint32_t flags;
	int d, rc;

	rc = address_of(range, t->ipv6, spread(ct, t->src, t->ipv6, 0), outside);
	if (rc == 0)
		rc = ports_of(ct, p, range, t, &ports);
	if (rc)
		return rc;
	/* Sources of several ranges are several mappings. */
	mapping_tuple(ct, p, t->src, t->src_port,
		(uint32_t)spread(ct, outside, t->ipv6, ports.first << 16 | ports.n), &in, copy);
	for (unsigned attempt = 0; attempt < 4; attempt++) {
		*mapping = xd_ct_find(ct, &in, now_ms, &flags, &d);
		if (*mapping && acquire(ct, *mapping))
			return 0;
		/* Another worker was faster, or one that ends is still there. */
		rc = make_mapping(ct, worker, p, &in, outside, &ports, now_ms, mapping);
		if (rc != -EEXIST)
			return rc;
	}
	return -EADDRINUSE;
}

static int
source_of(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	const struct xd_ct_range *range, uint64_t now_ms, struct xd_ct_tuple *to, uint32_t *mapping)
{
	const struct xd_ct_tuple t = *to;
	struct xd_ct_tuple outside;
	int rc;

	if (!has_ports(p))
		return address_of(range, t.ipv6, spread(ct, t.src, t.ipv6, 0), to->src);
	rc = get_mapping(ct, worker, p, &t, range, now_ms, mapping);
	if (rc)
		return rc;
	xd_ct_tuple_of(ct->conns[*mapping].key[1], ct->addresses[*mapping].of[1], false, &outside);
	memcpy(to->src, outside.src, sizeof(to->src));
	to->src_port = outside.src_port;
	return 0;
}

/* The same source goes to the same destination. */
static int
destination_of(const struct xd_ct *ct, const struct xd_ct_packet *p,
	const struct xd_ct_range *range, struct xd_ct_tuple *to)
{
	const uint64_t by = spread(ct, to->src, to->ipv6, 0);

	if (range->max_port && (range->min_port == 0 || range->max_port < range->min_port))
		return -EINVAL;
	if (range->max_port && (p->kind == CT_KIND_TCP || p->kind == CT_KIND_UDP))
		to->dst_port = __builtin_bswap16(
			(uint16_t)(range->min_port +
				   (by >> 32) % (uint32_t)(range->max_port - range->min_port + 1)));
	return address_of(range, to->ipv6, by & UINT32_MAX, to->dst);
}

int
xd_ct_translated(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p,
	const struct xd_ct_commit *c, uint64_t now_ms, struct ct_lookup *l, uint8_t addr[32],
	uint32_t *mapping)
{
	struct ct_endpoints e;
	struct xd_ct_tuple to;
	int rc = 0;

	xd_ct_tuple_of(p->key, p->addr, p->swapped, &to);
	if (c->dst)
		rc = destination_of(ct, p, c->dst, &to);
	if (rc == 0 && c->src)
		rc = source_of(ct, worker, p, c->src, now_ms, &to, mapping);
	if (rc)
		return rc;
	/* What comes back. An answer to ICMP has the asker's identifier twice. */
	e = (struct ct_endpoints){.src = to.dst,
		.dst = to.src,
		.src_port = p->kind == CT_KIND_QUERY ? to.src_port : to.dst_port,
		.dst_port = to.src_port,
		.zone = to.zone,
		.proto = to.proto,
		.class = (uint8_t)(p->key[0] >> 56 & CT_CLASS_ICMP & ~CT_CLASS_ASKER),
		.ipv6 = to.ipv6};
	*l = (struct ct_lookup){.addr = addr};
	l->swapped = xd_ct_canonical(&e, l->key, addr);
	if (p->kind == CT_KIND_QUERY && !l->swapped)
		l->key[0] |= (uint64_t)CT_CLASS_ASKER << 56;
	ct_hash(ct, l->key, addr, &l->place, &l->tag);
	return 0;
}

int
xd_ct_inside(struct xd_ct *ct, unsigned worker, const struct xd_ct_packet *p, uint64_t now_ms,
	struct xd_ct_range *inside)
{
	struct xd_ct_tuple t;
	struct ct_lookup l;
	uint8_t copy[32];
	uint32_t conn, flags;
	int d;

	if (p->state != XD_CT_NEW || !has_ports(p))
		return -ENOENT;
	xd_ct_tuple_of(p->key, p->addr, p->swapped, &t);
	mapping_tuple(ct, p, t.dst, t.dst_port, OUTSIDE_MARK, &l, copy);
	ct_enter(ct, worker);
	conn = xd_ct_find(ct, &l, now_ms, &flags, &d);
	if (conn) {
		xd_ct_tuple_of(ct->conns[conn].key[0], ct->addresses[conn].of[0], false, &t);
		*inside = (struct xd_ct_range){0};
		memcpy(inside->min, t.src, sizeof(t.src));
		memcpy(inside->max, t.src, sizeof(t.src));
		inside->min_port = inside->max_port = __builtin_bswap16(t.src_port);
	}
	ct_leave(ct, worker);
	return conn ? 0 : -ENOENT;
}
