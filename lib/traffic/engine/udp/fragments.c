/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets in the making: found, filled, complete, given up. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/udp/fragments.h"

#define UNIT       8u /* bytes that a bit stands for */
#define BUFFER     65536u
#define WORDS      (BUFFER / UNIT / 64)
#define IPV4_BYTES (XD_IP_MAX - XD_IP_V4) /* of payload */
#define DISTANCE   4096 /* packets after which an identification is another packet's: of 65536 */

struct packet {
	struct xd_ip_route route; /* MAC addresses do not matter */
	uint8_t protocol;
	bool given_up;         /* it contradicts itself: the rest is waited for and forgotten */
	uint64_t serial;       /* how many began before it */
	uint64_t until;        /* when it is given up */
	uint32_t have, end;    /* bytes; end: of the furthest that came */
	uint32_t total;        /* bytes; 0: not known */
	uint64_t got[WORDS];   /* by unit: it came */
	uint64_t first[WORDS]; /* a fragment begins there */
	uint8_t *bytes;
};

struct xd_fragments {
	unsigned nb_packets, nb_used;
	uint64_t timeouts[2];
	uint64_t begun; /* packets */
	uint64_t next;  /* none is given up before */
	struct xd_fragments_counts counts;
	uint32_t *ids;           /* by packet, apart for the search; of those in use, which come */
	struct packet **packets; /* first, in the order in which they began */
	struct packet *all;
	uint8_t *bytes;
};

/* ---- Bits ---- */

/* Of a word, from unit a on to before b, of which at least one is in it. */
static uint64_t
word_mask(uint32_t word, uint32_t a, uint32_t b)
{
	const uint32_t from = a > word * 64 ? a - word * 64 : 0;
	const uint32_t to = b < word * 64 + 64 ? b - word * 64 : 64;

	return (to == 64 ? UINT64_MAX : (UINT64_C(1) << to) - 1) & ~((UINT64_C(1) << from) - 1);
}

/* How many of the bits a to before b are set. */
static uint32_t
count_bits(const uint64_t *bits, uint32_t a, uint32_t b)
{
	uint32_t n = 0;

	for (uint32_t i = a / 64; i * 64 < b; i++)
		n += (uint32_t)__builtin_popcountll(bits[i] & word_mask(i, a, b));
	return n;
}

static void
set_bits(uint64_t *bits, uint32_t a, uint32_t b)
{
	for (uint32_t i = a / 64; i * 64 < b; i++)
		bits[i] |= word_mask(i, a, b);
}

static bool
is_set(const uint64_t *bits, uint32_t a)
{
	return bits[a / 64] >> a % 64 & 1;
}

/* ---- Packets ---- */

/* The i-th in use is no longer. */
static void
forget(struct xd_fragments *f, unsigned i)
{
	struct packet *p = f->packets[i];

	f->nb_used--;
	memmove(&f->packets[i], &f->packets[i + 1], (f->nb_used - i) * sizeof(f->packets[0]));
	memmove(&f->ids[i], &f->ids[i + 1], (f->nb_used - i) * sizeof(f->ids[0]));
	f->packets[f->nb_used] = p; /* the next to be used: what it had is in the cache */
}

static bool
is_of(const struct packet *p, const struct xd_ip_packet *fragment, uint8_t protocol)
{
	return p->route.v6 == fragment->route.v6 && p->protocol == protocol &&
	       !memcmp(p->route.from, fragment->route.from, XD_IP_ADDRESS) &&
	       !memcmp(p->route.to, fragment->route.to, XD_IP_ADDRESS);
}

/* Its place among those in use, or their number. */
static unsigned
find(struct xd_fragments *f, const struct xd_ip_packet *fragment, uint8_t protocol)
{
	unsigned i = f->nb_used;

	while (i-- > 0)
		if (f->ids[i] == fragment->fragment.id && is_of(f->packets[i], fragment, protocol))
			break;
	if (i < f->nb_used && f->begun - f->packets[i]->serial > DISTANCE) {
		f->counts.timed_out += !f->packets[i]->given_up;
		forget(f, i);
		i = f->nb_used;
	}
	return i < f->nb_used ? i : f->nb_used;
}

static unsigned
begin(struct xd_fragments *f, const struct xd_ip_packet *fragment, uint8_t protocol, uint64_t now)
{
	struct packet *p;

	if (f->nb_used == f->nb_packets) {
		f->counts.pushed += !f->packets[0]->given_up;
		forget(f, 0);
	}
	p = f->packets[f->nb_used];
	p->route = fragment->route;
	p->protocol = protocol;
	p->given_up = false;
	p->serial = f->begun++;
	p->until = now + f->timeouts[fragment->route.v6];
	p->have = p->end = p->total = 0;
	if (p->until < f->next)
		f->next = p->until;
	memset(p->got, 0, sizeof(p->got));
	memset(p->first, 0, sizeof(p->first));
	f->ids[f->nb_used] = fragment->fragment.id;
	return f->nb_used++;
}

void
xd_fragments_expire(struct xd_fragments *f, uint64_t now)
{
	if (now < f->next)
		return;
	f->next = UINT64_MAX;
	for (unsigned i = 0; i < f->nb_used;) {
		if (f->packets[i]->until > now) {
			if (f->packets[i]->until < f->next)
				f->next = f->packets[i]->until;
			i++;
			continue;
		}
		f->counts.timed_out += !f->packets[i]->given_up;
		forget(f, i);
	}
}

/* ---- Fragments ---- */

/* Whether it can be one: RFC 791, page 25; RFC 8200, section 4.5. */
static bool
is_possible(const struct xd_ip_packet *p)
{
	const uint32_t most = p->route.v6 ? XD_IP_MAX : IPV4_BYTES;

	return p->bytes && p->fragment.offset + p->bytes <= most &&
	       (!p->fragment.more || p->bytes % UNIT == 0);
}

enum piece { NEW, AGAIN, CONTRADICTION };

static enum piece
compare(const struct packet *p, const struct xd_ip_fragment *at, uint32_t end)
{
	const uint32_t a = at->offset / UNIT, b = (end + UNIT - 1) / UNIT;
	const uint32_t there = count_bits(p->got, a, b);

	if (at->more ? p->total && end >= p->total : end < p->end || (p->total && end != p->total))
		return CONTRADICTION;
	if (there == 0)
		return NEW;
	/* The same piece: all of it is there, and it begins and ends where one did. */
	return there == b - a && is_set(p->first, a) && count_bits(p->first, a, b) == 1 &&
			       (end == p->end || is_set(p->first, b) || !is_set(p->got, b))
		       ? AGAIN
		       : CONTRADICTION;
}

static void
give_up(struct xd_fragments *f, struct packet *p)
{
	f->counts.overlaps++;
	p->given_up = true;
}

static void
put(struct packet *p, const struct xd_ip_fragment *at, const uint8_t *data, uint32_t bytes)
{
	const uint32_t end = at->offset + bytes;

	memcpy(p->bytes + at->offset, data, bytes);
	set_bits(p->got, at->offset / UNIT, (end + UNIT - 1) / UNIT);
	set_bits(p->first, at->offset / UNIT, at->offset / UNIT + 1);
	p->have += bytes;
	if (end > p->end)
		p->end = end;
	if (!at->more)
		p->total = end;
}

const uint8_t *
xd_fragments_take(struct xd_fragments *f, const struct xd_ip_packet *fragment, uint8_t protocol,
	const uint8_t *data, uint64_t now, uint32_t *bytes)
{
	struct packet *p;
	unsigned i;

	if (!is_possible(fragment)) {
		f->counts.wrong++;
		return NULL;
	}
	xd_fragments_expire(f, now);
	i = find(f, fragment, protocol);
	if (i == f->nb_used)
		i = begin(f, fragment, protocol, now);
	p = f->packets[i];
	if (p->given_up)
		return NULL;
	switch (compare(p, &fragment->fragment, fragment->fragment.offset + fragment->bytes)) {
	case CONTRADICTION:
		give_up(f, p);
		return NULL;
	case AGAIN:
		f->counts.again++;
		return NULL;
	case NEW:
		break;
	}
	put(p, &fragment->fragment, data, fragment->bytes);
	if (p->have != p->total)
		return NULL;
	f->counts.done++;
	*bytes = p->total;
	forget(f, i);
	return p->bytes;
}

/* ---- Begin and end ---- */

unsigned
xd_fragments_pending(const struct xd_fragments *f)
{
	return f->nb_used;
}

const struct xd_fragments_counts *
xd_fragments_counts(const struct xd_fragments *f)
{
	return &f->counts;
}

struct xd_fragments *
xd_fragments_create(unsigned packets, const uint64_t timeouts[2], struct xd_error *err)
{
	struct xd_fragments *f = calloc(1, sizeof(*f));

	if (!f)
		goto err_memory;
	f->nb_packets = packets;
	f->next = UINT64_MAX;
	f->timeouts[0] = timeouts[0];
	f->timeouts[1] = timeouts[1];
	f->ids = calloc(packets, sizeof(*f->ids));
	f->packets = calloc(packets, sizeof(*f->packets));
	f->all = calloc(packets, sizeof(*f->all));
	f->bytes = calloc(packets, BUFFER);
	if (!f->ids || !f->packets || !f->all || !f->bytes)
		goto err_memory;
	for (unsigned i = 0; i < packets; i++) {
		f->packets[i] = &f->all[i];
		f->all[i].bytes = f->bytes + (size_t)i * BUFFER;
	}
	return f;

err_memory:
	xd_fragments_destroy(f);
	xd_fail(err, -ENOMEM, "no memory for fragments");
	return NULL;
}

void
xd_fragments_destroy(struct xd_fragments *f)
{
	if (!f)
		return;
	free(f->ids);
	free(f->packets);
	free(f->all);
	free(f->bytes);
	free(f);
}
