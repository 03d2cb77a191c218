/* SPDX-License-Identifier: BSD-3-Clause */
/* The machines of LACP: lacp.h. Numbers of clauses are those of IEEE 802.1AX-2014. */
#include "bond/lacp.h"

#define PORT_PRIORITY 0x8000
#define SPEED_BITS    6 /* of a key, the lower ones */

static const uint8_t nobody[6];

/* ---- Who is who ---- */

static bool
same_system(const struct xd_lacp_side *a, const struct xd_lacp_side *b)
{
	return !memcmp(a->system, b->system, 6) && a->system_priority == b->system_priority &&
	       a->key == b->key;
}

/* The same port, and in the bits given the same state. */
static bool
same_side(const struct xd_lacp_side *a, const struct xd_lacp_side *b, uint8_t bits)
{
	return same_system(a, b) && a->port == b->port && a->port_priority == b->port_priority &&
	       ((a->state ^ b->state) & bits) == 0;
}

static void
set(struct xd_lacp_member *m, uint8_t bits, bool on)
{
	uint8_t state = (uint8_t)(on ? m->actor.state | bits : m->actor.state & ~bits);

	m->ntt |= state != m->actor.state;
	m->actor.state = state;
}

/* 6.3.5: what cannot be told apart by its speed has the same key, as Linux's bonds have it. */
static uint16_t
speed_bits(uint32_t speed_mbps)
{
	static const uint32_t speeds[] = {10, 100, 1000, 2500, 5000, 10000, 20000, 25000, 40000,
		50000, 56000, 100000, 200000, 400000, 800000};
	unsigned n = 0;

	while (n < sizeof(speeds) / sizeof(speeds[0]) && speed_mbps >= speeds[n])
		n++;
	return (uint16_t)(n << 1 | 1);
}

static void
identify(const struct xd_lacp *lacp, struct xd_lacp_member *m, uint16_t speed_bits)
{
	const struct xd_lacp_config *config = &lacp->config;

	memcpy(m->actor.system, config->system, 6);
	m->actor.system_priority = config->system_priority;
	m->actor.key = (uint16_t)(config->key << SPEED_BITS | speed_bits);
}

void
xd_lacp_join(struct xd_lacp *lacp, unsigned member)
{
	struct xd_lacp_member *m = &lacp->members[member];

	*m = (struct xd_lacp_member){0};
	identify(lacp, m, speed_bits(0));
	m->actor.port_priority = PORT_PRIORITY;
	m->actor.port = (uint16_t)(member + 1);
	m->actor.state = (uint8_t)(XD_LACP_AGGREGATION | XD_LACP_DEFAULTED |
				   (lacp->config.active ? XD_LACP_ACTIVITY : 0) |
				   (lacp->config.fast ? XD_LACP_TIMEOUT : 0));
}

void
xd_lacp_init(struct xd_lacp *lacp, const struct xd_lacp_config *config, unsigned nb_members)
{
	*lacp = (struct xd_lacp){.config = *config, .nb_members = nb_members};
	for (unsigned i = 0; i < nb_members; i++)
		xd_lacp_join(lacp, i);
}

/* ---- Mux machine, 6.4.15 ---- */

static enum xd_lacp_mux
next_mux(const struct xd_lacp_member *m, uint64_t now)
{
	const uint8_t partner = m->partner.state;
	const bool sync = m->selected && (partner & XD_LACP_SYNC);

	switch (m->mux) {
	case XD_LACP_MUX_DETACHED:
		return m->selected ? XD_LACP_MUX_WAITING : m->mux;
	case XD_LACP_MUX_WAITING:
		return !m->selected           ? XD_LACP_MUX_DETACHED
		       : now >= m->wait_until ? XD_LACP_MUX_ATTACHED
					      : m->mux;
	case XD_LACP_MUX_ATTACHED:
		return !m->selected ? XD_LACP_MUX_DETACHED : sync ? XD_LACP_MUX_COLLECTING : m->mux;
	case XD_LACP_MUX_COLLECTING:
		return !sync                            ? XD_LACP_MUX_ATTACHED
		       : (partner & XD_LACP_COLLECTING) ? XD_LACP_MUX_DISTRIBUTING
							: m->mux;
	case XD_LACP_MUX_DISTRIBUTING:
	default:
		return sync && (partner & XD_LACP_COLLECTING) ? m->mux : XD_LACP_MUX_COLLECTING;
	}
}

static void
run_mux(struct xd_lacp_member *m, uint64_t now)
{
	/* From one end of the chain to the other, at most. */
	for (unsigned step = 0; step <= XD_LACP_MUX_DISTRIBUTING; step++) {
		enum xd_lacp_mux next = next_mux(m, now);

		if (next == m->mux)
			return;
		m->mux = next;
		if (next == XD_LACP_MUX_WAITING)
			m->wait_until = now + XD_LACP_WAIT_MS;
		set(m, XD_LACP_SYNC, next >= XD_LACP_MUX_ATTACHED);
		set(m, XD_LACP_COLLECTING, next >= XD_LACP_MUX_COLLECTING);
		set(m, XD_LACP_DISTRIBUTING, next >= XD_LACP_MUX_DISTRIBUTING);
	}
}

/* What the member was selected for holds no more: it is detached first. */
static void
unselect(struct xd_lacp_member *m, uint64_t now)
{
	m->selected = false;
	run_mux(m, now);
}

/* ---- Receive machine, 6.4.12 ---- */

static void
expire(struct xd_lacp_member *m, uint64_t now)
{
	m->heard = XD_LACP_HEARD_LATE;
	m->partner.state = (uint8_t)((m->partner.state & ~XD_LACP_SYNC) | XD_LACP_TIMEOUT);
	m->current_until = now + XD_LACP_SHORT_MS;
	set(m, XD_LACP_EXPIRED, true);
}

static void
forget_partner(struct xd_lacp_member *m, uint64_t now)
{
	m->heard = XD_LACP_HEARD_NEVER;
	m->partner = (struct xd_lacp_side){.state = XD_LACP_TIMEOUT};
	unselect(m, now);
	set(m, XD_LACP_EXPIRED, false);
	set(m, XD_LACP_DEFAULTED, true);
}

static void
run_receive(struct xd_lacp_member *m, uint64_t now)
{
	if (m->heard == XD_LACP_HEARD && now >= m->current_until)
		expire(m, now);
	else if (m->heard == XD_LACP_HEARD_LATE && now >= m->current_until)
		forget_partner(m, now);
}

/* What the partner has selected us for holds no more, should that be another identity than before.
 */
static void
identify_anew(const struct xd_lacp *lacp, struct xd_lacp_member *m, uint16_t bits, uint64_t now)
{
	const struct xd_lacp_side before = m->actor;

	identify(lacp, m, bits);
	if (same_system(&before, &m->actor))
		return;
	m->ntt = true;
	unselect(m, now);
}

void
xd_lacp_configure(struct xd_lacp *lacp, const struct xd_lacp_config *config, uint64_t now)
{
	lacp->config = *config;
	for (unsigned i = 0; i < lacp->nb_members; i++) {
		struct xd_lacp_member *m = &lacp->members[i];

		set(m, XD_LACP_ACTIVITY, config->active);
		set(m, XD_LACP_TIMEOUT, config->fast);
		identify_anew(lacp, m, m->actor.key & ((1 << SPEED_BITS) - 1), now);
	}
}

void
xd_lacp_link(struct xd_lacp *lacp, unsigned member, bool up, uint32_t speed_mbps, uint64_t now)
{
	struct xd_lacp_member *m = &lacp->members[member];

	if (up)
		identify_anew(lacp, m, speed_bits(speed_mbps), now);
	if (up == (m->heard != XD_LACP_HEARD_NOTHING))
		return;
	if (up) {
		m->ntt = true;
		m->periodic_at = now;
		expire(m, now);
		return;
	}
	m->heard = XD_LACP_HEARD_NOTHING;
	m->partner.state &= (uint8_t)~XD_LACP_SYNC;
	unselect(m, now);
}

/* recordPDU, update_Selected and update_NTT of 6.4.9. */
static void
record(struct xd_lacp *lacp, struct xd_lacp_member *m, const struct xd_lacp_pdu *pdu, uint64_t now)
{
	const uint8_t asked =
		XD_LACP_ACTIVITY | XD_LACP_TIMEOUT | XD_LACP_SYNC | XD_LACP_AGGREGATION;
	bool maintained = (pdu->actor.state & XD_LACP_ACTIVITY) ||
			  (m->actor.state & pdu->partner.state & XD_LACP_ACTIVITY);

	if (!same_side(&pdu->actor, &m->partner, XD_LACP_AGGREGATION))
		unselect(m, now);
	m->ntt |= !same_side(&pdu->partner, &m->actor, asked);
	m->partner = pdu->actor;
	if (!maintained || !same_side(&pdu->partner, &m->actor, XD_LACP_AGGREGATION))
		m->partner.state &= (uint8_t)~XD_LACP_SYNC;
	m->heard = XD_LACP_HEARD;
	m->current_until = now + (lacp->config.fast ? XD_LACP_SHORT_MS : XD_LACP_LONG_MS);
	set(m, XD_LACP_EXPIRED | XD_LACP_DEFAULTED, false);
	m->nb_received++;
}

bool
xd_lacp_receive(struct xd_lacp *lacp, unsigned member, const uint8_t *frame, uint32_t len,
	uint64_t now, uint8_t answer[XD_LACP_FRAME])
{
	struct xd_lacp_member *m = &lacp->members[member];
	struct xd_lacp_pdu pdu;

	if (m->heard == XD_LACP_HEARD_NOTHING)
		return false;
	if (xd_lacp_decode(&pdu, frame, len)) {
		record(lacp, m, &pdu, now);
		return false;
	}
	if (xd_lacp_answer_marker(answer, frame, len, lacp->config.system))
		return true;
	m->nb_bad++;
	return false;
}

/* ---- Selection, 6.4.14 ---- */

/* Whether the member could be in an aggregation with its partner at all: not with one that is
 * alone, nor with its own bond. */
static bool
can_aggregate(const struct xd_lacp_member *m)
{
	return (m->heard == XD_LACP_HEARD || m->heard == XD_LACP_HEARD_LATE) &&
	       (m->partner.state & XD_LACP_AGGREGATION) && memcmp(m->partner.system, nobody, 6) &&
	       !same_system(&m->partner, &m->actor);
}

static bool
is_with(const struct xd_lacp_member *m, const struct xd_lacp_side *partner, uint16_t key)
{
	return can_aggregate(m) && same_system(&m->partner, partner) && m->actor.key == key;
}

/* Members that are heard, and whose partner and key these are. */
static unsigned
count_heard(const struct xd_lacp *lacp, const struct xd_lacp_side *partner, uint16_t key)
{
	unsigned n = 0;

	for (unsigned i = 0; i < lacp->nb_members; i++)
		n += lacp->members[i].heard == XD_LACP_HEARD &&
		     is_with(&lacp->members[i], partner, key);
	return n;
}

static void
choose_group(struct xd_lacp *lacp)
{
	unsigned most = 0;

	if (count_heard(lacp, &lacp->group, lacp->group_key))
		return;
	for (unsigned i = 0; i < lacp->nb_members; i++) {
		const struct xd_lacp_member *m = &lacp->members[i];
		unsigned n = count_heard(lacp, &m->partner, m->actor.key);

		if (n <= most)
			continue;
		most = n;
		lacp->group = m->partner;
		lacp->group_key = m->actor.key;
	}
}

/* ---- Periodic transmission, 6.4.13 ---- */

static bool
is_periodic(const struct xd_lacp_member *m)
{
	return m->heard != XD_LACP_HEARD_NOTHING &&
	       ((m->actor.state | m->partner.state) & XD_LACP_ACTIVITY);
}

static uint64_t
next_periodic(const struct xd_lacp_member *m)
{
	return m->periodic_at +
	       (m->partner.state & XD_LACP_TIMEOUT ? XD_LACP_FAST_MS : XD_LACP_SLOW_MS);
}

static void
run_periodic(struct xd_lacp_member *m, uint64_t now)
{
	if (!is_periodic(m)) {
		m->ntt = false;
		m->periodic_at = now;
	} else if (now >= next_periodic(m)) {
		m->ntt = true;
		m->periodic_at = now;
	}
}

/* ---- Transmission, 6.4.16 ---- */

/* The oldest of the last few, which is when the next may be. */
static uint64_t
may_send_at(const struct xd_lacp_member *m)
{
	return m->nb_sent < XD_LACP_BURST
		       ? 0
		       : m->sent_at[m->nb_sent % XD_LACP_BURST] + XD_LACP_FAST_MS;
}

bool
xd_lacp_transmit(struct xd_lacp *lacp, unsigned member, uint64_t now, uint8_t frame[XD_LACP_FRAME])
{
	struct xd_lacp_member *m = &lacp->members[member];

	if (!m->ntt || !is_periodic(m) || now < may_send_at(m))
		return false;
	xd_lacp_encode(frame, &(struct xd_lacp_pdu){m->actor, m->partner});
	m->ntt = false;
	m->sent_at[m->nb_sent++ % XD_LACP_BURST] = now;
	return true;
}

/* ---- All of it ---- */

/* When a member has something to do, as things are. */
static uint64_t
next_event(const struct xd_lacp_member *m)
{
	uint64_t next = UINT64_MAX;

	if (m->heard == XD_LACP_HEARD || m->heard == XD_LACP_HEARD_LATE)
		next = m->current_until;
	if (m->mux == XD_LACP_MUX_WAITING && m->wait_until < next)
		next = m->wait_until;
	if (is_periodic(m) && next_periodic(m) < next)
		next = next_periodic(m);
	if (m->ntt && is_periodic(m) && may_send_at(m) < next)
		next = may_send_at(m);
	return next;
}

uint64_t
xd_lacp_run(struct xd_lacp *lacp, uint64_t now)
{
	uint64_t next = UINT64_MAX, at;

	for (unsigned i = 0; i < lacp->nb_members; i++)
		run_receive(&lacp->members[i], now);
	choose_group(lacp);
	for (unsigned i = 0; i < lacp->nb_members; i++) {
		struct xd_lacp_member *m = &lacp->members[i];

		m->selected = is_with(m, &lacp->group, lacp->group_key);
		run_mux(m, now);
		run_periodic(m, now);
		at = next_event(m);
		next = at < next ? at : next;
	}
	return next;
}

static uint32_t
members_from(const struct xd_lacp *lacp, enum xd_lacp_mux least)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < lacp->nb_members; i++)
		mask |= (uint32_t)(lacp->members[i].mux >= least) << i;
	return mask;
}

uint32_t
xd_lacp_collects(const struct xd_lacp *lacp)
{
	return members_from(lacp, XD_LACP_MUX_COLLECTING);
}

uint32_t
xd_lacp_distributes(const struct xd_lacp *lacp)
{
	return members_from(lacp, XD_LACP_MUX_DISTRIBUTING);
}

bool
xd_lacp_is_alone(const struct xd_lacp *lacp)
{
	unsigned up = 0, alone = 0;

	for (unsigned i = 0; i < lacp->nb_members; i++) {
		up += lacp->members[i].heard != XD_LACP_HEARD_NOTHING;
		alone += lacp->members[i].heard == XD_LACP_HEARD_NEVER;
	}
	return up && up == alone;
}

const char *
xd_lacp_heard_name(enum xd_lacp_heard heard)
{
	static const char *const names[] = {
		[XD_LACP_HEARD_NOTHING] = "disabled",
		[XD_LACP_HEARD_LATE] = "expired",
		[XD_LACP_HEARD_NEVER] = "defaulted",
		[XD_LACP_HEARD] = "current",
	};

	return (unsigned)heard < sizeof(names) / sizeof(*names) ? names[heard] : "unknown";
}

const char *
xd_lacp_state_name(unsigned bit)
{
	static const char *const names[] = {"activity", "timeout", "aggregation", "synchronized",
		"collecting", "distributing", "defaulted", "expired"};

	return bit < sizeof(names) / sizeof(*names) ? names[bit] : NULL;
}
