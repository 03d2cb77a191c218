/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan: the configuration as workers see it. It says which receive queues each worker polls,
 * which ports are in which bridge, and what is to be done with frames from and to each port.
 *
 * A plan never changes once workers can see it. Control builds a new one, publishes the pointer,
 * waits until every worker has left the turn it was in, and frees the old one. The exception is
 * waits_for, wait_since_tsc and watched_fd of each queue, which its worker writes.
 */
#ifndef XD_BRIDGE_PLAN_H
#define XD_BRIDGE_PLAN_H

#include "bond/bond.h"
#include "bridge/hooks.h"
#include "fdb/fdb.h"
#include "frame/frame.h"
#include "mirror.h"
#include "port/port.h"
#include "stats/rmon.h"

struct xd_plan_bridge {
	struct xd_fdb *fdb;
	uint16_t nb_members;
	uint16_t *members; /* port indices */
	/* Its mirrors follow each other in the plan's. */
	uint16_t first_mirror, nb_mirrors;
	uint64_t *unlearned; /* VLANs in which nothing is learned, one bit each; NULL: none */
	bool any_cvlans;     /* a member has some: frames of a VLAN may be flooded differently */
};

struct xd_plan_mirror {
	uint64_t src[XD_MAX_PORTS / 64]; /* ports whose frames are copied as they come, by index, */
	uint64_t dst[XD_MAX_PORTS / 64]; /* and as they leave, */
	bool all_vlans;
	uint64_t vlans[64];   /* in these VLANs, unless in all */
	uint32_t snaplen;     /* bytes of a copy at most; UINT32_MAX: all */
	uint16_t output_vlan; /* XD_VLAN_NONE: copies stay in the frame's VLAN */
	bool untag;           /* then: without a tag whichever that is */
	/* Ports that the copies leave by, by index; of output_vlan, first those with a tag. */
	uint16_t nb_tagged, nb_ports;
	const uint16_t *ports;
	struct xd_mirror_counters *counters; /* by worker */
};

struct xd_plan_port {
	struct xd_port *port;
	const struct xd_driver *driver;
	const struct xd_plan_bridge *bridge;
	uint16_t index;
	uint16_t pvid;          /* the VLAN of frames that come untagged; XD_VLAN_NONE: refused */
	uint16_t untagged_vlan; /* the VLAN whose frames leave untagged; XD_VLAN_NONE: none */
	bool coalesces;         /* see config.coalesce; the driver has `takes` */
	/* Of an access port for all that a customer sends, with tags or not (dot1q-tunnel): */
	bool tunnel;
	bool service;        /* tags of its VLAN are 802.1ad's */
	uint64_t tagged[64]; /* VLANs that pass with a tag, one bit each */
	/* The sources that frames from the port may have, as in xd_fdb_key in VLAN 0; none: any. */
	uint16_t nb_macs;
	uint64_t macs[XD_PORT_MACS];
	/* While its ring is full, frames for it stay in the sender's for so long at most; 0: they
	 * are dropped. The driver has `room`. */
	uint32_t wait_us;
	struct xd_rmon *rmon; /* by worker; NULL: not counted */
	bool polices_in;      /* it limits something that comes in by it */
	struct xd_policer_rates policers[XD_POLICERS];
	/* Of a bond: which of its members carries what, and their indices. NULL: it is none. */
	const struct xd_bond *bond;
	uint16_t members[XD_BOND_MEMBERS];
	/* Of a member: its bond, and its number in it. */
	const struct xd_plan_port *member_of;
	uint8_t member;
	struct xd_hook_list in_hooks, out_hooks;
	uint64_t leave_tsc; /* hooks leave frames with the port's sender for so long at most */
	const struct xd_plan_port *peer; /* of a patch port, in another bridge; NULL: none */
	bool mirror_output;              /* mirrors' copies leave by it, and nothing else */
	/* Of a tunnel: its VLAN, and the customer's VLANs that pass, one bit each, 0 without a tag;
	 * NULL: all. If some do not, untagged_vlan is XD_VLAN_NONE: each frame is looked at. */
	uint16_t tunnel_vlan;
	const uint64_t *cvlans;
	/* As it was configured: what stages read of it once a turn needs no member above. */
	struct xd_port_config config;
};

struct xd_plan_queue {
	const struct xd_plan_port *port;
	const struct xd_plan_port *in; /* the port that its frames are switched as: its bond */
	uint16_t queue;
	/* Written by the worker that owns the queue. Back pressure: the index of the full port that
	 * the queue's first frame waits for. */
	uint16_t waits_for;
	int watched_fd;          /* in the set that it sleeps on; -1: none */
	uint64_t wait_since_tsc; /* since when the first frame waits; 0: it does not */
};

struct xd_plan_worker {
	unsigned nb_queues;
	struct xd_plan_queue *queues;
	bool can_sleep;    /* every queue has a descriptor to sleep on */
	bool poll;         /* never sleep */
	uint64_t spin_tsc; /* without a frame for so long, sleep */
	uint64_t ticks;    /* hooks whose tick it calls, a bit each by their index, */
	uint64_t drains;   /* and those that it does only while the hook has kept frames */
};

struct xd_plan {
	uint64_t number; /* no other that was published has it */
	bool any_waits;  /* frames may be left with their sender: a port has wait_us, or a hook */
	bool any_bonds;
	bool any_hooks;
	bool watched;                      /* there are hooks or mirrors */
	struct xd_hook_slot *const *hooks; /* by index: those that a port has are there */
	bool any_patches;
	bool any_police_out;                      /* a port limits what leaves by it */
	uint32_t slow_us;                         /* the least of any port's */
	struct xd_plan_port *ports[XD_MAX_PORTS]; /* by index; NULL: none */
	unsigned nb_bridges;
	struct xd_plan_bridge *bridges;
	unsigned nb_mirrors;
	struct xd_plan_mirror *mirrors;
	struct xd_plan_worker workers[XD_MAX_WORKERS];
	/* Control's: what the pointers above point into. */
	struct xd_plan_port *port_memory;
	uint16_t *member_memory;
	uint16_t *mirror_memory;
	uint64_t *vlan_memory;
	struct xd_plan_queue *queue_memory;
};

static inline bool
xd_plan_port_tagged(const struct xd_plan_port *port, uint16_t vlan)
{
	return port->tagged[vlan / 64] >> (vlan % 64) & 1;
}

static inline bool
xd_plan_port_allows(const struct xd_plan_port *port, uint64_t source)
{
	for (uint16_t i = 0; i < port->nb_macs; i++) {
		if (port->macs[i] == source)
			return true;
	}
	return port->nb_macs == 0;
}

/* Whether a customer's VLAN (0: none) passes a tunnel. */
static inline bool
xd_plan_port_has_customer(const struct xd_plan_port *port, uint16_t vlan)
{
	return !port->cvlans || (port->cvlans[vlan / 64] >> (vlan % 64) & 1);
}

/* What a frame from the port is that comes untagged. */
static inline uint64_t
xd_plan_port_route(const struct xd_plan_port *port)
{
	return xd_frame_route(port->index, port->pvid) |
	       (port->service ? XD_FRAME_ROUTE_SERVICE : 0);
}

#endif
