/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bonds, whose members receive and transmit for them. What comes in by a member is switched as the
 * bond's, and after forward what goes to a bond goes to the member that carries its flow: IEEE
 * 802.1AX, 6.2 (frame collection and distribution).
 */
#include <rte_branch_prediction.h>
#include <rte_hash_crc.h>

#include "bond/lacp.h"
#include "bridge/bridge.h"
#include "bridge/vlan.h"
#include "frame/headers.h"

static inline uint64_t
read64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint32_t
read32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* Of what the frames of a flow have in common, fragments of a datagram among them: addresses, VLAN,
 * IP addresses, and ports only where every frame has them. Read from where it lies: what is put
 * together first in memory would be waited for. */
static uint32_t
flow_hash(struct xd_frame *f)
{
	const uint8_t *data = xd_frame_data(f);
	struct xd_headers h;
	uint64_t vlan;
	uint32_t crc;

	xd_headers_parse(f, &h);
	vlan = h.nb_tags ? h.tci[0] & XD_VLAN_VID_MASK : 0;
	crc = rte_hash_crc_8byte(read64(data), 0);
	crc = rte_hash_crc_8byte(read32(data + 8) | vlan << 32, crc);
	if (h.l3_kind == XD_L3_IPV4) {
		crc = rte_hash_crc_8byte(read64(data + h.l3 + 12), crc);
	} else if (h.l3_kind == XD_L3_IPV6) {
		for (unsigned at = 8; at < 40; at += 8)
			crc = rte_hash_crc_8byte(read64(data + h.l3 + at), crc);
	}
	if (xd_headers_is_segment(&h))
		crc = rte_hash_crc_4byte(read32(data + h.l4), crc);
	/* A CRC of few bits that differ has few bits that differ. */
	return (crc * 0x9e3779b1u) >> 16;
}

/* The next buffer of a full device is for the bond's own frame. */
static __rte_noinline void
drop_full(const struct xd_turn *turn, uint16_t member, uint16_t n)
{
	struct xd_port *port = turn->plan->ports[member]->port;

	xd_drop(&port->drops[xd_port_tx_queue(port, turn->batch->worker)], XD_DROP_RING_FULL, n);
}

static void
distribute(struct xd_turn *turn, const struct xd_plan_port *port, const struct xd_output *output)
{
	const uint32_t waits = __atomic_load_n(&port->bond->waits, __ATOMIC_RELAXED);
	struct xd_output by_member[XD_BOND_MEMBERS];

	for (unsigned m = 0; m < XD_BOND_MEMBERS; m++)
		by_member[m].n = 0;
	for (uint16_t i = 0; i < output->n; i++) {
		uint8_t m = xd_bond_member(port->bond, flow_hash(output->frames[i]));

		/* None is up, or the member has just left: then the bond's own port drops it. */
		if (m < XD_BOND_MEMBERS && port->members[m] != XD_PORT_NONE)
			by_member[m].frames[by_member[m].n++] = output->frames[i];
		else
			xd_drop(&port->port->drops[0], XD_DROP_PORT_DOWN, 1);
	}
	for (unsigned m = 0; m < XD_BOND_MEMBERS; m++) {
		if (likely(!(waits >> m & 1)) || by_member[m].n == 0)
			xd_turn_send(turn, port->members[m], by_member[m].frames, by_member[m].n);
		else
			drop_full(turn, port->members[m], by_member[m].n);
	}
}

void
xd_bridge_bond_out(struct xd_turn *turn)
{
	const uint16_t n = turn->nb_busy;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct xd_plan_port *port = turn->plan->ports[turn->busy[i]];
		struct xd_output *output = &turn->outputs[turn->busy[i]];

		if (likely(!port->bond)) {
			turn->busy[kept++] = turn->busy[i];
			continue;
		}
		distribute(turn, port, output);
		output->n = 0;
	}
	/* Members come behind the ports that were there. */
	memmove(&turn->busy[kept], &turn->busy[n], (turn->nb_busy - n) * sizeof(*turn->busy));
	turn->nb_busy -= n - kept;
}

/* Frames to the bond's own ear, which are among those that were lost to switching. Back pressure
 * may bring one again, which tells nothing new. */
static __rte_noinline void
take_slow(struct xd_turn *turn)
{
	const struct xd_plan_port *bond = turn->in;
	uint16_t kept = 0;

	for (uint16_t i = 0; i < turn->nb_lost; i++) {
		struct xd_lost lost = turn->lost[i];
		struct xd_frame *f = &turn->batch->frames[lost.frame];

		if (lost.reason == XD_DROP_RESERVED_ADDRESS && xd_lacp_is_slow(xd_frame_data(f)))
			lost.reason =
				(uint8_t)bond->driver->slow(bond->port, turn->from->member, f);
		if (lost.reason != XD_DROP_NONE)
			turn->lost[kept++] = lost;
	}
	turn->nb_lost = kept;
}

/* Whether a frame that comes by a member that retires may have been flooded: to a group, and then
 * it comes by the other one too; or one that the bond has sent itself, which its source's being on
 * this side tells. */
static bool
is_flooded(const struct xd_turn *turn, const struct xd_look *src, const struct xd_look *dst)
{
	const uint16_t port = xd_fdb_lookup_from(turn->in->bridge->fdb, src->key, src->first);

	return dst->key == 0 || (port != XD_PORT_NONE && port != turn->in->index);
}

/* By a member that does not receive: nothing counts, or, shortly after frames were sent by it,
 * those that were sent to nobody else. */
static __rte_noinline void
drop_backup(struct xd_turn *turn)
{
	const bool retires = xd_bond_retires(turn->in->bond, turn->from->member);
	uint32_t drop = 0;
	uint16_t look = 0;

	for (uint16_t i = 0; i < turn->n; i++) {
		if (!(turn->repeats >> i & 1))
			look = i;
		if (!retires || is_flooded(turn, &turn->src[look], &turn->dst[look]))
			drop |= 1u << i;
	}
	xd_turn_filter(turn, drop, XD_DROP_BOND_BACKUP);
}

void
xd_bridge_bond_in(struct xd_turn *turn)
{
	if (unlikely(turn->nb_lost))
		take_slow(turn);
	if (unlikely(!xd_bond_receives(turn->in->bond, turn->from->member)))
		drop_backup(turn);
}

void
xd_bridge_bond_own(struct xd_turn *turn)
{
	struct xd_frame *frames = turn->batch->frames;

	turn->n = turn->nb_lost = turn->nb_clones = 0;
	for (uint16_t i = 0; i < turn->batch->n; i++) {
		const uint16_t member = frames[i].member;

		frames[i].route = xd_frame_route(turn->in->index, 0);
		frames[i].member = member;
		if (member == XD_BOND_NONE)
			turn->frames[turn->n++] = &frames[i];
	}
	xd_turn_send(turn, turn->in->index, turn->frames, turn->n);
	xd_bridge_bond_out(turn);
}
